package ai

import (
	"encoding/json"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Reasons why an answer ended, in the words of the chat completions API.
const (
	finishStop   = "stop"
	finishLength = "length"
	finishTools  = "tool_calls"
	finishError  = "error" // flint's own: a backend broke off
)

// Where an answer came from, beside the names of scripts.
const (
	sourceGenerator = "generator"
	sourceRecording = "recording"
	sourceBackend   = "backend"
)

// completion is what the engine said to a textRequest.
type completion struct {
	text    string          // what the model says; in JSON mode the object's text
	object  json.RawMessage // JSON mode's object, else nil
	calls   []toolCall
	finish  string
	usage   Usage
	source  string
	scripts []string                      // pieces that a script streams, instead of tokens
	live    func(yield func(string) bool) // pieces as a backend sends them; then text, calls, finish and usage are set
	pace    *pacer
}

// pieces are what a stream of the answer is made of. Joined they are the text.
func (c *completion) pieces() func(yield func(string) bool) {
	switch {
	case c.live != nil:
		return c.live
	case c.scripts != nil:
		return slices.Values(c.scripts)
	}
	return pieces(c.text)
}

// complete answers from the first of scripts, recordings and the backend that
// has an answer, else generates one.
//
// max_tokens cuts prose. A generated JSON answer is made shorter (fewer array
// elements) instead, down to one element each, because half a JSON object is of
// no use to anyone. A scripted answer is given whole.
func (m *Models) complete(req *textRequest) (*completion, error) {
	if !req.seeded {
		req.seed = m.seed
	}
	for _, answer := range []func(*textRequest) (*completion, error){m.fromScripts, m.fromRecordings, m.fromBackend, m.fromGenerator} {
		done, err := answer(req)
		if err != nil {
			return nil, err
		}
		if done != nil {
			done.count(req)
			if done.live == nil {
				done.pace = m.pacer(req.context())
			}
			return done, nil
		}
	}
	return nil, errors.New("ai: the generator gave no answer")
}

func (m *Models) fromGenerator(req *textRequest) (*completion, error) {
	if m.strict {
		return nil, m.noScript(req.asked())
	}
	done, err := generate(req)
	if err == nil {
		done.source = sourceGenerator
	}
	return done, err
}

// count fills in the usage, unless whoever answered said it.
func (c *completion) count(req *textRequest) {
	if c.usage != (Usage{}) || c.live != nil {
		return
	}
	for _, t := range req.turns {
		c.usage.PromptTokens += countTokens(t.Content) + 4 // the chat template's marks around a message
	}
	c.usage.CompletionTokens = countTokens(c.text)
	for _, call := range c.calls {
		c.usage.CompletionTokens += countTokens(call.Name) + countTokens(string(call.Arguments))
	}
	c.usage.TotalTokens = c.usage.PromptTokens + c.usage.CompletionTokens
}

// random is the source of every choice for this request.
func (r *textRequest) random() *rand.Rand {
	h := fnv.New64a()
	write := func(s string) { h.Write([]byte(s)); h.Write([]byte{0}) }
	write(r.model)
	for _, t := range r.turns {
		write(t.Role)
		write(t.Content)
	}
	if r.format != nil {
		write(string(r.format.Schema))
	}
	write(strconv.FormatInt(r.seed, 10))
	return rand.New(rand.NewPCG(h.Sum64(), 0x666c696e74))
}

// pieces cuts text into what stands for tokens: up to six letters or digits
// with the space before them, or one other character. Joined they are the text.
func pieces(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := pieceLength(text)
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

func pieceLength(text string) int {
	n := 0
	if text[0] == ' ' && len(text) > 1 {
		n = 1
	}
	letters := 0
	for letters < 6 && n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			break
		}
		n += size
		letters++
	}
	if letters == 0 {
		_, size := utf8.DecodeRuneInString(text[n:])
		n += size
	}
	return n
}

func countTokens(text string) int {
	n := 0
	for range pieces(text) {
		n++
	}
	return n
}

// cut shortens text to limit tokens and reports whether it had to.
func cut(text string, limit int) (string, bool) {
	n, used := 0, 0
	for piece := range pieces(text) {
		if n == limit {
			return text[:used], true
		}
		n++
		used += len(piece)
	}
	return text, false
}
