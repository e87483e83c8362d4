package s3api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"flint/r2"
)

// headObject answers what is known of an object. A Range has no effect.
func (q *request) headObject(ctx context.Context) error {
	return q.sendObject(ctx, false)
}

// getObject answers an object or a part of it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (q *request) getObject(ctx context.Context) error {
	return q.sendObject(ctx, true)
}

func (q *request) sendObject(ctx context.Context, content bool) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	var opts r2.GetOptions
	if opts.OnlyIf, err = conditions(q.r.Header, ""); err != nil {
		return err
	}
	if opts.SSECKey, err = ssecKey(q.r.Header, ssecHeader); err != nil {
		return err
	}
	if content {
		if opts.Range, err = parseRange(q.r.Header.Get("Range")); err != nil {
			return err
		}
	}
	if q.query.Has("partNumber") {
		if opts.Range, err = q.partRange(ctx, b, opts.Range); err != nil {
			return err
		}
	}
	body, err := b.Get(ctx, q.key, opts)
	if errors.Is(err, r2.ErrPreconditionFailed) && opts.OnlyIf.NotModified(body.Object) {
		q.setHeaders(body.Object)
		q.WriteHeader(http.StatusNotModified)
		return nil
	}
	if err != nil {
		return err
	}
	defer body.Content.Close()
	q.setHeaders(body.Object)
	status := http.StatusOK
	h := q.Header()
	h.Set("Content-Length", strconv.FormatInt(body.Span.Length, 10))
	if opts.Range != nil {
		status = http.StatusPartialContent
		h.Set("Content-Range", contentRange(body))
	} else if strings.EqualFold(q.r.Header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		setChecksums(h, body.Checksums)
	}
	q.WriteHeader(status)
	if content {
		q.op.Bytes, _ = io.Copy(q.ResponseWriter, body.Content) // broken off, the promised length tells the client
	}
	return nil
}

// partRange is the range of the part that ?partNumber= names. An object that
// was put whole is its own first part.
func (q *request) partRange(ctx context.Context, b *r2.Bucket, asked *r2.Range) (*r2.Range, error) {
	number, err := q.partNumber()
	if err != nil {
		return nil, err
	}
	if asked != nil {
		return nil, errRangeAndPart
	}
	span, count, err := b.PartSpan(ctx, q.key, number)
	switch {
	case err != nil:
		return nil, err
	case number > max(count, 1):
		return nil, errNoPart
	case count > 0:
		q.Header().Set("X-Amz-Mp-Parts-Count", strconv.Itoa(count))
	}
	if span.Length == 0 {
		return nil, nil // no range has no bytes
	}
	return &r2.Range{Offset: &span.Offset, Length: &span.Length}, nil
}

func contentRange(b *r2.Body) string {
	first, last := b.Span.Offset, b.Span.Offset+b.Span.Length-1
	return "bytes " + strconv.FormatInt(first, 10) + "-" + strconv.FormatInt(last, 10) + "/" + strconv.FormatInt(b.Size, 10)
}

// parseRange reads a Range header; nil if there is none.
func parseRange(header string) (*r2.Range, error) {
	if header == "" {
		return nil, nil
	}
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	start, end := bound(first), bound(last)
	switch {
	case !ok || !dash || first == "" && last == "" || start == nil && first != "" || end == nil && last != "":
		return nil, errRangeForm
	case first == "":
		return &r2.Range{Suffix: end}, nil
	case last == "":
		return &r2.Range{Offset: start}, nil
	case *start > *end:
		return nil, errRangeInverted
	}
	length := *end - *start + 1
	return &r2.Range{Offset: start, Length: &length}, nil
}

// bound reads a number of bytes; nil if it is none. What no object reaches is
// as good as the largest that can be counted on from.
func bound(text string) *int64 {
	const most = 1 << 60
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n > most {
		n = most
	}
	return &n
}

// deleteObject removes an object; one that is not there is no error.
func (q *request) deleteObject(ctx context.Context) error {
	b, err := q.open()
	if err != nil {
		return err
	}
	if err := b.Delete(ctx, q.key); err != nil {
		return err
	}
	q.WriteHeader(http.StatusNoContent)
	return nil
}
