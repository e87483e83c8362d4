package ai

import (
	"flint/ai/inference"
)

type responseEvent struct {
	Response  string               `json:"response"`
	ToolCalls []inference.ToolCall `json:"tool_calls"`
	P         string               `json:"p,omitempty"`
	Usage     *inference.Usage     `json:"usage,omitempty"`
}

// responseStream is a streamed answer of the response family: one event a
// token, each padded with p to a random length, then the usage.
// https://developers.cloudflare.com/workers-ai/features/streaming/
func responseStream(req *inference.TextRequest, done *inference.Completion) *inference.Answer {
	frames := func(yield func([]byte) bool) {
		rng := req.Random()
		for piece := range done.Pieces() {
			if !yield(inference.Event(responseEvent{Response: piece, ToolCalls: []inference.ToolCall{}, P: inference.Padding(rng)})) {
				return
			}
		}
		if done.FinishReason == inference.FinishError {
			return // an early end must not look like a complete answer
		}
		calls := done.Calls
		if calls == nil {
			calls = []inference.ToolCall{}
		}
		if yield(inference.Event(responseEvent{ToolCalls: calls, Usage: &done.Usage})) {
			yield(inference.EventDone)
		}
	}
	return inference.StreamAnswer(frames, done)
}
