// Package kv is Workers KV: namespaces of keys with values, metadata and
// expiry. A namespace lives in memory and is made durable by a log of its own;
// a write is acknowledged once the log has it.
//
// https://developers.cloudflare.com/kv/
package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
)

// Options say where a store lives.
type Options struct {
	Dir   string       // the service's own folder, created when missing
	Clock clock.Clock  // expiry follows it; nil is real time
	Log   *slog.Logger // nil discards
}

// Store holds the namespaces of one state directory. Its methods may be called
// from any goroutine.
type Store struct {
	dir   string
	clock clock.Clock
	log   *slog.Logger

	mu      sync.RWMutex
	slots   map[string]*slot
	catalog catalog
	closed  bool
}

// slot is the place of a namespace: loaded once, however many ask at once.
type slot struct {
	ready atomic.Pointer[Namespace]
	mu    sync.Mutex
	gone  bool // closed or deleted: never loaded again
}

// Open opens the store in o.Dir. The namespaces themselves are read when they
// are first used.
func Open(o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open KV: %w", err)
	}
	s := &Store{dir: o.Dir, clock: o.Clock, log: o.Log, slots: map[string]*slot{}}
	if err := s.catalog.load(o.Dir); err != nil {
		return nil, fmt.Errorf("open KV: %w", err)
	}
	return s, nil
}

// Namespace gives the namespace with this id, opening or creating it. Any text
// of up to 512 bytes is an id.
func (s *Store) Namespace(id string) (*Namespace, error) {
	s.mu.RLock()
	sl := s.slots[id]
	s.mu.RUnlock()
	if sl != nil {
		if n := sl.ready.Load(); n != nil {
			return n, nil
		}
	}
	if id == "" || len(id) > maxNamespaceBytes {
		return nil, errNamespaceID
	}
	sl, err := s.slot(id)
	if err != nil {
		return nil, err
	}
	return s.loadInto(sl, id)
}

func (s *Store) slot(id string) (*slot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	sl := s.slots[id]
	if sl == nil {
		sl = &slot{}
		s.slots[id] = sl
		s.catalog.discover(id)
	}
	return sl, nil
}

// loadInto loads one namespace; other namespaces are not held up by it.
func (s *Store) loadInto(sl *slot, id string) (*Namespace, error) {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	if sl.gone {
		return nil, ErrClosed
	}
	if n := sl.ready.Load(); n != nil {
		return n, nil
	}
	d, err := openLocal(s.path(id), s.clock, s.log.With("namespace", id))
	if err != nil {
		return nil, fmt.Errorf("open KV namespace %q: %w", id, err)
	}
	n := &Namespace{id: id, clock: s.clock, driver: d}
	sl.ready.Store(n)
	return n, nil
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, fileName(id)) }

// shut closes the slot's namespace and keeps it from being loaded again.
func (sl *slot) shut() error {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	sl.gone = true
	n := sl.ready.Swap(nil)
	if n == nil {
		return nil
	}
	return n.close()
}

// Close writes everything to the disk and closes the namespaces. Their methods
// answer ErrClosed afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	slots := s.slots
	s.slots, s.closed = map[string]*slot{}, true
	s.mu.Unlock()
	var err error
	for _, sl := range slots {
		err = errors.Join(err, sl.shut())
	}
	return err
}
