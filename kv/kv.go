package kv

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
	"flint/kv/driver"
	"flint/kv/memory"
)

// Options say where a store lives.
type Options struct {
	Dir    string       // the service's own folder, created when missing
	Clock  clock.Clock  // expiry follows it; nil is real time
	Log    *slog.Logger // nil discards
	Driver string       // Memory (also when empty), Embedded, or the URL of a Redis

	Rules      Rules            // of all namespaces
	RulesForID map[string]Rules // of single ones, in place of Rules
}

// Rules are properties of production that a namespace has only when asked.
type Rules struct {
	Eventual   bool // reads of a binding come from a cache, as in another location
	WriteLimit bool // a key takes one write a second
}

// Store holds the namespaces of one state directory. Its methods may be called
// from any goroutine.
type Store struct {
	backend driver.Backend
	edge    *edgeCache
	clock   clock.Clock
	log     *slog.Logger
	rules   func(id string) Rules

	titleMu  sync.Mutex // held while a title is given, so that no two get the same
	mu       sync.RWMutex
	slots    map[string]*slot
	declared map[string]string // titles of namespaces that this process knows
	closed   bool
}

// slot holds a namespace that is loaded once, however many callers ask for it at once.
type slot struct {
	namespace atomic.Pointer[Namespace]
	mu        sync.Mutex
	isClosed  bool // closed or deleted: never loaded again
}

// Open opens the store that o describes. The namespaces themselves are read when
// they are first used, and a Redis is first asked then.
func Open(o Options) (*Store, error) {
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	backend, err := openBackend(o.Driver, o.Dir, o.Clock, o.Log)
	if err != nil {
		return nil, fmt.Errorf("open KV: %w", err)
	}
	return &Store{
		backend: backend, edge: newEdge(o.Clock), clock: o.Clock, log: o.Log, rules: o.rules,
		slots: map[string]*slot{}, declared: map[string]string{},
	}, nil
}

func (o *Options) rules(id string) Rules {
	if r, ok := o.RulesForID[id]; ok {
		return r
	}
	return o.Rules
}

// Namespace returns the namespace with this id, opening or creating it. Any text
// of up to 512 bytes is an id.
func (s *Store) Namespace(id string) (*Namespace, error) {
	if n := s.loadedNamespace(id); n != nil {
		return n, nil
	}
	if id == "" || len(id) > maxNamespaceBytes {
		return nil, errNamespaceID
	}
	sl, err := s.slot(id)
	if err != nil {
		return nil, err
	}
	return s.load(sl, id)
}

// loadedNamespace returns the namespace if it is loaded, else nil.
func (s *Store) loadedNamespace(id string) *Namespace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if sl := s.slots[id]; sl != nil {
		return sl.namespace.Load()
	}
	return nil
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
		if _, ok := s.declared[id]; !ok {
			s.declared[id] = id
		}
	}
	return sl, nil
}

// load loads one namespace. Calls for other namespaces do not wait for it.
func (s *Store) load(sl *slot, id string) (*Namespace, error) {
	sl.mu.Lock()
	defer sl.mu.Unlock()
	if sl.isClosed {
		return nil, ErrClosed
	}
	if n := sl.namespace.Load(); n != nil {
		return n, nil
	}
	d, err := s.backend.Open(id)
	if err != nil {
		return nil, fmt.Errorf("open KV namespace %q: %w", id, err)
	}
	n := &Namespace{id: id, clock: s.clock, driver: d}
	n.inMemory, _ = d.(*memory.Namespace)
	rules := s.rules(id)
	if rules.Eventual {
		n.edge = s.edge
	}
	if rules.WriteLimit {
		n.limit = newWriteLimit(s.clock)
	}
	sl.namespace.Store(n)
	return n, nil
}

// close closes the slot's namespace and keeps it from being loaded again. It is
// called with mu held.
func (sl *slot) close() error {
	sl.isClosed = true
	n := sl.namespace.Swap(nil)
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
		sl.mu.Lock()
		err = errors.Join(err, sl.close())
		sl.mu.Unlock()
	}
	return errors.Join(err, s.backend.Close())
}

func (s *Store) isClosed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closed
}

// Ping returns why the driver cannot answer, for example a Redis that cannot be
// reached.
func (s *Store) Ping(ctx context.Context) error { return s.backend.Ping(ctx) }
