package kv

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"

	"flint/internal/cferr"
	"flint/internal/intercept"
	"flint/internal/rawhttp"
)

// Binding serves workerd's protocol for KV namespaces: a key is a path, its
// metadata a header, and a failure is a status with a reason phrase, which the
// Worker sees as "KV PUT failed: 400 …".
type Binding struct {
	store *Store
	chain *intercept.Chain
	log   *slog.Logger
}

// NewBinding serves the namespaces of store.
func NewBinding(store *Store, chain *intercept.Chain, log *slog.Logger) *Binding {
	return &Binding{store, chain, log}
}

// call is one call of a Worker on a namespace.
type call struct {
	*Binding
	w  http.ResponseWriter
	r  *http.Request
	ns *Namespace
}

// Headers and parameters of the protocol.
const (
	headerMetadata    = "CF-KV-Metadata"
	headerExpiration  = "CF-Expiration"
	headerCacheStatus = "CF-Cache-Status"
	queryOnlyEncoded  = "urlencoded=true" // the query of a call without options
)

// ServeBinding answers one call on the namespace with the id resource.
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	ns, err := b.store.Namespace(resource)
	if err != nil {
		b.fail(w, r, err)
		return
	}
	c := &call{b, w, r, ns}
	path := r.URL.EscapedPath()
	switch {
	case r.Method == http.MethodGet && (path == "/" || path == ""):
		err = c.list()
	case r.Method == http.MethodGet:
		err = c.get(path)
	case r.Method == http.MethodPut:
		err = c.put(path)
	case r.Method == http.MethodDelete:
		err = c.delete(path)
	case r.Method == http.MethodPost && path == "/bulk/get":
		err = c.getBulk()
	default:
		err = cferr.NotServed("the KV call " + r.Method + " " + path)
	}
	if err != nil {
		b.fail(w, r, err)
	}
}

// do passes a call through the interceptor chain.
func (c *call) do(op *intercept.Op, f func(context.Context) error) error {
	op.Service, op.Resource = "kv", c.ns.ID()
	return c.chain.Do(c.r.Context(), op, f)
}

func (c *call) get(path string) error {
	key, o, err := c.getOptions(path)
	if err != nil {
		return err
	}
	op := &intercept.Op{Action: "get", Key: key}
	var e Entry
	err = c.do(op, func(ctx context.Context) (err error) {
		var status CacheStatus
		e, status, err = c.ns.GetAtEdge(ctx, key, o)
		c.setCacheStatus(status)
		op.Bytes = int64(len(e.Value))
		return err
	})
	if err != nil {
		return err
	}
	c.sendEntry(e)
	return nil
}

// getOptions reads what a get asks for.
func (c *call) getOptions(path string) (key string, o GetOptions, err error) {
	query, err := c.query()
	if err != nil {
		return "", o, err
	}
	if key, err = keyOf(path, query); err != nil {
		return "", o, err
	}
	if query.Has("cache_ttl") {
		o.CacheTTL, err = parseCacheTTL(query.Get("cache_ttl"))
	}
	return key, o, err
}

// setCacheStatus sends what getWithMetadata and list show as cacheStatus.
func (c *call) setCacheStatus(status CacheStatus) {
	if status != "" {
		c.w.Header().Set(headerCacheStatus, string(status))
	}
}

func (c *call) sendEntry(e Entry) {
	h := c.w.Header()
	h["Content-Type"], h["Date"] = nil, nil // workerd does not read them; nil keeps net/http from working them out
	h["Content-Length"] = []string{strconv.Itoa(len(e.Value))}
	if e.Expiration != 0 {
		h[headerExpiration] = []string{strconv.FormatInt(e.Expiration, 10)}
	}
	if e.Metadata != nil {
		h[headerMetadata] = []string{string(e.Metadata)}
	}
	_, _ = c.w.Write(e.Value) // it fails only when workerd has closed the connection
}

func (c *call) put(path string) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	key, err := keyOf(path, query)
	if err != nil {
		return err
	}
	o := PutOptions{Metadata: json.RawMessage(c.r.Header.Get(headerMetadata))}
	if err := parseExpiry(query.Get("expiration"), query.Get("expiration_ttl"), &o); err != nil {
		return err
	}
	op := &intercept.Op{Action: "put", Key: key, Bytes: max(c.r.ContentLength, 0)}
	return c.replyToWrite(c.do(op, func(ctx context.Context) error {
		body := &countingReader{Reader: c.r.Body}
		err := c.ns.PutStream(ctx, key, body, c.r.ContentLength, o)
		op.Bytes = body.n
		return err
	}))
}

// countingReader counts what is read.
type countingReader struct {
	io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *call) delete(path string) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	key, err := keyOf(path, query)
	if err != nil {
		return err
	}
	return c.replyToWrite(c.do(&intercept.Op{Action: "delete", Key: key}, func(ctx context.Context) error {
		return c.ns.Delete(ctx, key)
	}))
}

// replyToWrite answers a write if it succeeded, and returns err.
func (c *call) replyToWrite(err error) error {
	if err == nil {
		h := c.w.Header()
		h["Date"], h["Content-Length"] = nil, []string{"0"}
		c.w.WriteHeader(http.StatusOK)
	}
	return err
}

// listPage is the answer to a list; the runtime parses the metadata itself.
type listPage struct {
	Keys        []listKey `json:"keys"`
	Complete    bool      `json:"list_complete"`
	Cursor      string    `json:"cursor,omitempty"`
	CacheStatus *string   `json:"cacheStatus"`
}

type listKey struct {
	Name       string `json:"name"`
	Expiration int64  `json:"expiration,omitempty"`
	Metadata   string `json:"metadata,omitempty"`
}

func (c *call) list() error {
	o, err := c.listOptions()
	if err != nil {
		return err
	}
	op := &intercept.Op{Action: "list", Key: o.Prefix}
	var page Page
	err = c.do(op, func(ctx context.Context) (err error) {
		var status CacheStatus
		page, status, err = c.ns.ListAtEdge(ctx, o)
		c.setCacheStatus(status)
		op.Rows = int64(len(page.Keys))
		return err
	})
	if err != nil {
		return err
	}
	return c.sendPage(page)
}

func (c *call) listOptions() (o ListOptions, err error) {
	query, err := c.query()
	if err != nil {
		return o, err
	}
	o = ListOptions{Prefix: query.Get("prefix"), Cursor: query.Get("cursor")}
	o.Limit, err = parseLimit(query.Get("key_count_limit"))
	return o, err
}

func (c *call) sendPage(page Page) error {
	answer := listPage{Keys: make([]listKey, len(page.Keys)), Complete: page.Complete, Cursor: page.Cursor}
	for i, k := range page.Keys {
		answer.Keys[i] = listKey{k.Name, k.Expiration, string(k.Metadata)}
	}
	return c.sendJSON(answer)
}

func (c *call) getBulk() error {
	keys, o, withMetadata, err := readBulkGet(c.r.Body)
	if err != nil {
		return err
	}
	op := &intercept.Op{Action: "get_bulk"}
	var found map[string]Entry
	err = c.do(op, func(ctx context.Context) (err error) {
		found, err = c.ns.GetBulkAtEdge(ctx, keys, o)
		for _, e := range found {
			op.Bytes += int64(len(e.Value))
		}
		op.Rows = int64(len(keys))
		return err
	})
	if err != nil {
		return err
	}
	return c.sendJSON(bulkValues(keys, found, o.Type, func(e Entry, value any) any {
		if !withMetadata {
			return value
		}
		return struct {
			Value    any             `json:"value"`
			Metadata json.RawMessage `json:"metadata"`
		}{value, e.Metadata}
	}))
}

// sendJSON leaves characters as they are, which is shorter and faster than
// escaping them for HTML.
func (c *call) sendJSON(v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	h := c.w.Header()
	h["Date"], h["Content-Type"] = nil, []string{"application/json"}
	h["Content-Length"] = []string{strconv.Itoa(buf.Len())}
	_, _ = c.w.Write(buf.Bytes())
	return nil
}

// fail answers with the status and the reason phrase of err. A missing key is
// no failure to the runtime and keeps the connection open.
func (b *Binding) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrKeyNotFound) {
		replyMissing(w)
		return
	}
	e := cferr.From(err)
	// A call that the Worker has cancelled is not logged as an error. It is answered
	// all the same: without an answer net/http would report success.
	if e == cferr.Internal && r.Context().Err() == nil {
		b.log.Error("a KV call failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	if err := rawhttp.WriteStatus(w, r, e.Status, e.Message, nil, []byte(e.Message)); err != nil {
		b.log.Debug("a KV answer was not delivered", "error", err)
	}
}

func replyMissing(w http.ResponseWriter) {
	w.Header()["Content-Length"] = []string{"0"}
	w.WriteHeader(http.StatusNotFound)
}

// query parses the options of a call, nil when there are none.
func (c *call) query() (url.Values, error) {
	raw := c.r.URL.RawQuery
	if raw == "" || raw == queryOnlyEncoded {
		return nil, nil
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errOption("Could not read the query %q", raw)
	}
	return query, nil
}

// keyOf is the key that a path names.
func keyOf(path string, query url.Values) (string, error) {
	key := path[1:]
	if query != nil && query.Get("urlencoded") != "true" {
		return key, nil
	}
	key, err := url.PathUnescape(key)
	if err != nil {
		return "", errKeyEncoding
	}
	return key, nil
}

func parseCacheTTL(text string) (*int64, error) {
	ttl, err := parseSeconds(text)
	if err != nil {
		return nil, errCacheTTL("NaN")
	}
	return ttl, nil
}
