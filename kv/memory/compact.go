package memory

import (
	"sync"
	"sync/atomic"

	"flint/kv/driver"
)

// compaction rewrites the log beside readers and writers. What is written to
// the log meanwhile is carried over behind what the memory held, and may be in
// both: a put and a delete do the same a second time.
type compaction struct {
	running    sync.WaitGroup
	isActive   bool        // guarded by writing
	isStopping atomic.Bool // the namespace closes
}

// StartCompaction starts to rewrite the log, however little garbage it holds, and
// does not wait for the end.
func (n *Namespace) StartCompaction() {
	n.writing.Lock()
	defer n.writing.Unlock()
	if n.closed || n.compaction.isActive {
		return
	}
	n.compaction.isActive = true
	n.compaction.running.Go(n.rewrite)
}

// AwaitCompaction waits until no compaction runs.
func (n *Namespace) AwaitCompaction() { n.compaction.running.Wait() }

// compact starts to rewrite the log once more than half of it is garbage. It is
// called with writing held and does not wait.
func (n *Namespace) compact() {
	size := n.log.Size()
	if n.closed || n.compaction.isActive || size < n.compactAt || size < 2*n.table.bytes {
		return
	}
	n.compaction.isActive = true
	n.compaction.running.Go(n.rewrite)
}

func (n *Namespace) rewrite() {
	err := n.log.Rewrite(n.emitAll)
	n.writing.Lock()
	defer n.writing.Unlock()
	n.compaction.isActive = false
	n.compactAt = max(MinCompactBytes, 2*n.table.bytes)
	if err != nil && !n.closed {
		n.compactAt = 2 * n.log.Size() // the log still works; try again when there is more to win
		n.logger.Warn("the KV log could not be compacted", "error", err)
	}
}

// emitAll gives the log the records of all keys, a few at a time, so that
// writers are not held up.
func (n *Namespace) emitAll(emit func([]byte) error) error {
	n.writing.Lock() // what the log has is in memory once its writer unlocks
	//lint:ignore SA2001 only to wait for the writer
	n.writing.Unlock()
	var some []driver.Record
	for start := ""; ; {
		if n.compaction.isStopping.Load() {
			return driver.ErrClosed
		}
		if some = n.appendRecords(some[:0], start); len(some) == 0 {
			return nil
		}
		for _, r := range some {
			if err := emit(r); err != nil {
				return err
			}
		}
		start = string(some[len(some)-1].Key()) + "\x00"
	}
}

// appendRecords appends the first records from start on.
func (n *Namespace) appendRecords(records []driver.Record, start string) []driver.Record {
	n.mu.RLock()
	defer n.mu.RUnlock()
	for r := range n.table.from(start) {
		if records = append(records, r); len(records) == compactBatch {
			break
		}
	}
	return records
}
