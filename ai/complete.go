package ai

import (
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Reasons why an answer ended, in the words of the chat completions API.
const (
	finishStop   = "stop"
	finishLength = "length"
	finishTools  = "tool_calls"
)

const sourceGenerator = "generator"

// completion is what the engine said to a textRequest.
type completion struct {
	text   string          // what the model says; in JSON mode the object's text
	object json.RawMessage // JSON mode's object, else nil
	calls  []toolCall
	finish string
	usage  Usage
	source string
}

// complete answers from the first script that matches, else generates.
//
// max_tokens cuts prose. A generated JSON answer is made shorter (fewer array
// elements) instead, down to one element each, because half a JSON object is of
// no use to anyone. A scripted answer is given whole.
func (m *Models) complete(req *textRequest) (*completion, error) {
	done, err := m.fromScripts(req)
	if err != nil {
		return nil, err
	}
	if done == nil {
		if done, err = generate(req); err != nil {
			return nil, err
		}
		done.source = sourceGenerator
	}
	for _, t := range req.turns {
		done.usage.PromptTokens += countTokens(t.Content) + 4 // the chat template's marks around a message
	}
	done.usage.CompletionTokens = countTokens(done.text)
	for _, c := range done.calls {
		done.usage.CompletionTokens += countTokens(c.Name) + countTokens(string(c.Arguments))
	}
	done.usage.TotalTokens = done.usage.PromptTokens + done.usage.CompletionTokens
	return done, nil
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
