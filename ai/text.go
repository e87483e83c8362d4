package ai

import (
	"context"

	"flint/ai/inference"
	"flint/ai/providers"
)

// runText is the task Text Generation on Workers AI.
// https://developers.cloudflare.com/workers-ai/models/llama-2-7b-chat-int8/
func (m *Models) runText(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	if known.AcceptsInput("input") && in.Has("input") && !in.Has("prompt") && !in.Has("messages") {
		return m.RunResponses(ctx, known, in)
	}
	req, err := inference.ParseText(known, in)
	if err != nil {
		return nil, err
	}
	req.Ctx, req.AcceptsLive = ctx, req.Stream
	done, err := m.Complete(req)
	if err != nil {
		return nil, err
	}
	switch {
	case known.Shape == inference.ShapeChat && req.Stream:
		return m.ChatStream(providers.ChatWorkersAI, req, done), nil
	case known.Shape == inference.ShapeChat:
		return inference.JSONAnswer(m.ChatObject(providers.ChatWorkersAI, req, done), done.Usage, done.Source)
	case req.Stream:
		return responseStream(req, done), nil
	}
	return inference.JSONAnswer(responseObject(done), done.Usage, done.Source)
}

// responseObject is the answer of a model of the response family. In JSON mode
// response is an object, else a string.
func responseObject(done *inference.Completion) any {
	var response any = done.Text
	if done.Object != nil {
		response = done.Object
	}
	return struct {
		Response  any                  `json:"response"`
		ToolCalls []inference.ToolCall `json:"tool_calls,omitempty"`
		Usage     inference.Usage      `json:"usage"`
	}{response, done.Calls, done.Usage}
}
