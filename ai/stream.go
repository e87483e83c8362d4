package ai

import (
	"iter"
	"math/rand/v2"
	"strings"
)

const contentEvents = "text/event-stream"

var eventDone = []byte("data: [DONE]\n\n")

// event frames v as one server-sent event.
func event(v any) []byte {
	body, err := encodeJSON(v)
	if err != nil { // only values of this package come here, and all of them encode
		return nil
	}
	return append(append([]byte("data: "), body...), '\n', '\n')
}

type responseEvent struct {
	Response  string     `json:"response"`
	ToolCalls []toolCall `json:"tool_calls"`
	P         string     `json:"p,omitempty"`
	Usage     *Usage     `json:"usage,omitempty"`
}

// responseStream is a streamed answer of the response family: one event a
// token, each padded with p to a random length, then the usage.
// https://developers.cloudflare.com/workers-ai/features/streaming/
func responseStream(req *textRequest, done *completion) *Answer {
	frames := func(yield func([]byte) bool) {
		rng := req.random()
		for piece := range done.pieces() {
			if !yield(event(responseEvent{Response: piece, ToolCalls: []toolCall{}, P: padding(rng)})) {
				return
			}
		}
		if done.finish == finishError {
			return // the backend broke off: the end must not look like one
		}
		calls := done.calls
		if calls == nil {
			calls = []toolCall{}
		}
		if yield(event(responseEvent{ToolCalls: calls, Usage: &done.usage})) {
			yield(eventDone)
		}
	}
	return streamAnswer(frames, done)
}

func streamAnswer(frames iter.Seq[[]byte], done *completion) *Answer {
	return &Answer{ContentType: contentEvents, Stream: frames, Usage: done.usage, Source: done.source, pace: done.pace}
}

// padding hides the length of a token from whoever watches the wire.
func padding(rng *rand.Rand) string {
	return strings.Repeat("abdefghijklmnopqrstuvwxyz0123456789", 2)[:1+rng.IntN(50)]
}
