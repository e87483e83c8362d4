package kv

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/intercept"
	"flint/kv/memory"
)

// prompt is a binding on a store with a namespace ns1 of some keys.
type prompt struct {
	*Binding
	t  *testing.T
	ns *Namespace
}

func newPrompt(t *testing.T, o Options) *prompt {
	t.Helper()
	o.Dir = t.TempDir()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	ns := namespace(t, s, "ns1")
	put(t, ns, "key", "value", PutOptions{})
	put(t, ns, "a/b c", "escaped", PutOptions{})
	put(t, ns, "dressed", "v", PutOptions{Metadata: []byte(`{"a":1}`), ExpirationTTL: seconds(100)})
	put(t, ns, "empty", "", PutOptions{})
	put(t, ns, "long", strings.Repeat("x", memory.MaxNow), PutOptions{})
	return &prompt{NewBinding(s, &intercept.Chain{}, slog.New(slog.DiscardHandler)), t, ns}
}

func (p *prompt) now(id, method, target string) (answered bool, w *httptest.ResponseRecorder) {
	w = httptest.NewRecorder()
	return p.ServeNow(w, httptest.NewRequest(method, target, http.NoBody), id), w
}

// declines checks that a call is left to ServeBinding, untouched.
func (p *prompt) declines(why, id, method, target string) {
	p.t.Helper()
	if answered, w := p.now(id, method, target); answered || len(w.Header()) > 0 || w.Body.Len() > 0 {
		p.t.Errorf("%s: %s %s: answered %v, header %v", why, method, target, answered, w.Header())
	}
}

func (p *prompt) answers(target string) {
	p.t.Helper()
	answered, w := p.now("ns1", http.MethodGet, target)
	if !answered {
		p.t.Errorf("%s: not answered at once", target)
		return
	}
	want := httptest.NewRecorder()
	p.ServeBinding(want, httptest.NewRequest(http.MethodGet, target, http.NoBody), "ns1")
	if w.Code != want.Code || w.Body.String() != want.Body.String() || !reflect.DeepEqual(w.Header(), want.Header()) {
		p.t.Errorf("%s: at once %d %q %v, else %d %q %v", target, w.Code, w.Body, w.Header(), want.Code, want.Body, want.Header())
	}
}

func TestReadsAtOnce(t *testing.T) {
	t.Parallel()
	p := newPrompt(t, Options{Clock: clock.NewFrozen(time.Unix(1e9, 0))})
	for _, target := range []string{"/key?urlencoded=true", "/a%2Fb%20c?urlencoded=true", "/dressed", "/empty?cache_ttl=60", "/none?urlencoded=true",
		"/?key_count_limit=100", "/?key_count_limit=2&prefix=", "/?key_count_limit=2&cursor=ZHJlc3NlZA==", "/?prefix=none&key_count_limit=1"} {
		p.answers(target)
	}
	for why, call := range map[string][2]string{
		"a write":              {http.MethodPut, "/key"},
		"a removal":            {http.MethodDelete, "/key"},
		"a list of all keys":   {http.MethodGet, "/"},
		"a long list":          {http.MethodGet, "/?key_count_limit=101"},
		"a limit of text":      {http.MethodGet, "/?key_count_limit=x"},
		"a wrong cursor":       {http.MethodGet, "/?key_count_limit=1&cursor=%21"},
		"several keys":         {http.MethodPost, "/bulk/get"},
		"a long value":         {http.MethodGet, "/long"},
		"a cacheTtl too short": {http.MethodGet, "/key?cache_ttl=1"},
		"a cacheTtl of text":   {http.MethodGet, "/key?cache_ttl=x"},
		"a long key":           {http.MethodGet, "/" + strings.Repeat("k", MaxKeyBytes+1)},
	} {
		p.declines(why, "ns1", call[0], call[1])
	}
}

// Whatever could hold the event loop up is not done on it.
func TestNothingWaitsAtOnce(t *testing.T) {
	t.Parallel()
	const get, target, list = http.MethodGet, "/key", "/?key_count_limit=3"
	c := clock.NewFrozen(time.Unix(1e9, 0))
	p := newPrompt(t, Options{Clock: c})
	p.declines("a namespace that is not loaded", "ns2", get, target)
	if p.store.loadedNamespace("ns2") != nil {
		t.Error("it was loaded")
	}

	l := inMemory(p.ns)
	release := l.HoldReaders()
	p.declines("a writer changes the memory", "ns1", get, target)
	p.declines("a writer changes the memory", "ns1", get, list)
	release()
	release = l.HoldWriters() // a writer that waits for the disk
	p.answers(target)
	release()

	// A reader who comes before the timer would have to remove what has expired.
	l.SetNextExpiry(c.Now().Unix())
	p.declines("expired keys are to be removed", "ns1", get, target)
	p.declines("expired keys are to be removed", "ns1", get, list)
	l.SetNextExpiry(0)
	p.answers(target)

	p.chain.Use(func(ctx context.Context, _ *intercept.Op, next func(context.Context) error) error { return next(ctx) })
	p.declines("a hook sees the calls", "ns1", get, target)

	if err := p.store.Close(); err != nil {
		t.Fatal(err)
	}
	p.chain = &intercept.Chain{}
	p.declines("the store is closed", "ns1", get, target)
}

func TestOnlyMemoryAnswersAtOnce(t *testing.T) {
	t.Parallel()
	redis := newPrompt(t, Options{Driver: Embedded})
	redis.declines("a Redis is asked", "ns1", http.MethodGet, "/key")
	redis.declines("a Redis is asked", "ns1", http.MethodGet, "/?key_count_limit=1")
	eventual := newPrompt(t, Options{Rules: Rules{Eventual: true}})
	eventual.declines("a cache stands before it", "ns1", http.MethodGet, "/key")
	eventual.declines("a cache stands before it", "ns1", http.MethodGet, "/?key_count_limit=1")
}

// Readers at once beside writers, expiry and compaction see what Get sees.
func TestReadsAtOnceBesideWrites(t *testing.T) {
	t.Parallel()
	p := newPrompt(t, Options{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 2000 {
			if err := p.ns.Put(context.Background(), "key", []byte("value"), PutOptions{}); err != nil {
				t.Error(err)
			}
		}
	}()
	answered := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		if ok, w := p.now("ns1", http.MethodGet, "/key"); ok {
			answered++
			if body, _ := io.ReadAll(w.Body); string(body) != "value" {
				t.Fatalf("body %q", body)
			}
		}
	}
	if answered == 0 {
		t.Error("nothing was answered at once")
	}
}

func BenchmarkGetAtOnce(b *testing.B) {
	s, _ := openStore(b, b.TempDir())
	put(b, namespace(b, s, "ns1"), "key", "value", PutOptions{})
	binding := NewBinding(s, nil, slog.New(slog.DiscardHandler))
	r, header := httptest.NewRequest(http.MethodGet, "/key?urlencoded=true", http.NoBody), http.Header{}
	b.ReportAllocs()
	for b.Loop() {
		if !binding.ServeNow(discard{header}, r, "ns1") {
			b.Fatal("not answered")
		}
	}
}

// discard is a ResponseWriter that keeps nothing.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
