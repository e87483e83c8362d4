package assets

import (
	"context"
	"log/slog"
	"strings"
	"sync"
)

// warnings is a log handler that keeps what was said.
type warnings struct {
	mu   sync.Mutex
	said []string
}

func (l *warnings) Enabled(context.Context, slog.Level) bool { return true }
func (l *warnings) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *warnings) WithGroup(string) slog.Handler            { return l }

func (l *warnings) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, r.Message)
	return nil
}

// problems is what was wrong in the rule files: those of _redirects first.
func (l *warnings) problems() (out []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, file := range []string{"_redirects: ", "_headers: "} {
		for _, m := range l.said {
			if text, ok := strings.CutPrefix(m, "Invalid rule in "+file); ok {
				out = append(out, text)
			}
		}
	}
	return out
}
