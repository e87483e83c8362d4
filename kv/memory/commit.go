package memory

import (
	"context"

	"flint/kv/driver"
)

// commit is what one writer adds to the log.
type commit struct {
	logged  []driver.Record // as the log takes them
	applied []driver.Record // as memory takes them
}

// Write makes records durable, then visible. It keeps them. Writers that come
// together share a call to the log, see wal.Group.
func (n *Namespace) Write(_ context.Context, records ...driver.Record) error {
	c := commit{records, records}
	if len(records) > 1 {
		b, err := driver.Batch(records)
		if err != nil {
			return err
		}
		c.logged = []driver.Record{b}
	}
	size := 0
	for _, r := range c.logged {
		size += len(r)
	}
	return n.group.Write(c, size)
}

// commitAll is called with writing held.
func (n *Namespace) commitAll(commits []commit) error {
	if n.closed {
		return driver.ErrClosed
	}
	n.rawRecords = n.rawRecords[:0]
	for _, c := range commits {
		for _, r := range c.logged {
			n.rawRecords = append(n.rawRecords, r)
		}
	}
	err := n.log.Append(n.rawRecords...)
	clear(n.rawRecords)
	if err != nil {
		return err
	}
	n.mu.Lock()
	for _, c := range commits {
		for _, r := range c.applied {
			n.table.apply(r)
		}
	}
	n.mu.Unlock()
	n.setTimer()
	n.compact()
	return nil
}
