package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"flint/internal/cferr"
	"flint/internal/intercept"
)

// CFBlobHeader carries a request's cf object as JSON. workerd sends it when the
// service's configuration says cfBlobHeader = "X-Flint-Cf".
const CFBlobHeader = "X-Flint-Cf"

// ProtoHeader carries the scheme of the key's URL. workerd sends it when the
// service's configuration says forwardedProtoHeader = "X-Flint-Proto"; style =
// proxy does as well. Without either every key counts as http.
const ProtoHeader = "X-Flint-Proto"

// Binding serves workerd's protocol of the Cache API.
type Binding struct {
	cache *Cache
	chain *intercept.Chain
	log   *slog.Logger
}

// NewBinding makes the binding.
func NewBinding(c *Cache, chain *intercept.Chain, log *slog.Logger) *Binding {
	return &Binding{cache: c, chain: chain, log: log}
}

// ServeBinding answers one call: GET matches, PUT stores the response that its
// body holds, PURGE deletes.
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	k := requestKey(r, resource)
	op := &intercept.Op{Service: "cache", Resource: k.Cache, Key: k.URL}
	if op.Resource == "" {
		op.Resource = resource
	}
	var call func() error
	switch r.Method {
	case http.MethodGet:
		op.Action = "match"
		call = func() error { op.Bytes = max(b.cache.Match(w, r, k), 0); return nil }
	case http.MethodPut:
		op.Action = "put"
		call = func() error { return b.put(w, r, k, op) }
	case "PURGE":
		op.Action = "delete"
		call = func() error { b.purge(w, k); return nil }
	default:
		http.Error(w, "the Cache API has no method "+r.Method, http.StatusMethodNotAllowed)
		return
	}
	if err := b.chain.Do(r.Context(), op, func(context.Context) error { return call() }); err != nil {
		b.fail(w, r, err)
	}
}

func (b *Binding) put(w http.ResponseWriter, r *http.Request, k Key, op *intercept.Op) error {
	body := &counter{r: r.Body}
	err := b.cache.Put(k, body)
	op.Bytes = body.n
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (b *Binding) purge(w http.ResponseWriter, k Key) {
	if b.cache.Delete(k) {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.WriteHeader(http.StatusNotFound)
}

// fail answers with the status that workerd expects: 413 for whatever is not
// stored. The body is read to its end first, because workerd takes an answer in
// the middle of it for a lost connection.
func (b *Binding) fail(w http.ResponseWriter, r *http.Request, err error) {
	_, _ = io.Copy(io.Discard, r.Body)
	var e *cferr.Error
	switch {
	case errors.As(err, &e):
		http.Error(w, e.Message, e.Status)
	case errors.Is(err, ErrRefused):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	case errors.Is(err, ErrMalformed), errors.Is(err, ErrIncomplete):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default:
		b.log.Error("cache", "url", r.URL.String(), "error", err)
		http.Error(w, cferr.Internal.Message, http.StatusRequestEntityTooLarge)
	}
}

// requestKey is the URL as the Worker gave it, or its cf.cacheKey.
func requestKey(r *http.Request, resource string) Key {
	k := Key{Resource: resource, Cache: r.Header.Get("Cf-Cache-Namespace")}
	if custom, ok := customKey(r.Header.Get(CFBlobHeader)); ok {
		k.URL, k.Custom = custom, true
		return k
	}
	if r.URL.IsAbs() {
		k.URL = r.URL.String()
		return k
	}
	scheme := r.Header.Get(ProtoHeader)
	if scheme == "" {
		scheme = "http"
	}
	k.URL = scheme + "://" + r.Host + r.URL.RequestURI()
	return k
}

func customKey(blob string) (string, bool) {
	if blob == "" {
		return "", false
	}
	var cf struct {
		CacheKey any `json:"cacheKey"`
	}
	if err := json.Unmarshal([]byte(blob), &cf); err != nil || cf.CacheKey == nil || cf.CacheKey == "" {
		return "", false
	}
	return fmt.Sprint(cf.CacheKey), true
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
