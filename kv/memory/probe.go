package memory

// This file is for the tests of package kv: they look into a namespace and hold its
// locks, to have two calls meet at an exact moment. Nothing else uses it.

// HoldReaders keeps readers and writers away from the entries until the
// returned function is called.
func (n *Namespace) HoldReaders() (release func()) {
	n.mu.Lock()
	return n.mu.Unlock
}

// HoldWriters keeps writers waiting until the returned function is called.
func (n *Namespace) HoldWriters() (release func()) {
	n.writing.Lock()
	return n.writing.Unlock
}

// WaitingWriters is how many writers wait for their turn.
func (n *Namespace) WaitingWriters() int { return n.group.Waiting() }

// SetNextExpiry says when (seconds since the epoch, 0 for never) readers find
// something expired.
func (n *Namespace) SetNextExpiry(second int64) { n.nextExpiry.Store(second) }

// IsEmpty reports whether nothing is left in memory, not even room, and no timer.
func (n *Namespace) IsEmpty() bool {
	n.writing.Lock()
	defer n.writing.Unlock()
	return n.Usage() == Usage{} && len(n.table.order.blocks) == 0 && len(n.table.records.chunks) == 0 && n.timer == nil && n.nextExpiry.Load() == 0
}

// AppendToLog writes to the log what the namespace did not write.
func (n *Namespace) AppendToLog(record []byte) error { return n.log.Append(record) }

// CloseLog ends the log below a namespace that goes on.
func (n *Namespace) CloseLog() error { return n.log.Close() }
