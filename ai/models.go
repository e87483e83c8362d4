// Package ai is Workers AI, offline and deterministic: the same model, inputs
// and seed give the same bytes, on every machine, with no network.
//
// An answer comes from the first of these that has one: a script (YAML files
// that a project keeps beside its code), then a generator that follows the
// shape the prompt or a JSON schema asks for. Nothing here understands
// language: it makes an app's code paths run, and never claims more.
//
// https://developers.cloudflare.com/workers-ai/
package ai

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"

	"flint/internal/cferr"
	"flint/internal/clock"
)

// Options open the models.
type Options struct {
	Dir     string       // the service's folder in the state directory; nothing is kept there today
	Clock   clock.Clock  // stamps chat completions (created)
	Log     *slog.Logger // nil discards
	Scripts []string     // folders whose *.yaml and *.yml files hold scripted answers, in order
}

// Models is Workers AI. It is safe for concurrent use and holds no state
// between calls, so it needs no closing.
type Models struct {
	clock   clock.Clock
	log     *slog.Logger
	scripts []*script
}

// RunOptions are the options of env.AI.run that change the answer.
// https://developers.cloudflare.com/workers-ai/configuration/bindings/
type RunOptions struct {
	QueueRequest bool `json:"queueRequest"` // ask for a batch job
}

// Usage counts tokens the way the answers report them.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

// Answer is what a model said.
type Answer struct {
	ContentType string           // application/json, text/event-stream or image/…
	Body        []byte           // the whole body, unless Stream is set
	Stream      iter.Seq[[]byte] // the frames of an event stream, in order; a frame is valid until the next one
	Usage       Usage            // tokens; zero for images
	Source      string           // where the answer came from: generator, or the script's file and name
}

// Open reads the catalogue and the scripts. A script that cannot be read is an
// error that names the file.
func Open(o Options) (*Models, error) {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if _, err := catalogue(); err != nil {
		return nil, err
	}
	scripts, err := readScripts(o.Scripts)
	if err != nil {
		return nil, err
	}
	return &Models{clock: o.Clock, log: o.Log, scripts: scripts}, nil
}

// Run asks a model, by its full name, with the JSON inputs of its task.
//
// Errors: 5007 for a name that is not in the catalogue, 5006 for inputs that
// the task refuses, 5024 for a JSON schema that cannot be met, and 501 with the
// name of a task or option that flint does not serve.
func (m *Models) Run(ctx context.Context, model string, inputs json.RawMessage, opt RunOptions) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known, err := Lookup(model)
	if err != nil {
		return nil, err
	}
	if opt.QueueRequest {
		return nil, cferr.NotServed(notServedBatch)
	}
	if known.Shape == "" {
		return nil, cferr.NotServed("the Workers AI task " + known.Task + " (" + known.Name + ")")
	}
	if len(inputs) > MaxInput {
		return nil, errTooLarge
	}
	in, err := parseFields(inputs)
	if err != nil {
		return nil, err
	}
	return m.dispatch(known, in)
}

func (m *Models) dispatch(known *Model, in fields) (*Answer, error) {
	switch known.Shape {
	case shapeResponse, shapeChat:
		return m.runText(known, in)
	case shapePNG, shapeJPEG, shapeBase64:
		return runImage(known, in)
	case shapeEmbedding:
		return runEmbedding(known, in)
	case shapeRerank:
		return runRerank(in)
	case shapeSentiment:
		return runSentiment(in)
	case shapeTranslation:
		return runTranslation(in)
	case shapeSummary:
		return runSummary(in)
	}
	return nil, errors.New("ai: catalogue has the unknown shape " + known.Shape)
}

// jsonAnswer encodes v as the body of an answer.
func jsonAnswer(v any, usage Usage, source string) (*Answer, error) {
	body, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	return &Answer{ContentType: contentJSON, Body: body, Usage: usage, Source: source}, nil
}
