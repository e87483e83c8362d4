package providers

import (
	"flint/ai/inference"
)

// responseEvents is a response as OpenAI streams it. Tool calls and usage
// are known only after the text of a backend has been streamed, so build is called again then.
// https://platform.openai.com/docs/api-reference/responses-streaming
func responseEvents(build func() *Response, done *inference.Completion) *inference.Answer {
	frames := func(yield func([]byte) bool) {
		number := -1
		var send sender = func(name string, v map[string]any) bool {
			number++
			v["type"], v["sequence_number"] = name, number
			return yield(namedEvent(name, v))
		}
		started := build()
		items := started.Output
		started.Status, started.Output, started.Usage, started.Incomplete = "in_progress", []responseItem{}, nil, nil
		if !send("response.created", map[string]any{"response": started}) || !send("response.in_progress", map[string]any{"response": started}) {
			return
		}
		if items[0].Type == "message" && !sendMessage(send, &items[0], build, done) || brokeOff(done) {
			return
		}
		out := build()
		if items[0].Type == "message" && out.Output[0].Type != "message" { // a message was announced, but its text was empty
			out.Output = append([]responseItem{items[0]}, out.Output...)
		}
		for i := range out.Output {
			if out.Output[i].Type == "function_call" && !sendCall(send, i, &out.Output[i]) {
				return
			}
		}
		last := "response.completed"
		if out.Status == "incomplete" {
			last = "response.incomplete"
		}
		send(last, map[string]any{"response": out})
	}
	return inference.StreamAnswer(frames, done)
}

// sendMessage sends the text as the first item.
func sendMessage(send sender, item *responseItem, build func() *Response, done *inference.Completion) bool {
	withPosition := func(more map[string]any) map[string]any {
		more["output_index"], more["item_id"], more["content_index"] = 0, item.ID, 0
		return more
	}
	started := *item
	started.Status, started.Content = "in_progress", nil
	if !send("response.output_item.added", map[string]any{"output_index": 0, "item": started}) ||
		!send("response.content_part.added", withPosition(map[string]any{"part": responsePart{"output_text", "", []any{}}})) {
		return false
	}
	for piece := range done.Pieces() {
		if !send("response.output_text.delta", withPosition(map[string]any{"delta": piece, "logprobs": []any{}})) {
			return false
		}
	}
	if brokeOff(done) {
		return false
	}
	final := *item
	final.Status, final.Content = build().Status, []responsePart{{"output_text", done.Text, []any{}}}
	return send("response.output_text.done", withPosition(map[string]any{"text": done.Text, "logprobs": []any{}})) &&
		send("response.content_part.done", withPosition(map[string]any{"part": final.Content[0]})) &&
		send("response.output_item.done", map[string]any{"output_index": 0, "item": final})
}

// sendCall sends one tool call.
func sendCall(send sender, index int, item *responseItem) bool {
	none := ""
	started := *item
	started.Status, started.Arguments = "in_progress", &none
	return send("response.output_item.added", map[string]any{"output_index": index, "item": started}) &&
		send("response.function_call_arguments.delta", map[string]any{"output_index": index, "item_id": item.ID, "delta": *item.Arguments}) &&
		send("response.function_call_arguments.done", map[string]any{"output_index": index, "item_id": item.ID, "name": item.Name, "arguments": *item.Arguments}) &&
		send("response.output_item.done", map[string]any{"output_index": index, "item": item})
}
