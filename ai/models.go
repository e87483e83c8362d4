package ai

import (
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"path/filepath"

	"flint/internal/clock"
)

// Options open the models.
type Options struct {
	Dir     string       // the service's folder in the state directory: recordings, unless they have a folder of their own
	Clock   clock.Clock  // stamps chat completions (created), paces streams and delays
	Log     *slog.Logger // nil discards
	Scripts []string     // folders whose *.yaml and *.yml files hold scripted answers, in order
	Strict  bool         // what no script, recording or backend answers is an error
	Seed    int64        // of every choice, unless the inputs bring their own
	Pace    Pace         // of streams; zero is as fast as can be

	Recordings string  // the folder of recorded answers; empty is recorded in Dir
	Record     bool    // keep what the backend answers
	Backend    Backend // a real model server; none without a URL
}

// Models is Workers AI. It is safe for concurrent use. It starts nothing in
// the background, so it needs no closing.
type Models struct {
	clock      clock.Clock
	log        *slog.Logger
	scripts    *scripts
	strict     bool
	seed       int64
	pace       Pace
	recordings *recordings
	backend    *backend
	batches    *batches

	gatewayLogs *gatewayLogs
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

// Usage counts tokens the way the answers report them.
type Usage struct {
	PromptTokens     int `json:"prompt_tokens" yaml:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens" yaml:"completion_tokens"`
	TotalTokens      int `json:"total_tokens" yaml:"total_tokens"`
}

// Answer is what a model said.
type Answer struct {
	ContentType string           // application/json, text/event-stream, image/… or audio/…
	Body        []byte           // the whole body, unless Stream is set
	Stream      iter.Seq[[]byte] // the frames of an event stream, in order; a frame is valid until the next one
	Usage       Usage            // tokens; zero for images and audio
	Source      string           // where the answer came from: generator, recording, backend, or the script's file and name

	pace *pacer // waits between the frames of Stream; nil does not
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
	m := &Models{clock: o.Clock, log: o.Log, strict: o.Strict, seed: o.Seed, pace: o.Pace, batches: newBatches(), gatewayLogs: &gatewayLogs{byID: map[string]*gatewayLog{}}}
	var err error
	if m.scripts, err = openScripts(o.Scripts, o.Log); err != nil {
		return nil, err
	}
	if m.backend, err = newBackend(o.Backend, o.Log); err != nil {
		return nil, err
	}
	if o.Recordings == "" && o.Dir != "" {
		o.Recordings = filepath.Join(o.Dir, "recorded")
	}
	m.recordings = &recordings{dir: o.Recordings, keep: o.Record && m.backend != nil, clock: o.Clock}
	return m, nil
}

// Run asks a model, by its full name, with the JSON inputs of its task.
//
// Errors: 5007 for a name that is not in the catalogue, 5006 for inputs that
// the task refuses, 5004 for data that is not what it should be, 5024 for a
// JSON schema that cannot be met, 10404 in strict mode when nothing answers,
// 10502 when the backend does not, and 501 with the name of an input or option
// that flint does not serve.
func (m *Models) Run(ctx context.Context, model string, inputs json.RawMessage, opt RunOptions) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known, err := Lookup(model)
	if err != nil {
		return nil, err
	}
	if len(inputs) > MaxInput {
		return nil, errTooLarge
	}
	in, err := parseFields(inputs)
	if err != nil {
		return nil, err
	}
	if opt.QueueRequest || in.has("request_id") {
		return m.runBatch(ctx, known, in, opt)
	}
	return m.run(ctx, known, in)
}

func (m *Models) run(ctx context.Context, known *Model, in fields) (*Answer, error) {
	switch known.Shape {
	case shapeResponse, shapeChat:
		return m.runText(ctx, known, in) // which says a problem of either form of its inputs
	case shapeGuard:
		return m.runGuard(ctx, known, in)
	}
	return m.runTask(ctx, known, in)
}

// jsonAnswer encodes v as the body of an answer.
func jsonAnswer(v any, usage Usage, source string) (*Answer, error) {
	body, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	return &Answer{ContentType: contentJSON, Body: body, Usage: usage, Source: source}, nil
}
