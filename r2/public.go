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

// Site is a bucket on a public host.
type Site struct {
	Bucket string
	// NotFound is the key of the object that is the page of a 404; empty: a
	// line of text.
	NotFound string
}

const publicMethods = "GET, HEAD, OPTIONS"

// ServeSite answers a request on the host of a bucket. The key is the path
// without its first slash, unescaped.
func (p *Public) ServeSite(w http.ResponseWriter, r *http.Request, site Site) {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		w.Header().Set("Allow", publicMethods)
		plain(w, http.StatusMethodNotAllowed, "A public bucket is read-only.")
		return
	}
	// A key that is no text is as good as one that is not there.
	key, _ := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	op := &intercept.Op{Service: "r2", Resource: site.Bucket, Action: "public", Key: key}
	err := p.chain.Do(r.Context(), op, func(context.Context) error {
		b, err := p.store.Lookup(site.Bucket)
		if err != nil {
			return err
		}
		if r.Method == http.MethodOptions {
			serveOptions(w, r, b)
			return nil
		}
		allowOrigin(w.Header(), r, b)
		if op.Bytes, err = p.serve(w, r, b, key); missing(err) && site.NotFound != "" {
			op.Bytes, err = serveNotFound(w, r, b, site.NotFound)
		}
		return err
	})
	if err != nil {
		p.fail(w, r, site.Bucket, key, err)
	}
}

func (p *Public) serve(w http.ResponseWriter, r *http.Request, b *Bucket, key string) (int64, error) {
	if key == "" {
		return 0, ErrNoSuchKey
	}
	return serveObject(w, r, b, key)
}

// serveNotFound answers a 404 with an object for a page.
func serveNotFound(w http.ResponseWriter, r *http.Request, b *Bucket, page string) (int64, error) {
	body, err := b.Get(r.Context(), page, GetOptions{})
	if err != nil {
		return 0, err
	}
	defer body.Content.Close()
	h := w.Header()
	setContentHeaders(h, body.Object)
	setFreshness(h, body.Object)
	h.Set("Content-Length", strconv.FormatInt(body.Size, 10))
	w.WriteHeader(http.StatusNotFound)
	if r.Method == http.MethodHead {
		return 0, nil
	}
	return copyOut(w, body), nil
}

// missing says that there is no such object, for whatever reason.
func missing(err error) bool {
	return errors.Is(err, ErrNoSuchKey) || errors.Is(err, ErrInvalidObjectName)
}

func (p *Public) fail(w http.ResponseWriter, r *http.Request, bucket, key string, err error) {
	var known *cferr.Error
	if !errors.As(err, &known) && r.Context().Err() == nil {
		p.log.Error("r2: a public bucket failed", "bucket", bucket, "key", key, "error", err)
	}
	switch e := cferr.From(err); {
	case missing(err), errors.Is(err, ErrNoSuchBucket), errors.Is(err, ErrInvalidBucketName):
		plain(w, http.StatusNotFound, "Object not found")
	default:
		plain(w, e.Status, e.Message)
	}
}

// Refuse answers for a host below r2.dev that is no public bucket, with the
// status that r2.dev has for it.
func (p *Public) Refuse(w http.ResponseWriter, host string) {
	plain(w, http.StatusUnauthorized, "flint: no bucket is public at "+host+
		". `flint r2 bucket dev-url enable BUCKET`, or public = [\"BUCKET\"] under [r2] in flint.toml, makes one public at BUCKET.r2.dev.")
}

func plain(w http.ResponseWriter, status int, text string) {
	text += "\n"
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client is gone: nobody is left to tell
}

// allowOrigin lets a page of another origin see an answer, where a CORS rule
// of the bucket allows it. A bucket without rules lets none.
// https://developers.cloudflare.com/r2/buckets/cors/
func allowOrigin(h http.Header, r *http.Request, b *Bucket) {
	if len(b.CORS()) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	m := b.MatchCORS(r.Header.Get("Origin"), r.Method, nil)
	if m == nil {
		return
	}
	h.Set("Access-Control-Allow-Origin", m.Origin)
	if len(m.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(m.Expose, ", "))
	}
}

// serveOptions answers a preflight: what a browser asks before a request that
// a page of another origin makes with a condition, a range or the like.
func serveOptions(w http.ResponseWriter, r *http.Request, b *Bucket) {
	h := w.Header()
	origin, method := r.Header.Get("Origin"), r.Header.Get("Access-Control-Request-Method")
	if origin == "" || method == "" {
		h.Set("Allow", publicMethods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.Set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	m := b.MatchCORS(origin, method, headerNames(r.Header.Values("Access-Control-Request-Headers")))
	if m == nil {
		plain(w, http.StatusForbidden, "No CORS rule of the bucket "+b.Name()+" allows this "+method+" from "+origin+
			". `flint r2 bucket cors set "+b.Name()+" --file cors.json` gives it rules.")
		return
	}
	h.Set("Access-Control-Allow-Origin", m.Origin)
	h.Set("Access-Control-Allow-Methods", strings.Join(m.Methods, ", "))
	if len(m.Headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(m.Headers, ", "))
	}
	if m.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(m.MaxAge))
	}
	w.WriteHeader(http.StatusNoContent)
}

// headerNames splits lists of names.
func headerNames(values []string) []string {
	var names []string
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}
