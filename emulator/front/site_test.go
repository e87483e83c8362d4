package front

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"flint/internal/testkit"
	"flint/worker"
)

// stubWorker is a Worker with a fixed response.
type stubWorker struct {
	res *http.Response
	err error
}

func (s stubWorker) RoundTrip(*http.Request) (*http.Response, error) { return s.res, s.err }

func TestErrorsAsPageAndText(t *testing.T) {
	t.Parallel()
	crash := &worker.CrashError{Err: errors.New("EOF")}
	thrown := &worker.Exception{Name: "Error", Message: "<b>boom</b>", Stack: "Error: <b>boom</b>\n    at index.ts:1:1"}
	for _, c := range []struct {
		err    error
		accept string
		status int
		want   string
	}{
		{crash, "*/*", 502, "Bad gateway: workerd stopped while it was answering this request"},
		{thrown, "*/*", 500, "Uncaught exception: Error: <b>boom</b>\n\nError: <b>boom</b>\n    at index.ts:1:1\n"},
		{thrown, "text/html", 500, "<p>Error: &lt;b&gt;boom&lt;/b&gt;</p>"},
		{worker.ErrHeld, "", 503, "did not become ready"},
	} {
		site := &Site{Worker: stubWorker{err: c.err}, Log: slog.New(slog.DiscardHandler)}
		w := testkit.Call(site, "GET", "/", "", "Accept", c.accept)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%v for %q: %d %s", c.err, c.accept, w.Code, w.Body)
		}
	}
}

// A response that breaks off must not look complete to the client.
func TestBrokenBodyCutsTheConnection(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader("half"), failingReader{})
	site := &Site{Log: slog.New(slog.DiscardHandler), Worker: stubWorker{res: &http.Response{
		StatusCode: 200, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(body),
	}}}
	res, err := http.Get(testkit.Serve(t, site))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if data, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the client read %q without an error", data)
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
