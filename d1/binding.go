package d1

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"flint/d1/codec"
	"flint/internal/cferr"
	"flint/internal/intercept"
)

// bookmarkHeader carries the bookmark of a session, both ways. Every read
// sees all writes that were acknowledged, so the one that comes in is met
// already. One goes out to a call that sent one, or a constraint, since only a
// session looks at it. https://developers.cloudflare.com/d1/best-practices/read-replication/
const bookmarkHeader = "X-Cf-D1-Session-Commit-Token"

// Binding serves the runtime's D1 protocol: POST /query and POST /execute.
type Binding struct {
	store *Store
	chain *intercept.Chain
	log   *slog.Logger
}

// NewBinding serves the databases of store. chain may be nil; log nil is silent.
func NewBinding(store *Store, chain *intercept.Chain, log *slog.Logger) *Binding {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Binding{store, chain, log}
}

// ServeBinding answers one call of a binding; resource is the database's id.
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	action := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodPost || action != "query" && action != "execute" {
		// dump() comes here: D1 has taken it away, and so says the runtime.
		http.Error(w, cferr.NotServed("D1's "+r.Method+" "+r.URL.Path).Message, http.StatusNotFound)
		return
	}
	c := calls.Get().(*call)
	defer c.free()
	c.out.reset(resultsFormat(r))
	db, err := b.store.Database(resource)
	if err == nil {
		err = b.serve(r, c, db, action)
	}
	if err != nil {
		c.out.buf = failure(c.out.buf, b.explain(err, resource))
	}
	h := w.Header()
	if err == nil && r.Header.Get(bookmarkHeader) != "" {
		h[bookmarkHeader] = []string{db.Bookmark()}
	}
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(c.out.buf))}
	_, _ = w.Write(c.out.buf) // the Worker is gone: nobody is left to tell
}

var jsonType = []string{"application/json"}

func resultsFormat(r *http.Request) format {
	switch r.URL.RawQuery { // what the API's module sends
	case "resultsFormat=ROWS_AND_COLUMNS":
		return asRows
	case "resultsFormat=ARRAY_OF_OBJECTS", "resultsFormat=NONE":
		return asObjects
	}
	return formatOf(r.URL.Query().Get("resultsFormat"))
}

// serve runs the request and leaves the answer in c.
func (b *Binding) serve(r *http.Request, c *call, db *Database, action string) error {
	body, err := c.read(r)
	if err != nil {
		return err
	}
	qs, _, err := parseRequest(body)
	if err != nil {
		return err
	}
	if qs = withoutComments(qs); len(qs) == 0 {
		return sqlError(msgNoStatements)
	}
	op := &intercept.Op{Service: "d1", Resource: db.id, Action: action, Key: qs[0].sql}
	if len(qs) > 1 && action == "query" {
		op.Action = "batch"
	}
	return b.chain.Do(r.Context(), op, func(ctx context.Context) error {
		if err := db.run(ctx, qs, &c.out); err != nil {
			return err
		}
		op.Bytes, op.Rows = int64(len(c.out.finish())), c.out.read+c.out.write
		return nil
	})
}

// explain is the sentence that a Worker sees for err.
func (b *Binding) explain(err error, resource string) string {
	var e *cferr.Error
	if !errors.As(err, &e) && !errors.Is(err, context.Canceled) {
		b.log.Error("d1: a query failed inside flint", "database", resource, "error", err)
	}
	return cferr.From(err).Message
}

// commentLines are lines that hold a comment and nothing else but white space
// before it; a statement of nothing else is left out.
var commentLines = regexp.MustCompile(`(?m)^\s*--.*`)

// withoutComments leaves out the queries that say nothing.
func withoutComments(qs []query) []query {
	kept := qs[:0]
	for _, q := range qs {
		sql := q.sql
		if strings.Contains(sql, "--") {
			sql = commentLines.ReplaceAllString(sql, "")
		}
		if strings.TrimSpace(sql) != "" {
			kept = append(kept, q)
		}
	}
	return kept
}

// call is the memory of one request, used again by later ones.
type call struct {
	body bytes.Buffer
	out  encoder
}

var calls = sync.Pool{New: func() any { return new(call) }}

// free gives c back, unless a large request has made it heavy.
func (c *call) free() {
	if c.body.Cap() > keepBuffer || cap(c.out.buf) > keepBuffer {
		return
	}
	clear(c.out.cells[:cap(c.out.cells)])
	calls.Put(c)
}

// read reads the body of a request, at most MaxRequestBytes.
func (c *call) read(r *http.Request) ([]byte, error) {
	c.body.Reset()
	if n := r.ContentLength; n > 0 && n <= keepBuffer {
		c.body.Grow(int(n) + bytes.MinRead)
	}
	n, err := c.body.ReadFrom(io.LimitReader(r.Body, MaxRequestBytes+1))
	if err != nil {
		return nil, codec.Malformed("the body ended early")
	}
	if n > MaxRequestBytes {
		return nil, codec.Malformed("the body is too large")
	}
	return c.body.Bytes(), nil
}
