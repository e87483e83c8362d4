package kv

import (
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
	"flint/internal/wal"
)

// Namespace is one KV namespace. Its methods may be called from any goroutine.
//
// https://developers.cloudflare.com/kv/concepts/kv-namespaces/
type Namespace struct {
	id     string
	clock  clock.Clock
	driver driver
	local  *local      // the driver, if it is this one
	edge   *edge       // nil unless it is eventual
	limit  *writeLimit // nil unless writes are limited
}

// ID is the id of the namespace.
func (n *Namespace) ID() string { return n.id }

func (n *Namespace) now() int64 { return n.clock.Now().Unix() }

func (n *Namespace) close() error {
	if err := n.driver.close(); err != nil {
		return fmt.Errorf("close KV namespace %q: %w", n.id, err)
	}
	return nil
}

// local is the default driver: entries in memory, made durable by a log.
// Readers never wait for the log: they wait only while a finished write is
// put into memory.
type local struct {
	clock clock.Clock
	slog  *slog.Logger

	// writing is held by one writer at a time, so that log and memory see
	// all writes in the same order. It guards what follows.
	writing   sync.Mutex
	log       *wal.Log
	compactAt int64 // size of the log below which compaction is not considered
	timer     clock.Timer
	timerAt   int64
	closed    bool
	raw       [][]byte // scratch for the log

	group      wal.Group[commit] // writers that wait for writing
	compaction compaction

	mu  sync.RWMutex // guards mem against readers; writers hold writing too
	mem *memory

	next atomic.Int64 // mem.earliest, for readers
}

func openLocal(path string, c clock.Clock, log *slog.Logger) (*local, error) {
	n := &local{clock: c, slog: log, compactAt: compactMin, mem: newMemory()}
	n.group.Commit, n.group.Lock, n.group.MaxBytes = n.commitAll, &n.writing, maxCommit
	add, ready := n.mem.load()
	var err error
	if n.log, err = wal.Open(path, add); err != nil {
		return nil, err
	}
	ready()
	n.writing.Lock()
	defer n.writing.Unlock()
	n.sweep()
	n.compact()
	return n, nil
}

// close ends writing. Reads of what is in memory keep working for those who
// hold the namespace still.
func (n *local) close() error {
	n.stop()
	n.compaction.running.Wait()
	return n.log.Close()
}

func (n *local) stop() {
	n.writing.Lock()
	defer n.writing.Unlock()
	n.closed = true
	n.compaction.stop.Store(true)
	if n.timer != nil {
		n.timer.Stop()
	}
}
