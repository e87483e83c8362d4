package inference

import (
	"encoding/json"
	"slices"
)

// Reasons why an answer ended, in the words of the chat completions API.
const (
	FinishStop   = "stop"
	FinishLength = "length"
	FinishTools  = "tool_calls"
	FinishError  = "error" // flint's own: a backend broke off
)

// Where an answer came from, beside the names of scripts.
const (
	SourceGenerator = "generator"
	SourceRecording = "recording"
	SourceBackend   = "backend"
)

// Completion is what the engine said to a textRequest.
type Completion struct {
	Text    string          // what the model says; in JSON mode the object's text
	Object  json.RawMessage // JSON mode's object, else nil
	Calls   []ToolCall
	Finish  string
	Usage   Usage
	Source  string
	Scripts []string                      // pieces that a script streams, instead of tokens
	Live    func(yield func(string) bool) // pieces as a backend sends them; then text, calls, finish and usage are set
	Pace    *Pacer
}

// Pieces are what a stream of the answer is made of. Joined they are the text.
func (c *Completion) Pieces() func(yield func(string) bool) {
	switch {
	case c.Live != nil:
		return c.Live
	case c.Scripts != nil:
		return slices.Values(c.Scripts)
	}
	return Pieces(c.Text)
}

// Count fills in the usage, unless whoever answered said it.
func (c *Completion) Count(req *TextRequest) {
	if c.Usage != (Usage{}) || c.Live != nil {
		return
	}
	for _, t := range req.Turns {
		c.Usage.PromptTokens += CountTokens(t.Content) + 4 // the chat template's marks around a message
	}
	c.Usage.CompletionTokens = CountTokens(c.Text)
	for _, call := range c.Calls {
		c.Usage.CompletionTokens += CountTokens(call.Name) + CountTokens(string(call.Arguments))
	}
	c.Usage.TotalTokens = c.Usage.PromptTokens + c.Usage.CompletionTokens
}
