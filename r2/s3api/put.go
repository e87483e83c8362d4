package s3api

import (
	"context"
	"net/http"

	"flint/r2"
)

// putObject stores the body as an object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (q *request) putObject(ctx context.Context) error {
	opts, err := q.putOptions()
	if err != nil {
		return err
	}
	if opts.OnlyIf, err = conditions(q.r.Header, ""); err != nil {
		return err
	}
	p, err := newPayload(q.r, q.sig)
	if err != nil {
		return err
	}
	opts.Size = p.size
	if name, sum := p.promised(); sum != nil {
		opts.Verified.SetNamed(name, sum)
	} else if name != "" {
		opts.Kept = p.checksums
	}
	b, err := q.openOrCreate()
	if err != nil {
		return err
	}
	o, err := b.Put(ctx, q.key, p, opts)
	if err != nil {
		return err
	}
	q.op.Bytes = o.Size
	h := q.Header()
	h.Set("ETag", httpETag(o.ETag))
	setSSECKey(h, opts.SSECKey)
	setChecksums(h, o.Checksums)
	q.WriteHeader(http.StatusOK)
	return nil
}

// putOptions are what the headers of a new object say.
func (q *request) putOptions() (opts r2.PutOptions, err error) {
	if opts.HTTP, err = httpMetadata(q.r.Header); err != nil {
		return opts, err
	}
	if opts.Custom, err = customMetadata(q.r.Header); err != nil {
		return opts, err
	}
	if opts.SSECKey, err = ssecKey(q.r.Header, ssecHeader); err != nil {
		return opts, err
	}
	opts.StorageClass, err = storageClass(q.r.Header)
	return opts, err
}
