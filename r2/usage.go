package r2

import "context"

// Usage is how much a bucket holds.
type Usage struct {
	Objects int64 `json:"objects"`
	Bytes   int64 `json:"bytes"` // of content
}

// Usage counts the objects of the bucket.
func (b *Bucket) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	for opts := (ListOptions{}); ; {
		l, err := b.List(ctx, opts)
		if err != nil {
			return u, err
		}
		for _, o := range l.Objects {
			u.Objects++
			u.Bytes += o.Size
		}
		if !l.Truncated() {
			return u, nil
		}
		opts.Cursor = l.Cursor
	}
}
