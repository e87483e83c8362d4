package inference

import (
	"encoding/json"
	"iter"
)

// Usage counts tokens the way the answers report them.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens" yaml:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens" yaml:"completion_tokens"`
	TotalTokens      int `json:"total_tokens" yaml:"total_tokens"`
}

// Answer is the response of a model, ready to be sent.
type Answer struct {
	ContentType string           // application/json, text/event-stream, image/… or audio/…
	Body        []byte           // the whole body, unless Stream is set
	Stream      iter.Seq[[]byte] // the frames of an event stream, in order; a frame is valid until the next one
	Usage       Usage            // tokens; zero for images and audio
	Source      string           // where the answer came from: generator, recording, backend, or the script's file and name

	Pace *Pacer // waits between the frames of Stream; nil does not
}

// JSONAnswer is an answer whose body is v, encoded as JSON.
func JSONAnswer(v any, usage Usage, source string) (*Answer, error) {
	body, err := EncodeJSON(v)
	if err != nil {
		return nil, err
	}
	return &Answer{ContentType: ContentJSON, Body: body, Usage: usage, Source: source}, nil
}

// TaskText is the catalogue's name of the task of chats and prompts.
const TaskText = "Text Generation"

// DefaultModel answers a request that names no model.
const DefaultModel = "@cf/meta/llama-3.1-8b-instruct"

// Job is a call of a task other than text generation whose inputs have been checked.
type Job struct {
	Prompt    string // what scripts match on: the prompt, text or query
	TextCount int    // how many texts are embedded
	Answer    func() (*Answer, error)
}

// RunOptions are the options of env.AI.run that change the answer.
// https://developers.cloudflare.com/workers-ai/configuration/bindings/
type RunOptions struct {
	QueueRequest bool           `json:"queueRequest"` // ask for a batch job
	Gateway      GatewayOptions `json:"gateway"`
}

// GatewayOptions send a run through an AI Gateway. flint caches nothing: each
// call is answered, whatever cacheTtl, cacheKey and skipCache say.
// https://developers.cloudflare.com/ai-gateway/integrations/aig-workers-ai-binding/
type GatewayOptions struct {
	ID         string          `json:"id"`
	Metadata   json.RawMessage `json:"metadata"`
	CollectLog *bool           `json:"collectLog"`
}

// CodeMessage is one error in the envelope of Cloudflare's API.
type CodeMessage struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}
