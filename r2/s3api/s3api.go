package s3api

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"

	"flint/internal/clock"
	"flint/internal/intercept"
	"flint/r2"
)

// Options connect the API with the emulator.
type Options struct {
	Store   *r2.Store
	Tokens  *Tokens
	Clock   clock.Clock
	Chain   *intercept.Chain
	Log     *slog.Logger
	Account string // the owner's id
}

// API serves the S3 API. It is an http.Handler.
type API struct {
	opt    Options
	noKeys sync.Once // the hint that no token exists
}

// New serves the buckets of a store.
func New(opt Options) *API {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &API{opt: opt}
}

// request is one request under way.
type request struct {
	*API
	http.ResponseWriter
	r           *http.Request
	bucket, key string
	query       url.Values
	sig         *signature
	token       *Token
	op          *intercept.Op
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := &request{API: a, ResponseWriter: w, r: r}
	if err := q.serve(); err != nil {
		q.fail(err)
	}
}

func (q *request) serve() (err error) {
	if q.bucket, q.key, err = address(q.r); err != nil {
		return err
	}
	if q.query, err = url.ParseQuery(q.r.URL.RawQuery); err != nil {
		return errBadPath
	}
	if q.r.Method == http.MethodOptions {
		return q.preflight()
	}
	if err := q.authenticate(); err != nil {
		return err
	}
	q.crossOrigin()
	o, err := q.detect()
	if err != nil {
		return err
	}
	if !q.token.may(o.need, q.bucket) {
		return errAccessDenied
	}
	if err := q.screen(o); err != nil {
		return err
	}
	q.op = &intercept.Op{Service: "r2", Resource: q.bucket, Action: o.name, Key: q.key}
	return q.opt.Chain.Do(q.r.Context(), q.op, func(ctx context.Context) error { return o.run(q, ctx) })
}

// authenticate finds out who asks.
func (q *request) authenticate() error {
	if q.r.Method == http.MethodPost && q.key == "" && !q.query.Has("delete") &&
		q.r.Header.Get("Authorization") == "" && !q.query.Has("X-Amz-Credential") {
		return errFormPost
	}
	sig, err := parseSignature(q.r, q.query, q.opt.Clock.Now())
	if err != nil {
		return err
	}
	token, err := q.opt.Tokens.find(sig.accessKey)
	if err != nil {
		return err
	}
	if token == nil {
		q.hint()
		return errUnauthorized
	}
	if err := sig.verify(q.r, q.query, token.Secret); err != nil {
		return err
	}
	q.sig, q.token = sig, token
	if q.r.Header.Get("X-Amz-Security-Token") != "" || q.query.Has("X-Amz-Security-Token") {
		return errSecurityToken
	}
	return nil
}

// hint says once why every request is refused: nobody made a token.
func (q *request) hint() {
	if all, err := q.opt.Tokens.List(); err != nil || len(all) > 0 {
		return
	}
	q.noKeys.Do(func() {
		q.opt.Log.Warn("a request for the S3 API was refused: there is no token yet; make one with `flint r2 token create`, or set access_key_id and secret_access_key under [r2] in flint.toml")
	})
}

// fail answers an error.
func (q *request) fail(err error) {
	if internal(err) && q.r.Context().Err() == nil {
		q.opt.Log.Error("r2: a request for the S3 API failed", "method", q.r.Method, "bucket", q.bucket, "key", q.key, "error", err)
	}
	from(err).write(q)
}

// open finds the bucket of the request.
func (q *request) open() (*r2.Bucket, error) { return q.opt.Store.Lookup(q.bucket) }

// openOrCreate is open, but for cf-create-bucket-if-missing.
// https://developers.cloudflare.com/r2/api/s3/extensions/#auto-creating-buckets-on-upload
func (q *request) openOrCreate() (*r2.Bucket, error) {
	if q.r.Header.Get("Cf-Create-Bucket-If-Missing") != "true" || !q.token.may(adminWrite, q.bucket) {
		return q.open()
	}
	return q.opt.Store.Bucket(q.bucket)
}
