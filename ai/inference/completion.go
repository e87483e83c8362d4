package inference

import (
	"encoding/json"
	"slices"
)

// Finish reasons, spelled as the chat completions API spells them.
const (
	FinishStop   = "stop"
	FinishLength = "length"
	FinishTools  = "tool_calls"
	FinishError  = "error" // flint's own: the stream of a backend ended early
)

// Sources of an answer. An answer of a script has the script's file and name instead.
const (
	SourceGenerator = "generator"
	SourceRecording = "recording"
	SourceBackend   = "backend"
)

// Completion is the result of a TextRequest, whatever API it came in by.
type Completion struct {
	Text           string          // the generated text; in JSON mode the object's JSON
	Object         json.RawMessage // JSON mode's object, else nil
	Calls          []ToolCall
	FinishReason   string
	Usage          Usage
	Source         string
	ScriptedPieces []string                      // pieces that a script streams, instead of tokens
	LivePieces     func(yield func(string) bool) // pieces as a backend sends them; then text, calls, finish and usage are set
	Pace           *Pacer
}

// Pieces are the parts in which the text is streamed. Joined they are the text.
func (c *Completion) Pieces() func(yield func(string) bool) {
	switch {
	case c.LivePieces != nil:
		return c.LivePieces
	case c.ScriptedPieces != nil:
		return slices.Values(c.ScriptedPieces)
	}
	return Pieces(c.Text)
}

// FillUsage counts the tokens of prompt and completion, unless the source of the answer reported them.
func (c *Completion) FillUsage(req *TextRequest) {
	if c.Usage != (Usage{}) || c.LivePieces != nil {
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
