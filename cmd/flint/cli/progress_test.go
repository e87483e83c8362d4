package cli

import (
	"bytes"
	"strings"
	"testing"

	"flint/internal/console"
)

// At a terminal a large upload or download shows how far it is.
func TestWatchedShowsProgress(t *testing.T) {
	t.Parallel()
	var shown bytes.Buffer
	a := &App{Streams: console.Streams{Err: &shown, Terminal: true}}
	w := a.Watch(&Source{Reader: strings.NewReader(strings.Repeat("x", 9<<20)), Name: "f", Bytes: 9 << 20}, "uploading f")
	buf := make([]byte, 1<<20)
	for range 9 {
		if _, err := w.Read(buf); err != nil {
			t.Fatal(err)
		}
	}
	w.End()
	if got := shown.String(); strings.Count(got, "uploading f: ") != 2 || !strings.Contains(got, "8.4 MB of 9.4 MB, 88 %") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("showed %q", got)
	}
}

// At a terminal a bulk command shows how far it is, and wipes that at the end.
func TestProgress(t *testing.T) {
	t.Parallel()
	var shown bytes.Buffer
	p := &Progress{App: &App{Streams: console.Streams{Err: &shown, Terminal: true}}, Total: 100}
	p.Show(1000, 50)
	p.Done()
	if got := shown.String(); !strings.Contains(got, "1000 keys") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("showed %q", got)
	}
	shown.Reset()
	p.App.Streams.Terminal = false
	p.Show(1, 1)
	p.Done()
	if shown.Len() != 0 {
		t.Errorf("showed %q where there is no terminal", &shown)
	}
}
