package s3api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flint/internal/clock"
	"flint/r2"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is an API on a store of its own.
type fixture struct {
	t      testing.TB
	api    *API
	store  *r2.Store
	clock  *clock.Virtual
	tokens *Tokens
	token  Token
}

func newFixture(t testing.TB, c *clock.Virtual) *fixture {
	t.Helper()
	return newFixtureOn(t, c, r2.Disk)
}

// newFixtureOn is a fixture whose store has a driver.
func newFixtureOn(t testing.TB, c *clock.Virtual, driver string) *fixture {
	t.Helper()
	dir := t.TempDir()
	store, err := r2.Open(r2.Options{Dir: dir + "/r2", Clock: c, Driver: driver})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &fixture{t: t, store: store, clock: c, tokens: OpenTokens(dir+"/tokens.json", c)}
	if f.token, err = f.tokens.Create(Token{Permission: AdminReadWrite}); err != nil {
		t.Fatal(err)
	}
	f.api = New(Options{Store: store, Tokens: f.tokens, Clock: c, Account: "acc"})
	return f
}

// newFrozen is a fixture at noon with a bucket named media.
func newFrozen(t testing.TB) *fixture {
	t.Helper()
	c := clock.NewFrozen(noon)
	t.Cleanup(c.Close)
	f := newFixture(t, c)
	if _, err := f.store.Bucket("media"); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fixture) bucket() *r2.Bucket {
	f.t.Helper()
	b, err := f.store.Lookup("media")
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// do sends a request that the fixture's token has signed. The headers are name,
// value, name, value …; one that begins with "!" is added after the signing.
func (f *fixture) do(method, target, body string, headers ...string) *http.Response {
	f.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RequestURI = target
	r.Host = "127.0.0.1:8789"
	sum := sha256.Sum256([]byte(body))
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	var after []string
	for i := 0; i < len(headers); i += 2 {
		name, value := headers[i], headers[i+1]
		if late, ok := strings.CutPrefix(name, "!"); ok {
			after = append(after, late, value)
		} else if name == "Host" {
			r.Host = value
		} else {
			r.Header.Set(name, value)
		}
	}
	signRequest(r, f.token, f.clock.Now())
	for i := 0; i < len(after); i += 2 {
		r.Header.Set(after[i], after[i+1])
	}
	return f.send(r)
}

func (f *fixture) send(r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	return w.Result()
}

// signRequest puts a signature of all headers into the Authorization header.
func signRequest(r *http.Request, token Token, now time.Time) *signature {
	r.Header.Set("X-Amz-Date", now.Format(amzTime))
	s := &signature{date: now.Format(amzTime), day: now.Format("20060102"), region: "auto", payload: r.Header.Get("X-Amz-Content-Sha256"), signedHeaders: []string{"host"}}
	for name := range r.Header {
		s.signedHeaders = append(s.signedHeaders, strings.ToLower(name))
	}
	slices.Sort(s.signedHeaders)
	s.key = signingKey(token.Secret, s.day, s.region)
	s.provided = s.signOf(r)
	r.Header.Set("Authorization", algorithm+" Credential="+token.ID+"/"+s.scope()+", SignedHeaders="+strings.Join(s.signedHeaders, ";")+", Signature="+s.provided)
	return s
}

func (s *signature) signOf(r *http.Request) string {
	request := s.canonicalRequest(r, rawPath(r), r.URL.Query())
	return s.sign(strings.Join([]string{algorithm, s.date, s.scope(), hexSHA256(request)}, "\n"))
}

// presign makes a presigned request.
func (f *fixture) presign(method, path string, expires string, extra url.Values, body string) *http.Request {
	now := f.clock.Now()
	s := &signature{date: now.Format(amzTime), day: now.Format("20060102"), region: "auto", payload: unsignedPayload, presigned: true, signedHeaders: []string{"host"}}
	q := url.Values{
		"X-Amz-Algorithm": {algorithm}, "X-Amz-Credential": {f.token.ID + "/" + s.scope()}, "X-Amz-Date": {s.date},
		"X-Amz-Expires": {expires}, "X-Amz-SignedHeaders": {"host"},
	}
	for k, v := range extra {
		q[k] = v
	}
	r := httptest.NewRequest(method, path+"?"+q.Encode(), strings.NewReader(body))
	r.Host = "127.0.0.1:8789"
	s.key = signingKey(f.token.Secret, s.day, s.region)
	q.Set("X-Amz-Signature", s.signOf(r))
	r.URL.RawQuery = q.Encode()
	r.RequestURI = path + "?" + r.URL.RawQuery
	return r
}

// want reads an answer and compares status and, if it is not empty, a part of the body.
func want(t testing.TB, res *http.Response, status int, part string) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || !bytes.Contains(body, []byte(part)) {
		t.Fatalf("%d %s (%v)\nwant %d with %q", res.StatusCode, body, err, status, part)
	}
	return string(body)
}

func wantHeader(t testing.TB, res *http.Response, name, value string) {
	t.Helper()
	if got := res.Header.Get(name); got != value {
		t.Errorf("%s: %q, want %q", name, got, value)
	}
}

// dialTo connects to one address whatever the host.
func dialTo(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, address)
	}
}

// signed is a request that the fixture's token has signed, without a body.
func (f *fixture) signed(method, target string, headers ...string) (*http.Request, *signature) {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "127.0.0.1:8789"
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r, signRequest(r, f.token, f.clock.Now())
}

// setBody gives a signed request its body.
func (f *fixture) setBody(r *http.Request, body string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
}
