package answers

import (
	"log/slog"

	"flint/ai/inference"
	"flint/internal/clock"
)

// Options say which sources there are beside the generator.
type Options struct {
	Clock   clock.Clock
	Log     *slog.Logger
	Scripts []string       // folders whose *.yaml and *.yml files hold scripted answers, in order
	Pace    inference.Pace // of streams

	Recordings string  // the folder of recorded answers; empty has none
	Record     bool    // save what the backend answers
	Backend    Backend // a real model server; none without a URL
}

// Sources are scripts, recordings and a backend, in this order. It is safe for
// concurrent use.
type Sources struct {
	clock      clock.Clock
	log        *slog.Logger
	scripts    *scripts
	pace       inference.Pace
	recordings *recordings
	backend    *backend
}

// Open reads the scripts. One that cannot be read is an error that names the file.
func Open(o Options) (*Sources, error) {
	s := &Sources{clock: o.Clock, log: o.Log, pace: o.Pace}
	var err error
	if s.scripts, err = openScripts(o.Scripts, o.Log); err != nil {
		return nil, err
	}
	if s.backend, err = newBackend(o.Backend, o.Log); err != nil {
		return nil, err
	}
	s.recordings = &recordings{dir: o.Recordings, isRecording: o.Record && s.backend != nil, clock: o.Clock}
	return s, nil
}
