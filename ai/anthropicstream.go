package ai

// namedEvent frames v as a server-sent event with a name.
func namedEvent(name string, v any) []byte {
	return append([]byte("event: "+name+"\n"), event(v)...)
}

// messageStream is a message as Anthropic streams it: its start, each block
// with its pieces, why it stopped, its end.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming
func messageStream(m *message, done *completion) *Answer {
	frames := func(yield func([]byte) bool) {
		start := *m
		start.Content, start.StopReason, start.Usage.Output = []block{}, nil, 1
		send := func(name string, v map[string]any) bool {
			v["type"] = name
			return yield(namedEvent(name, v))
		}
		if !send("message_start", map[string]any{"message": start}) {
			return
		}
		for i, b := range m.Content {
			if !sendBlock(send, i, b, done) || i == 0 && !send("ping", map[string]any{}) {
				return
			}
		}
		if send("message_delta", map[string]any{"delta": map[string]any{"stop_reason": m.StopReason, "stop_sequence": nil}, "usage": m.Usage}) {
			send("message_stop", map[string]any{})
		}
	}
	return streamAnswer(frames, done)
}

func sendBlock(send func(string, map[string]any) bool, index int, b block, done *completion) bool {
	delta := func(v map[string]string) bool {
		return send("content_block_delta", map[string]any{"index": index, "delta": v})
	}
	stop := func() bool { return send("content_block_stop", map[string]any{"index": index}) }
	if b.Type == "text" {
		empty := ""
		if !send("content_block_start", map[string]any{"index": index, "content_block": block{Type: "text", Text: &empty}}) {
			return false
		}
		for piece := range done.spoken() {
			if !delta(map[string]string{"type": "text_delta", "text": piece}) {
				return false
			}
		}
		return stop()
	}
	start := b
	start.Input = []byte("{}")
	if !send("content_block_start", map[string]any{"index": index, "content_block": start}) {
		return false
	}
	for piece := range pieces(string(b.Input)) {
		if !delta(map[string]string{"type": "input_json_delta", "partial_json": piece}) {
			return false
		}
	}
	return stop()
}
