package r2

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"flint/internal/clock"
	"flint/r2/driver"
)

// Options say where a Store keeps its buckets.
type Options struct {
	Dir    string       // one folder a bucket; created if missing
	Clock  clock.Clock  // default: real time
	Log    *slog.Logger // default: none
	Rand   io.Reader    // versions and upload ids; default crypto/rand
	Driver string       // Disk (also when empty), or the URL of an S3 store
	// Account is the id that event notifications name.
	Account string
	// Deleted is called with the name of a bucket that is gone; nil: nobody is.
	Deleted func(bucket string) error
}

// Store is all buckets of one account. Its methods may be called from any
// goroutine.
type Store struct {
	dir     string // of settings
	account string
	home    driver.Backend
	clock   clock.Clock
	log     *slog.Logger
	env     *driver.Env // of the driver; tests change its bounds

	randMu sync.Mutex
	rand   io.Reader

	mu      sync.RWMutex
	buckets map[string]*Bucket // the open ones
	closed  bool

	notifier atomic.Pointer[Notifier]
	deleted  func(bucket string) error
}

// Open opens the store. Buckets are opened when they are first used.
func Open(opts Options) (*Store, error) {
	s := &Store{dir: opts.Dir, account: opts.Account, clock: opts.Clock, log: opts.Log, rand: opts.Rand, deleted: opts.Deleted, buckets: map[string]*Bucket{}}
	if s.clock == nil {
		s.clock = clock.New()
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.deleted == nil {
		s.deleted = func(string) error { return nil }
	}
	s.env = &driver.Env{Clock: s.clock, Log: s.log, NewID: s.newID, MinPart: MinPartSize, Inline: driver.MaxInline, Journal: maxJournal}
	var err error
	if s.home, err = newBackend(opts.Driver, opts.Dir, s.env); err != nil {
		return nil, fmt.Errorf("open R2: %w", err)
	}
	return s, s.openRuled()
}

// openRuled opens the buckets that have rules: they may have something to do.
// The rules of buckets that are not there stay; another driver may have them.
func (s *Store) openRuled() error {
	names, err := s.bucketsWithSettings()
	if err != nil {
		return errors.Join(fmt.Errorf("open R2: %w", err), s.Close())
	}
	for _, name := range names {
		if _, err := s.Lookup(name); err != nil && !errors.Is(err, ErrNoSuchBucket) {
			s.log.Error("r2: a bucket with rules cannot be opened yet; they wait until it is used", "bucket", name, "error", err)
		}
	}
	return nil
}

// open lists the open buckets.
func (s *Store) open() []*Bucket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Collect(maps.Values(s.buckets))
}

// Bucket returns a bucket and creates it if it does not exist.
func (s *Store) Bucket(name string) (*Bucket, error) {
	return s.bucket(name, orCreate)
}

// Lookup returns a bucket that exists, or ErrNoSuchBucket.
func (s *Store) Lookup(name string) (*Bucket, error) {
	return s.bucket(name, mustExist)
}

// Declare makes sure that a bucket exists without opening one that does. In an
// S3 store that does not answer it comes to be when it is first used.
func (s *Store) Declare(name string) error {
	if !driver.ValidBucketName(name) {
		return ErrInvalidBucketName
	}
	exists, err := s.home.Exists(context.Background(), name)
	if !exists && err == nil {
		_, err = s.Bucket(name)
	}
	if errors.Is(err, driver.ErrUnavailable) {
		return nil // Ping says why
	}
	return err
}

// Create makes a new bucket, or returns ErrBucketExists. An empty storage
// class is Standard.
func (s *Store) Create(info BucketInfo) (*Bucket, error) {
	class, err := driver.StorageClass(info.StorageClass, Standard)
	if err != nil {
		return nil, err
	}
	b, err := s.bucket(info.Name, mustNotExist)
	if err != nil {
		return nil, err
	}
	return b, b.describe(class, info.Location)
}

type existence int

const (
	orCreate existence = iota
	mustExist
	mustNotExist
)

func (s *Store) bucket(name string, want existence) (*Bucket, error) {
	s.mu.RLock()
	b := s.buckets[name]
	s.mu.RUnlock()
	if b == nil {
		return s.openBucket(name, want)
	}
	if want == mustNotExist {
		return nil, ErrBucketExists
	}
	return b, nil
}

func (s *Store) openBucket(name string, want existence) (*Bucket, error) {
	if !driver.ValidBucketName(name) {
		return nil, ErrInvalidBucketName
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	b := s.buckets[name]
	exists, err := b != nil, error(nil)
	if !exists {
		if exists, err = s.home.Exists(context.Background(), name); err != nil {
			return nil, err
		}
	}
	switch {
	case want == mustNotExist && exists:
		return nil, ErrBucketExists
	case b != nil:
		return b, nil
	case want == mustExist && !exists:
		return nil, ErrNoSuchBucket
	}
	if b, err = openBucket(s, name); err != nil {
		return nil, err
	}
	s.buckets[name] = b
	return b, nil
}

// Buckets lists all buckets by name.
func (s *Store) Buckets() ([]BucketInfo, error) {
	names, err := s.home.Names(context.Background())
	if err != nil {
		return nil, err
	}
	var infos []BucketInfo
	for _, name := range names {
		b, err := s.Lookup(name)
		if errors.Is(err, ErrNoSuchBucket) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		info, err := b.Info()
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// Delete removes an empty bucket, or returns ErrNoSuchBucket or ErrBucketNotEmpty.
func (s *Store) Delete(name string) error {
	b, err := s.Lookup(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] != b {
		return ErrNoSuchBucket // somebody else was faster
	}
	ctx := context.Background()
	if err := b.driver.Retire(ctx); err != nil {
		return err
	}
	b.lifecycle.close()
	delete(s.buckets, name)
	return errors.Join(b.outbox.close(), s.removeSettings(name), s.deleted(name), s.home.Drop(ctx, name))
}

// Close closes all buckets. Bodies that are being read stay readable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var err error
	for name, b := range s.buckets {
		err = errors.Join(err, b.close())
		delete(s.buckets, name)
	}
	return errors.Join(err, s.home.Close())
}

// Ping says what keeps the driver from answering, for example an S3 store that
// is away.
func (s *Store) Ping(ctx context.Context) error { return s.home.Ping(ctx) }

// newID returns n random bytes in hex.
func (s *Store) newID(n int) string {
	var buf [32]byte
	s.randMu.Lock()
	defer s.randMu.Unlock()
	if _, err := io.ReadFull(s.rand, buf[:n]); err != nil {
		// A source that a test ran dry; crypto/rand itself never fails.
		_, _ = rand.Read(buf[:n])
	}
	return hex.EncodeToString(buf[:n])
}
