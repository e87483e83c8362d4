package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// GetOptions narrow a get.
type GetOptions struct {
	OnlyIf  *Conditional
	Range   *Range
	SSECKey *SSECKey // with which the object was encrypted; nil for none
}

// maxTries bounds how often a get begins anew because the object was replaced
// between reading its row and opening its blob.
const maxTries = 100

// Get opens an object. It returns ErrNoSuchKey, ErrInvalidRange, or, with the
// object but without its content, ErrPreconditionFailed; and if the key of an
// encrypted object is missing, wrong, or given for another object,
// ErrSSECKeyRequired, ErrSSECKeyMismatch or ErrSSECNotApplicable.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2getoptions
func (b *Bucket) Get(ctx context.Context, key string, opts GetOptions) (*Body, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if err := b.canEncrypt(opts.SSECKey); err != nil {
		return nil, err
	}
	return b.driver.get(ctx, key, opts)
}

func (b *diskBucket) get(ctx context.Context, key string, opts GetOptions) (*Body, error) {
	for range maxTries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		body, err := b.getOnce(key, opts)
		if !errors.Is(err, fs.ErrNotExist) {
			return body, err
		}
	}
	return nil, fmt.Errorf("the content of object %q in bucket %s is missing", key, b.name)
}

func (b *diskBucket) getOnce(key string, opts GetOptions) (*Body, error) {
	r, err := b.row(key)
	if err != nil {
		return nil, err
	}
	o := r.copy()
	if err := checkSSEC(o.seal, opts.SSECKey); err != nil {
		return nil, err
	}
	body := &Body{Object: o, Span: Span{0, o.Size}}
	if !opts.OnlyIf.holds(o) {
		return body, ErrPreconditionFailed
	}
	if body.Span, err = opts.Range.resolve(o); err != nil {
		return nil, err
	}
	body.Content, err = b.content(r, body.Span, opts.SSECKey)
	if err != nil {
		return nil, err
	}
	return body, nil
}

// row finds the row of a key, with its content.
func (b *diskBucket) row(key string) (*row, error) {
	r, seen := b.recent.find(key)
	if r != nil {
		return r, nil
	}
	r = &row{o: Object{Key: key}}
	if err := r.scan(b.stmts.get.QueryRow(key), &r.data); err != nil {
		return nil, err
	}
	b.recent.keep(r, seen)
	return r, nil
}

// content opens the bytes of one version; fs.ErrNotExist if it was replaced.
func (b *diskBucket) content(r *row, span Span, key *SSECKey) (io.ReadCloser, error) {
	switch r.place {
	case placeInline:
		return key.decrypt(inlineBody{bytes.NewReader(r.data[span.Offset : span.Offset+span.Length])}, r.o.Version, span.Offset)
	case placeBlob:
		f, err := b.blobs.open(r.o.Version)
		if err != nil {
			return nil, err
		}
		body, err := newFileBody(f, span)
		if err != nil {
			f.Close()
			return nil, err
		}
		return key.decrypt(body, r.o.Version, span.Offset)
	}
	return b.partsContent(r.o.Version, span, key)
}

// inlineBody is content that came with its row.
type inlineBody struct{ *bytes.Reader }

// Close implements io.Closer.
func (inlineBody) Close() error { return nil }

// partsContent opens the parts of a version that lie in span. They are opened
// one after the other, so they are pinned against removal until Close.
func (b *diskBucket) partsContent(version string, span Span, key *SSECKey) (io.ReadCloser, error) {
	body := &partsBody{blobs: b.blobs, key: key}
	err := b.blobs.pin(func() ([]string, error) {
		var err error
		if body.parts, err = b.partSpans(version, span); err != nil {
			return nil, err
		}
		for _, p := range body.parts {
			body.pinned = append(body.pinned, p.blob)
		}
		return body.pinned, nil
	})
	if err != nil {
		return nil, err
	}
	return body, nil
}

// partSpans finds which bytes of which parts make up span.
func (b *diskBucket) partSpans(version string, span Span) ([]partSpan, error) {
	rows, err := b.stmts.parts.Query(version)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var parts []partSpan
	var start, seen int64
	for rows.Next() {
		var p partSpan
		var size int64
		if err := rows.Scan(&p.blob, &size); err != nil {
			return nil, err
		}
		from, to := max(span.Offset, start), min(span.Offset+span.Length, start+size)
		if from < to {
			p.span = Span{from - start, to - from}
			parts, seen = append(parts, p), seen+p.span.Length
		}
		start += size
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if seen != span.Length {
		return nil, fs.ErrNotExist // the object was replaced since its row was read
	}
	return parts, nil
}
