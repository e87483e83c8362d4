package providers

import (
	"encoding/json"

	"flint/ai/inference"
)

// messageStream is a message as Anthropic streams it: its start, each block
// with its pieces, why it stopped, its end. Tool calls and usage
// are known only after the text of a backend has been streamed.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming
func messageStream(req *inference.TextRequest, done *inference.Completion) *inference.Answer {
	frames := func(yield func([]byte) bool) {
		var send sender = func(name string, v map[string]any) bool {
			v["type"] = name
			return yield(namedEvent(name, v))
		}
		start := *anthropicMessage(req, done)
		saysText := len(start.Content) > 0 && start.Content[0].Type == "text"
		start.Content, start.StopReason, start.Usage.Output = []block{}, nil, 1
		if !send("message_start", map[string]any{"message": start}) || !send("ping", map[string]any{}) {
			return
		}
		if saysText && !sendText(send, done) || brokeOff(done) {
			return
		}
		m := anthropicMessage(req, done)
		first := 0
		if saysText {
			first = 1
		}
		for _, b := range m.Content {
			if b.Type != "text" {
				if !sendTool(send, first, b) {
					return
				}
				first++
			}
		}
		if send("message_delta", map[string]any{"delta": map[string]any{"stop_reason": m.StopReason, "stop_sequence": nil}, "usage": m.Usage}) {
			send("message_stop", map[string]any{})
		}
	}
	return inference.StreamAnswer(frames, done)
}

// sendText sends the text as the first block.
func sendText(send sender, done *inference.Completion) bool {
	empty := ""
	if !send("content_block_start", map[string]any{"index": 0, "content_block": block{Type: "text", Text: &empty}}) {
		return false
	}
	for piece := range done.Pieces() {
		if !send("content_block_delta", map[string]any{"index": 0, "delta": map[string]string{"type": "text_delta", "text": piece}}) {
			return false
		}
	}
	return send("content_block_stop", map[string]any{"index": 0})
}

// sendTool sends one tool call, its arguments in pieces.
func sendTool(send sender, index int, b block) bool {
	arguments := string(b.Input)
	b.Input = json.RawMessage("{}")
	if !send("content_block_start", map[string]any{"index": index, "content_block": b}) {
		return false
	}
	for piece := range inference.Pieces(arguments) {
		if !send("content_block_delta", map[string]any{"index": index, "delta": map[string]string{"type": "input_json_delta", "partial_json": piece}}) {
			return false
		}
	}
	return send("content_block_stop", map[string]any{"index": index})
}
