package worker

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"

	"flint/worker/workerd"
)

// Events that the runtime logs with these messages; the console prints them in
// its own way.
const (
	EventConsole   = "console"   // level, message: something the Worker printed
	EventException = "exception" // worker, handler, message, stack: an uncaught exception
)

// logWriter turns the output of one process into log events, in order.
type logWriter struct {
	runtime *Runtime
	builds  []*build
	started atomic.Bool // before that, workerd's complaints are the error of Start
}

func (l *logWriter) write(line workerd.Line) {
	switch {
	case line.System:
		l.system(line)
	case strings.HasPrefix(line.Message, l.runtime.token):
		l.exception(line.Message[len(l.runtime.token):])
	default:
		l.runtime.log.Log(context.Background(), levelOf(line.Level), EventConsole, "console", line.Level, "message", line.Message)
	}
}

// system hands on what workerd itself says. Advice about the configuration,
// which flint wrote, is of no use to the user.
func (l *logWriter) system(line workerd.Line) {
	if !l.started.Load() || strings.Contains(line.Message, "does not need to be specified anymore") {
		return
	}
	level := slog.LevelWarn
	if line.Level == "info" || line.Level == "debug" {
		level = slog.LevelDebug
	}
	l.runtime.log.Log(context.Background(), level, "workerd: "+line.Message)
}

func (l *logWriter) exception(data string) {
	e := parseException([]byte(data), l.builds)
	l.runtime.log.Error(EventException, "worker", e.Worker, "handler", e.Handler, "message", e.Summary(), "stack", e.Trace())
}

func levelOf(console string) slog.Level {
	switch console {
	case "error":
		return slog.LevelError
	case "warn":
		return slog.LevelWarn
	case "debug":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
