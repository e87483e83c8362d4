package memory

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
	"flint/internal/wal"
)

// Namespace is one namespace: entries in memory, made durable by a log. It
// implements driver.Namespace. Readers never wait for the log: they wait only while a
// finished write is put into memory.
type Namespace struct {
	clock  clock.Clock
	logger *slog.Logger

	// writing is held by one writer at a time, so that log and memory see
	// all writes in the same order. It guards what follows.
	writing       sync.Mutex
	log           *wal.Log
	compactAt     int64 // size of the log below which compaction is not considered
	timer         clock.Timer
	timerAtSecond int64
	closed        bool
	rawRecords    [][]byte // scratch for the log

	group      wal.Group[commit] // writers that wait for writing
	compaction compaction

	mu    sync.RWMutex // guards table against readers; writers hold writing too
	table *table

	nextExpiry atomic.Int64 // table.earliest, for readers
}

// OpenNamespace opens one namespace whose log is at path.
func OpenNamespace(path string, c clock.Clock, log *slog.Logger) (*Namespace, error) {
	n := &Namespace{clock: c, logger: log, compactAt: MinCompactBytes, table: newTable()}
	n.group.Commit, n.group.Lock, n.group.MaxBytes = n.commitAll, &n.writing, maxCommitBytes
	add, ready := n.table.load()
	var err error
	if n.log, err = wal.Open(path, add); err != nil {
		return nil, err
	}
	ready()
	n.writing.Lock()
	defer n.writing.Unlock()
	n.removeExpired()
	n.compact()
	return n, nil
}

// Close ends writing. Callers that still hold the namespace can go on reading.
func (n *Namespace) Close() error {
	n.stop()
	n.compaction.running.Wait()
	return n.log.Close()
}

func (n *Namespace) stop() {
	n.writing.Lock()
	defer n.writing.Unlock()
	n.closed = true
	n.compaction.isStopping.Store(true)
	if n.timer != nil {
		n.timer.Stop()
	}
}

// Usage is what a namespace has in memory.
type Usage struct {
	Keys      int
	Deadlines int   // moments at which keys expire
	Bytes     int64 // of their records, as the log frames them
}

// Usage counts what is in memory.
func (n *Namespace) Usage() Usage {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return Usage{n.table.count, n.table.deadlines.count, n.table.bytes}
}
