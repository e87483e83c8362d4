package r2

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strconv"
	"sync"

	"flint/internal/cferr"
	"flint/internal/intercept"
)

// Binding serves workerd's protocol for R2: head, get and list are a GET with
// the request as JSON in a header; everything else is a PUT whose body is the
// JSON followed by the content.
type Binding struct {
	store *Store
	chain *intercept.Chain
	log   *slog.Logger
}

// NewBinding serves the buckets of store.
func NewBinding(store *Store, chain *intercept.Chain, log *slog.Logger) *Binding {
	return &Binding{store, chain, log}
}

const (
	headerRequest  = "Cf-R2-Request"
	headerMetadata = "Cf-R2-Metadata-Size"
	headerError    = "Cf-R2-Error"
)

// call is one request under way.
type call struct {
	*request
	bucket *Bucket
	op     *intercept.Op
	body   io.Reader // the content that follows the JSON
	size   int64     // its length; negative if unknown
}

// answer is what a call yields: JSON, and with get the content after it.
type answer struct {
	json    []byte
	content io.ReadCloser
	length  int64
}

// ServeBinding answers one call on the bucket named resource.
func (b *Binding) ServeBinding(w http.ResponseWriter, r *http.Request, resource string) {
	buf := answerBuffers.Get().(*[]byte)
	defer putAnswerBuffer(buf)
	c := &call{op: &intercept.Op{Service: "r2", Resource: resource}}
	a := &answer{json: (*buf)[:0]}
	err := b.read(c, r)
	if err == nil {
		c.bucket, err = b.store.Bucket(resource)
	}
	if err == nil {
		err = b.chain.Do(r.Context(), c.op, func(ctx context.Context) error { return c.do(ctx, a) })
	}
	*buf = a.json
	if err != nil {
		b.fail(w, r, c, a, err)
		return
	}
	b.write(w, c, a)
}

// read takes the JSON of a call from the header or from the start of the body.
func (b *Binding) read(c *call, r *http.Request) (err error) {
	if r.Method == http.MethodGet {
		c.request, err = parseRequest([]byte(r.Header.Get(headerRequest)))
	} else {
		c.request, err = readFrame(r)
		c.body, c.size = r.Body, r.ContentLength
	}
	if err != nil {
		return err
	}
	if c.size >= 0 && r.Method != http.MethodGet {
		n, _ := strconv.ParseInt(r.Header.Get(headerMetadata), 10, 64) // readFrame has parsed it
		c.size = max(c.size-n, 0)
	}
	c.op.Action, c.op.Key = c.Method, c.key()
	if get := c.Method == "head" || c.Method == "get" || c.Method == "list"; get != (r.Method == http.MethodGet) {
		return ErrInvalidRequest
	}
	return nil
}

// readFrame reads the JSON that a PUT begins with.
func readFrame(r *http.Request) (*request, error) {
	n, err := strconv.ParseUint(r.Header.Get(headerMetadata), 10, 63)
	if err != nil {
		return nil, ErrInvalidRequest
	}
	if n > maxFrame {
		return nil, ErrMetadataTooLarge
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(r.Body, frame); err != nil {
		return nil, ErrInvalidRequest
	}
	return parseRequest(frame)
}

func (c *call) do(ctx context.Context, a *answer) error {
	switch c.Method {
	case "head":
		return c.head(ctx, a)
	case "get":
		return c.get(ctx, a)
	case "list":
		return c.list(ctx, a)
	case "put":
		return c.put(ctx, a)
	case "delete":
		return c.delete(ctx)
	case "createMultipartUpload":
		return c.createMultipart(ctx, a)
	case "uploadPart":
		return c.uploadPart(ctx, a)
	case "completeMultipartUpload":
		return c.completeMultipart(ctx, a)
	case "abortMultipartUpload":
		return c.bucket.AbortMultipart(ctx, c.key(), c.UploadID)
	}
	return cferr.NotServed("the R2 method " + strconv.Quote(c.Method))
}

func (c *call) head(ctx context.Context, a *answer) error {
	o, err := c.bucket.Head(ctx, c.key())
	if err != nil {
		return err
	}
	with := allMetadata
	with.span = &Span{Offset: 0, Length: o.Size}
	a.json = appendObject(a.json, o, with)
	return nil
}

func (c *call) get(ctx context.Context, a *answer) error {
	body, err := c.bucket.Get(ctx, c.key(), c.getOptions())
	if body != nil {
		with := allMetadata
		with.span = &body.Span
		a.json = appendObject(a.json, body.Object, with) // goes along with a failed condition, too
	}
	if err != nil {
		return err
	}
	a.content, a.length, c.op.Bytes = body.Content, body.Span.Length, body.Span.Length
	return nil
}

func (c *call) list(ctx context.Context, a *answer) error {
	opts, err := c.listOptions()
	if err != nil {
		return err
	}
	l, err := c.bucket.List(ctx, opts)
	if err != nil {
		return err
	}
	c.op.Rows = int64(len(l.Objects))
	a.json = appendListing(a.json, l, metadata{http: opts.IncludeHTTP, custom: opts.IncludeCustom})
	return nil
}

func (c *call) put(ctx context.Context, a *answer) error {
	o, err := c.bucket.Put(ctx, c.key(), c.body, c.putOptions(c.size))
	if err != nil {
		return err
	}
	c.op.Bytes = o.Size
	a.json = appendObject(a.json, o, allMetadata)
	return nil
}

func (c *call) delete(ctx context.Context) error {
	if c.Objects != nil {
		c.op.Rows = int64(len(c.Objects))
		return c.bucket.Delete(ctx, c.Objects...)
	}
	return c.bucket.Delete(ctx, c.key())
}

func (c *call) createMultipart(ctx context.Context, a *answer) error {
	id, err := c.bucket.CreateMultipart(ctx, c.key(), MultipartOptions{
		HTTP: c.HTTPFields.metadata(), Custom: c.CustomFields, StorageClass: c.StorageClass, SSECKey: c.ssecKey,
	})
	if err != nil {
		return err
	}
	a.json = append(appendString(append(a.json, `{"uploadId":`...), id), '}')
	return nil
}

func (c *call) uploadPart(ctx context.Context, a *answer) error {
	part, err := c.bucket.UploadPartWith(ctx, c.key(), c.UploadID, c.PartNumber, c.body, PartOptions{Size: c.size, SSECKey: c.ssecKey})
	if err != nil {
		return err
	}
	c.op.Bytes = max(c.size, 0)
	a.json = append(appendString(append(a.json, `{"etag":`...), part.ETag), '}')
	return nil
}

func (c *call) completeMultipart(ctx context.Context, a *answer) error {
	o, err := c.bucket.CompleteMultipart(ctx, c.key(), c.UploadID, c.parts())
	if err != nil {
		return err
	}
	c.op.Bytes = o.Size
	a.json = appendObject(a.json, o, allMetadata)
	return nil
}

// write sends an answer. Small content goes out together with its JSON.
func (b *Binding) write(w http.ResponseWriter, c *call, a *answer) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h[headerMetadata] = []string{strconv.Itoa(len(a.json))}
	h["Content-Length"] = []string{strconv.FormatInt(int64(len(a.json))+a.length, 10)}
	if a.content == nil {
		_, _ = w.Write(a.json) // the Worker is gone: nobody is left to tell
		return
	}
	defer a.content.Close()
	if _, err := w.Write(a.json); err != nil {
		return
	}
	_, err := io.Copy(w, a.content)
	var unread *fs.PathError
	if errors.As(err, &unread) || errors.Is(err, io.ErrUnexpectedEOF) {
		// A length was promised, so workerd sees that the content broke off.
		b.log.Error("r2: the content of an object cannot be read", "bucket", c.bucket.name, "key", c.key(), "error", err)
	}
}

var jsonType = []string{"application/json"}

// fail sends an error, and with a failed condition of a get the object.
func (b *Binding) fail(w http.ResponseWriter, r *http.Request, c *call, a *answer, err error) {
	if a.content != nil {
		a.content.Close() // a hook turned success into an error
	}
	var known *cferr.Error
	if !errors.As(err, &known) && r.Context().Err() == nil {
		b.log.Error("r2: a call failed", "bucket", c.op.Resource, "action", c.op.Action, "key", c.op.Key, "error", err)
	}
	// workerd writes all of its content before it reads an answer.
	_, _ = io.Copy(io.Discard, r.Body)
	e := cferr.From(err)
	head := append([]byte(nil), `{"version":1,"v4code":`...)
	head = strconv.AppendInt(head, int64(e.Code), 10)
	head = append(appendString(append(head, `,"message":`...), e.Message), '}')
	w.Header()[headerError] = []string{string(head)}
	var body []byte
	if errors.Is(err, ErrPreconditionFailed) && c.request != nil && c.Method == "get" {
		body = a.json
		w.Header()[headerMetadata] = []string{strconv.Itoa(len(body))}
	}
	w.Header()["Content-Type"] = jsonType
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(e.Status)
	_, _ = w.Write(body)
}

var answerBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 1024); return &b }}

// putAnswerBuffer keeps small buffers; a long list must not pin its memory.
func putAnswerBuffer(buf *[]byte) {
	if cap(*buf) <= 64<<10 {
		answerBuffers.Put(buf)
	}
}
