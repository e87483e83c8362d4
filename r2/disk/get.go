package disk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"flint/r2/driver"
)

// Get implements driver.Bucket.
func (b *Bucket) Get(ctx context.Context, key string, opts driver.GetOptions) (*driver.Body, error) {
	for range driver.MaxTries {
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

func (b *Bucket) getOnce(key string, opts driver.GetOptions) (*driver.Body, error) {
	r, err := b.row(key)
	if err != nil {
		return nil, err
	}
	o := r.copy()
	if err := driver.CheckSSEC(o.Seal, opts.SSECKey); err != nil {
		return nil, err
	}
	body := &driver.Body{Object: o, Span: driver.Span{Length: o.Size}}
	if !opts.OnlyIf.Holds(o) {
		return body, driver.ErrPreconditionFailed
	}
	if body.Span, err = opts.Range.Resolve(o); err != nil {
		return nil, err
	}
	body.Content, err = b.content(r, body.Span, opts.SSECKey)
	if err != nil {
		return nil, err
	}
	return body, nil
}

// row finds the row of a key, with its content.
func (b *Bucket) row(key string) (*row, error) {
	r, seen := b.recent.find(key)
	if r != nil {
		return r, nil
	}
	r = &row{o: driver.Object{Key: key}}
	if err := r.scan(b.stmts.get.QueryRow(key), &r.data); err != nil {
		return nil, err
	}
	b.recent.keep(r, seen)
	return r, nil
}

// content opens the bytes of one version; fs.ErrNotExist if it was replaced.
func (b *Bucket) content(r *row, span driver.Span, key *driver.SSECKey) (io.ReadCloser, error) {
	switch r.place {
	case placeInline:
		return key.Decrypt(driver.InlineBody{Reader: bytes.NewReader(r.data[span.Offset : span.Offset+span.Length])}, r.o.Version, span.Offset)
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
		return key.Decrypt(body, r.o.Version, span.Offset)
	}
	return b.partsContent(r.o.Version, span, key)
}

// partsContent opens the parts of a version that lie in span. They are opened
// one after the other, so they are pinned against removal until Close.
func (b *Bucket) partsContent(version string, span driver.Span, key *driver.SSECKey) (io.ReadCloser, error) {
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
func (b *Bucket) partSpans(version string, span driver.Span) ([]partSpan, error) {
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
			p.span = driver.Span{Offset: from - start, Length: to - from}
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

// Head implements driver.Bucket.
func (b *Bucket) Head(_ context.Context, key string) (*driver.Object, error) {
	r, seen := b.recent.find(key)
	if r != nil {
		return r.copy(), nil
	}
	r = &row{o: driver.Object{Key: key}}
	if err := r.scan(b.stmts.head.QueryRow(key)); err != nil {
		return nil, err
	}
	if r.place != placeInline { // else a get would miss the content
		b.recent.keep(r, seen)
	}
	return r.copy(), nil
}

// PartSpan implements driver.Bucket.
func (b *Bucket) PartSpan(_ context.Context, key string, number int) (found driver.Span, count int, err error) {
	r, err := b.row(key)
	if err != nil {
		return found, 0, err
	}
	if r.place != placeParts {
		if number == 1 {
			found.Length = r.o.Size
		}
		return found, 0, nil
	}
	rows, err := b.stmts.parts.Query(r.o.Version)
	if err != nil {
		return found, 0, err
	}
	defer rows.Close()
	var offset int64
	for rows.Next() {
		var blob string
		var size int64
		if err := rows.Scan(&blob, &size); err != nil {
			return found, 0, err
		}
		if count++; count == number {
			found = driver.Span{Offset: offset, Length: size}
		}
		offset += size
	}
	return found, count, rows.Err()
}
