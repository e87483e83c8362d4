package kv

import "context"

// Writers share the log: while one of them writes, those who come next gather,
// and one call writes for all of them. So a namespace with many writers is not
// slower than the kernel, and one writer waits for nobody.

// commit is what goes to the log in one call.
type commit struct {
	logged  []record // as the log takes them
	applied []record // as memory takes them
	bytes   int
	done    chan struct{} // for those who do not write themselves; nil when there are none
	err     error
}

// write makes records durable, then visible. It keeps them.
func (n *local) write(_ context.Context, records ...record) error {
	logged := records
	if len(records) > 1 {
		b, err := batch(records)
		if err != nil {
			return err
		}
		logged = []record{b}
	}
	c, done := n.join(logged, records)
	if done != nil {
		<-done
		return c.err
	}
	n.commit(c)
	return c.err
}

// join adds records to the commit that gathers. Who starts a new one has no
// channel to wait for: it must write.
func (n *local) join(logged, applied []record) (c *commit, done chan struct{}) {
	size := 0
	for _, r := range logged {
		size += len(r)
	}
	n.gather.Lock()
	defer n.gather.Unlock()
	if c := n.gathering; c != nil && c.bytes+size <= maxCommit {
		c.logged, c.applied, c.bytes = append(c.logged, logged...), append(c.applied, applied...), c.bytes+size
		if c.done == nil {
			c.done = make(chan struct{})
		}
		return c, c.done
	}
	c = &commit{logged: logged, applied: applied, bytes: size}
	n.gathering = c
	return c, nil
}

// commit writes c when it is its turn, and tells the others.
func (n *local) commit(c *commit) {
	n.writing.Lock()
	n.seal(c)
	c.err = n.commitNow(c)
	n.writing.Unlock()
	if c.done != nil {
		close(c.done)
	}
}

// seal ends the gathering of c.
func (n *local) seal(c *commit) {
	n.gather.Lock()
	defer n.gather.Unlock()
	if n.gathering == c {
		n.gathering = nil
	}
}

// commitNow is called with writing held.
func (n *local) commitNow(c *commit) error {
	if err := n.logAll(c.logged); err != nil {
		return err
	}
	n.mu.Lock()
	for _, r := range c.applied {
		n.mem.apply(r)
	}
	n.mu.Unlock()
	n.arm()
	n.compact()
	return nil
}

func (n *local) logAll(records []record) error {
	if n.closed {
		return ErrClosed
	}
	n.raw = n.raw[:0]
	for _, r := range records {
		n.raw = append(n.raw, r)
	}
	err := n.log.Append(n.raw...)
	clear(n.raw)
	return err
}
