package kv

import "context"

// commit is what one writer adds to the log.
type commit struct {
	logged  []record // as the log takes them
	applied []record // as memory takes them
}

// write makes records durable, then visible. It keeps them. Writers that come
// together share a call to the log, see wal.Group.
func (n *local) write(_ context.Context, records ...record) error {
	c := commit{records, records}
	if len(records) > 1 {
		b, err := batch(records)
		if err != nil {
			return err
		}
		c.logged = []record{b}
	}
	size := 0
	for _, r := range c.logged {
		size += len(r)
	}
	return n.group.Write(c, size)
}

// commitAll is called with writing held.
func (n *local) commitAll(commits []commit) error {
	if n.closed {
		return ErrClosed
	}
	n.raw = n.raw[:0]
	for _, c := range commits {
		for _, r := range c.logged {
			n.raw = append(n.raw, r)
		}
	}
	err := n.log.Append(n.raw...)
	clear(n.raw)
	if err != nil {
		return err
	}
	n.mu.Lock()
	for _, c := range commits {
		for _, r := range c.applied {
			n.mem.apply(r)
		}
	}
	n.mu.Unlock()
	n.arm()
	n.compact()
	return nil
}
