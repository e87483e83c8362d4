package d1

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/internal/clock"
)

// Options say where the databases live and what time it is.
type Options struct {
	Dir   string       // the folder of the database files, created if missing
	Clock clock.Clock  // says when a database is made and when it changes; nil: real time
	Log   *slog.Logger // nil: silent

	// HistoryBytes bounds the history of each database; zero: 1 GiB.
	HistoryBytes int64

	checkpointFrames uint32 // for tests; zero: the limits of package history
	minChainBytes    int64
	baseGate         func(stop <-chan struct{}) // returns when a base may be copied; nil: at once
}

// Store is all D1 databases of one state directory. It is safe for concurrent use.
type Store struct {
	dir   string
	clock clock.Clock
	log   *slog.Logger
	o     Options // complete

	mu       sync.RWMutex
	open     map[string]*Database // by id
	declared map[string]string    // id to name
	closed   bool
}

// Open opens the folder of databases. No file is opened before it is asked for.
func Open(o Options) (*Store, error) {
	if err := csqlite.CheckBuild(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("d1: %w", err)
	}
	if o.Clock == nil {
		o.Clock = clock.New()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Store{dir: o.Dir, clock: o.Clock, log: o.Log, o: o, open: map[string]*Database{}, declared: map[string]string{}}, nil
}

// errClosed is what a call gets once the store is closed.
var errClosed = errors.New("d1: the store is closed")

// Declare makes a database known by id and name, as a Wrangler file does. The
// file is created when the database is first used.
func (s *Store) Declare(id, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declared[id] = cmp.Or(name, id)
}

// Database opens the database with an id, creating its file if there is none.
func (s *Store) Database(id string) (*Database, error) {
	s.mu.RLock()
	db, closed := s.open[id], s.closed
	s.mu.RUnlock()
	if db != nil && !closed {
		return db, nil
	}
	return s.openDatabase(id)
}

func (s *Store) openDatabase(id string) (*Database, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errClosed
	}
	if db := s.open[id]; db != nil {
		return db, nil
	}
	file, err := fileName(id)
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(id, filepath.Join(s.dir, file), s.o)
	if err != nil {
		return nil, fmt.Errorf("d1: open database %s: %w", id, err)
	}
	s.open[id] = db
	return db, nil
}

// ByName finds a database by its id or its declared name. It does not make a
// new one: a name that nobody declared and that has no file is not found.
func (s *Store) ByName(nameOrID string) (*Database, error) {
	id, ok := s.resolve(nameOrID)
	if !ok {
		return nil, notFound(nameOrID)
	}
	return s.Database(id)
}

func (s *Store) resolve(nameOrID string) (id string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, ok := s.declared[nameOrID]; ok || s.open[nameOrID] != nil {
		return nameOrID, true
	}
	ids := make([]string, 0, 1)
	for id, name := range s.declared {
		if name == nameOrID {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		return slices.Min(ids), true
	}
	file, err := fileName(nameOrID)
	if err != nil {
		return "", false
	}
	_, err = os.Stat(filepath.Join(s.dir, file))
	return nameOrID, err == nil
}

// Info names one database.
type Info struct{ ID, Name string }

// List names the declared databases and those in use, by name.
func (s *Store) List() []Info {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Info
	for id, name := range s.declared {
		out = append(out, Info{id, name})
	}
	for id := range s.open {
		if _, ok := s.declared[id]; !ok {
			out = append(out, Info{id, id})
		}
	}
	slices.SortFunc(out, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}

func (s *Store) nameOf(id string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return cmp.Or(s.declared[id], id)
}

// Close waits for what is running, moves the write-ahead logs into the
// database files and closes them.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for id, db := range s.open {
		if err := db.close(); err != nil {
			errs = append(errs, fmt.Errorf("d1: close database %s: %w", id, err))
		}
		delete(s.open, id)
	}
	return errors.Join(errs...)
}

// fileName is the file of a database: its id where that is a safe name, and
// the id with % escapes where it is not. Ids too long for a file system end in
// their hash.
func fileName(id string) (string, error) {
	if id == "" {
		return "", codec.Malformed("a database id cannot be empty")
	}
	var b strings.Builder
	for i := range len(id) {
		ch := id[i]
		safe := ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' ||
			ch == '-' || ch == '_' || ch == '.' && i > 0
		if safe {
			b.WriteByte(ch)
		} else {
			fmt.Fprintf(&b, "%%%02X", ch)
		}
	}
	name := b.String()
	if len(name) > 200 {
		sum := sha256.Sum256([]byte(id))
		name = name[:120] + "%" + hex.EncodeToString(sum[:16])
	}
	return name + ".sqlite", nil
}

// CheckBuild says what this binary's SQLite lacks that D1 needs; nil for one
// that was built with the Makefile's settings.
func CheckBuild() error { return csqlite.CheckBuild() }

// Check runs SQLite's integrity check on every database that is open. The
// error names the first damaged one and what SQLite says of it.
func (s *Store) Check(ctx context.Context) error {
	s.mu.RLock()
	open := make([]*Database, 0, len(s.open))
	for _, db := range s.open {
		open = append(open, db)
	}
	s.mu.RUnlock()
	for _, db := range open {
		results, err := db.Run(ctx, "PRAGMA quick_check")
		if err != nil {
			return fmt.Errorf("database %s: %w", db.id, err)
		}
		if len(results) != 1 || len(results[0].Rows) != 1 || fmt.Sprint(results[0].Rows[0][0]) != "ok" {
			return fmt.Errorf("database %s is damaged: %v", db.id, results)
		}
	}
	return nil
}
