package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"
)

func TestJSONLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(New(&out, Options{JSON: true})).With("worker", "w")
	log.Warn("re\"quest", "path", "/ü\n\\", "status", 200, "duration", 1500*time.Microsecond, "error", errors.New("no <b>"), "list", []string{"a"}, "up", true)
	want := `{"event":"re\"quest","worker":"w","path":"/ü\n\\","status":200,"duration":1.500,"error":"no <b>","list":["a"],"up":true,"level":"warn"}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	if !json.Valid(out.Bytes()) {
		t.Error("not JSON")
	}
}

func TestPrettyPrintersAndLevels(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(New(&out, Options{Printers: map[string]Printer{
		"ready": func(b *bytes.Buffer, _ Palette, f map[string]slog.Value) {
			b.WriteString("READY " + f["url"].String() + "\n")
		},
	}}))
	log.Info("ready", "url", "http://x")
	log.Debug("not shown")
	log.Warn("careful", "n", 1)
	log.Error("broken")
	want := "READY http://x\nwarning careful n=1\nerror broken\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func BenchmarkAccessLine(b *testing.B) {
	log := slog.New(New(io.Discard, Options{JSON: true}))
	for b.Loop() {
		log.LogAttrs(b.Context(), slog.LevelInfo, "request", slog.String("method", "GET"), slog.String("path", "/api/x"),
			slog.Int("status", 200), slog.Duration("duration", 1234*time.Microsecond))
	}
}
