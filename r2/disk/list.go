package disk

import (
	"context"

	"flint/r2/driver"
)

// List implements driver.Bucket.
func (b *Bucket) List(ctx context.Context, p *driver.Page) error {
	if err := b.settled(); err != nil {
		return err
	}
	for !p.Done {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.scan(p); err != nil {
			return err
		}
	}
	return nil
}

// scan reads keys in order until the page is full, the keys end, or a large
// group is better jumped over.
func (b *Bucket) scan(p *driver.Page) error {
	rows, err := b.stmts.list.Query(max(p.Opts.Prefix, p.After), p.Opts.Prefix+driver.AfterAll)
	if err != nil {
		return err
	}
	defer rows.Close()
	for skipped := 0; rows.Next(); {
		r := &row{}
		if err := rows.Scan(append([]any{&r.o.Key}, r.dest()...)...); err != nil {
			return err
		}
		if p.Any && r.o.Key <= p.After { // that key itself, or of that group
			if skipped++; skipped > driver.MaxSkip {
				return nil
			}
			continue
		}
		if p.Full() {
			p.Out.Cursor = driver.EncodeCursor(p.After)
			p.Done = true
			return nil
		}
		if err := addRow(p, r); err != nil {
			return err
		}
	}
	p.Done = true
	return rows.Err()
}

// addRow takes the next key into the page, by itself or as its group.
func addRow(p *driver.Page, r *row) error {
	key := r.o.Key
	if group, ok := driver.GroupOf(key, p.Opts.Prefix, p.Opts.Delimiter); ok {
		p.AddGroup(group)
		return nil
	}
	if !p.Opts.IncludeHTTP {
		r.http = ""
	}
	if !p.Opts.IncludeCustom {
		r.custom = ""
	}
	o, err := r.object()
	if err != nil {
		return err
	}
	p.AddObject(o, len(r.http)+len(r.custom)+len(r.checksums))
	return nil
}
