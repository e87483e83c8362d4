package r2

import (
	"context"

	"flint/r2/driver"
)

// List returns a page of the objects in the order of their keys' UTF-8 bytes.
// A page may end before the limit when its metadata is large. Of a cursor and
// a StartAfter the later one counts.
// https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2listoptions
func (b *Bucket) List(ctx context.Context, opts ListOptions) (*Listing, error) {
	p, err := driver.NewPage(opts)
	if err != nil {
		return nil, err
	}
	if err := b.driver.List(ctx, p); err != nil {
		return nil, driver.NameDiskFull(err)
	}
	return &p.Out, nil
}
