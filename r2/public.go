package r2

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"flint/internal/cferr"
	"flint/internal/intercept"
)

// Public serves buckets read-only on hosts of their own, as a custom domain
// or r2.dev does. https://developers.cloudflare.com/r2/buckets/public-buckets/
type Public struct {
	store *Store
	chain *intercept.Chain
	log   *slog.Logger
}

// NewPublic serves the buckets of store.
func NewPublic(store *Store, chain *intercept.Chain, log *slog.Logger) *Public {
	return &Public{store, chain, log}
}

// ServeBucket answers a request on the host of a bucket. The key is the path
// without its first slash, unescaped.
func (p *Public) ServeBucket(w http.ResponseWriter, r *http.Request, bucket string) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		preflight(h, r)
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		plain(w, http.StatusMethodNotAllowed, "A public bucket is read-only.")
		return
	}
	key, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	if err != nil || key == "" {
		plain(w, http.StatusNotFound, "Object not found")
		return
	}
	op := &intercept.Op{Service: "r2", Resource: bucket, Action: "public", Key: key}
	err = p.chain.Do(r.Context(), op, func(context.Context) error {
		b, err := p.store.Lookup(bucket)
		if err != nil {
			return err
		}
		op.Bytes, err = serveObject(w, r, b, key)
		return err
	})
	if err != nil {
		p.fail(w, r, bucket, key, err)
	}
}

func (p *Public) fail(w http.ResponseWriter, r *http.Request, bucket, key string, err error) {
	var known *cferr.Error
	if !errors.As(err, &known) && r.Context().Err() == nil {
		p.log.Error("r2: a public bucket failed", "bucket", bucket, "key", key, "error", err)
	}
	switch e := cferr.From(err); e.Code {
	case ErrNoSuchBucket.Code, ErrNoSuchKey.Code, ErrInvalidObjectName.Code, ErrInvalidBucketName.Code:
		plain(w, http.StatusNotFound, "Object not found")
	default:
		plain(w, e.Status, e.Message)
	}
}

// preflight answers what a browser asks before a request with a Range or a
// condition.
func preflight(h http.Header, r *http.Request) {
	h.Set("Allow", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Methods", "GET, HEAD")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
		h.Set("Vary", "Access-Control-Request-Headers")
	}
}

func plain(w http.ResponseWriter, status int, text string) {
	text += "\n"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client is gone: nobody is left to tell
}
