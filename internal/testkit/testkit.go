package testkit

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// WriteFiles writes files, content by relative path, into a new temporary directory and
// returns the directory with symbolic links resolved.
func WriteFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		WriteFile(t, filepath.Join(dir, name), content)
	}
	return dir
}

// WriteFile writes a file and the folders above it.
func WriteFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Record is a captured log record.
type Record struct {
	Level   slog.Level
	Message string
	Attrs   map[string]string
}

// Log captures log records and lets a test wait for one.
type Log struct {
	mu      sync.Mutex
	records []Record
	changed chan struct{}
}

// NewLog returns an empty Log.
func NewLog() *Log { return &Log{changed: make(chan struct{})} }

// Logger returns a logger that writes into the Log.
func (l *Log) Logger() *slog.Logger { return slog.New(handler{l, nil}) }

// Records returns all records so far.
func (l *Log) Records() []Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Record(nil), l.records...)
}

// waitLimit is how long Wait and Eventually wait before they fail the test.
const waitLimit = 30 * time.Second

// Wait waits for a record for which match is true and returns the first one. what
// describes it in the failure.
func (l *Log) Wait(t testing.TB, what string, match func(Record) bool) Record {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	for next := 0; ; {
		l.mu.Lock()
		records, changed := l.records, l.changed
		l.mu.Unlock()
		for ; next < len(records); next++ {
			if match(records[next]) {
				return records[next]
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("no log record: %s; got %v", what, l.Records())
		}
	}
}

// Message returns a match function for Wait that compares the message.
func Message(message string) func(Record) bool {
	return func(r Record) bool { return r.Message == message }
}

type handler struct {
	log   *Log
	attrs []slog.Attr
}

func (h handler) Enabled(context.Context, slog.Level) bool { return true }

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.log, append(append([]slog.Attr(nil), h.attrs...), attrs...)}
}

func (h handler) WithGroup(string) slog.Handler { return h }

func (h handler) Handle(_ context.Context, r slog.Record) error {
	rec := Record{Level: r.Level, Message: r.Message, Attrs: map[string]string{}}
	for _, a := range h.attrs {
		rec.Attrs[a.Key] = a.Value.String()
	}
	r.Attrs(func(a slog.Attr) bool { rec.Attrs[a.Key] = a.Value.String(); return true })
	h.log.mu.Lock()
	defer h.log.mu.Unlock()
	h.log.records = append(h.log.records, rec)
	close(h.log.changed)
	h.log.changed = make(chan struct{})
	return nil
}

// Eventually calls check every 10 ms until it returns nil, and fails the test with its
// last error after 30 s. Use it only to wait for another process; within one process
// wait for an event.
func Eventually(t testing.TB, check func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitLimit)
	defer cancel()
	for {
		err := check()
		if err == nil {
			return
		}
		pause, stop := context.WithTimeout(ctx, 10*time.Millisecond)
		<-pause.Done()
		stop()
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}
