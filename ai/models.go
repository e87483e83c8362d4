package ai

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"

	"flint/ai/answers"
	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/clock"
)

// Options open the models.
type Options struct {
	Dir     string         // the service's folder in the state directory: recordings, unless they have a folder of their own
	Clock   clock.Clock    // stamps chat completions (created), paces streams and delays
	Log     *slog.Logger   // nil discards
	Scripts []string       // folders whose *.yaml and *.yml files hold scripted answers, in order
	Strict  bool           // what no script, recording or backend answers is an error
	Seed    int64          // of every choice, unless the inputs bring their own
	Pace    inference.Pace // of streams; zero is as fast as can be

	Recordings string          // the folder of recorded answers; empty is recorded in Dir
	Record     bool            // save what the backend answers
	Backend    answers.Backend // a real model server; none without a URL
}

// Models is Workers AI. It is safe for concurrent use. It starts nothing in
// the background, so it needs no closing.
type Models struct {
	*answers.Sources
	*providers.Server
	clock   clock.Clock
	log     *slog.Logger
	strict  bool
	seed    int64
	batches *batches
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
	if _, err := inference.LoadCatalogue(); err != nil {
		return nil, err
	}
	if o.Recordings == "" && o.Dir != "" {
		o.Recordings = filepath.Join(o.Dir, "recorded")
	}
	sources, err := answers.Open(answers.Options{
		Clock: o.Clock, Log: o.Log, Scripts: o.Scripts, Pace: o.Pace, Recordings: o.Recordings, Record: o.Record, Backend: o.Backend,
	})
	if err != nil {
		return nil, err
	}
	m := &Models{Sources: sources, clock: o.Clock, log: o.Log, strict: o.Strict, seed: o.Seed, batches: newBatches()}
	m.Server = providers.New(m, NewREST(m), o.Clock, o.Log)
	return m, nil
}

// Run asks a model, by its full name, with the JSON inputs of its task.
//
// Errors: 5007 for a name that is not in the catalogue, 5006 for inputs that
// the task refuses, 5004 for data that is not what it should be, 5024 for a
// JSON schema that cannot be met, 10404 in strict mode when nothing answers,
// 10502 when the backend does not, and 501 with the name of an input or option
// that flint does not serve.
func (m *Models) Run(ctx context.Context, model string, inputs json.RawMessage, opt inference.RunOptions) (*inference.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	known, err := inference.Lookup(model)
	if err != nil {
		return nil, err
	}
	if len(inputs) > inference.MaxInputBytes {
		return nil, inference.ErrTooLarge
	}
	in, err := inference.ParseFields(inputs)
	if err != nil {
		return nil, err
	}
	if opt.QueueRequest || in.Has("request_id") {
		return m.runBatch(ctx, known, in, opt)
	}
	return m.run(ctx, known, in)
}

func (m *Models) run(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	switch known.Shape {
	case inference.ShapeResponse, inference.ShapeChat:
		return m.runText(ctx, known, in) // it reports problems of both forms, prompt and messages
	case inference.ShapeGuard:
		return m.runGuard(ctx, known, in)
	}
	return m.runTask(ctx, known, in)
}
