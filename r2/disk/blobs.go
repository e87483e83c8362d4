package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"flint/r2/driver"
)

// blobs is the folder with the content of larger objects:
// blobs/<first two digits>/<version>. A blob is written once and never
// changed, so it needs no temporary name: until a row names it, it is invisible.
type blobs struct {
	dir string
	// dirty says that the folder may hold blobs that no row names. The marker
	// file says the same to the next run, so that a clean start need not look.
	dirty atomic.Bool

	mu     sync.Mutex
	pins   map[string]int  // blobs that are being read by name
	doomed map[string]bool // of these, the ones to remove at the last unpin
}

const dirtyMarker = ".open"

func openBlobs(dir string) (*blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &blobs{dir: dir, pins: map[string]int{}, doomed: map[string]bool{}}
	_, err := os.Stat(filepath.Join(dir, dirtyMarker))
	s.dirty.Store(err == nil)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return s, err
}

func (s *blobs) path(id string) string { return filepath.Join(s.dir, id[:2], id) }

// create makes the file of a new blob.
func (s *blobs) create(id string) (*os.File, error) {
	if err := s.mark(); err != nil {
		return nil, err
	}
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := os.OpenFile(s.path(id), flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(s.path(id)), 0o700); err != nil {
			return nil, err
		}
		f, err = os.OpenFile(s.path(id), flags, 0o600)
	}
	return f, err
}

// link gives a blob, which may be another bucket's, a second name.
func (s *blobs) link(path, id string) error {
	if err := s.mark(); err != nil {
		return err
	}
	err := os.Link(path, s.path(id))
	if errors.Is(err, fs.ErrNotExist) { // the blob is gone, or the folder is not there yet
		if err := os.MkdirAll(filepath.Dir(s.path(id)), 0o700); err != nil {
			return err
		}
		err = os.Link(path, s.path(id))
	}
	return err
}

// mark leaves the marker before the first change of a run.
func (s *blobs) mark() error {
	if s.dirty.Load() {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(s.dir, dirtyMarker), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	s.dirty.Store(true)
	return f.Close()
}

func (s *blobs) open(id string) (*os.File, error) { return os.Open(s.path(id)) }

// remove removes a blob, now or when its last reader is done.
func (s *blobs) remove(id string) error {
	s.mu.Lock()
	pinned := s.pins[id] > 0
	if pinned {
		s.doomed[id] = true
	}
	s.mu.Unlock()
	if pinned {
		return nil
	}
	if err := s.mark(); err != nil {
		return err
	}
	err := os.Remove(s.path(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		s.mu.Lock()
		s.doomed[id] = true // keeps the marker in place at close
		s.mu.Unlock()
	}
	return err
}

// pin runs look, which returns the names of blobs to keep, while nothing can
// be removed, and pins them.
func (s *blobs) pin(look func() ([]string, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, err := look()
	for _, id := range ids {
		s.pins[id]++
	}
	return err
}

func (s *blobs) unpin(ids []string) {
	s.mu.Lock()
	var remove []string
	for _, id := range ids {
		if s.pins[id]--; s.pins[id] > 0 {
			continue
		}
		delete(s.pins, id)
		if s.doomed[id] {
			delete(s.doomed, id)
			remove = append(remove, id)
		}
	}
	s.mu.Unlock()
	for _, id := range remove {
		_ = os.Remove(s.path(id)) // what stays is found by the next sweep
	}
}

// sweep removes every blob that is not in named and counts the named ones that
// are missing.
func (s *blobs) sweep(named map[string]bool) (removed, missing int, err error) {
	missing = len(named)
	err = filepath.WalkDir(s.dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() || e.Name() == dirtyMarker:
			return nil
		case named[e.Name()]:
			missing--
			return nil
		}
		removed++
		return os.Remove(path)
	})
	return removed, missing, err
}

// close takes the marker away, unless a reader still holds a blob that is to go.
func (s *blobs) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dirty.Load() || len(s.doomed) > 0 {
		return nil
	}
	err := os.Remove(filepath.Join(s.dir, dirtyMarker))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// fileBody is a span of one blob. The open file outlives its name.
type fileBody struct {
	f    *os.File
	left int64
}

func newFileBody(f *os.File, span driver.Span) (*fileBody, error) {
	if span.Offset > 0 {
		if _, err := f.Seek(span.Offset, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return &fileBody{f, span.Length}, nil
}

// Read implements io.Reader.
func (b *fileBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.f.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if errors.Is(err, io.EOF) && b.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// WriteTo implements io.WriterTo. An *io.LimitedReader of a file is what
// sockets can send by themselves.
func (b *fileBody) WriteTo(w io.Writer) (int64, error) {
	n, err := copySpan(w, &io.LimitedReader{R: b.f, N: b.left})
	if b.left -= n; b.left > 0 && err == nil {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// copySpan holds a buffer only for writers that cannot take a file by themselves.
func copySpan(w io.Writer, src *io.LimitedReader) (int64, error) {
	if to, ok := w.(io.ReaderFrom); ok {
		return to.ReadFrom(src)
	}
	buf := driver.CopyBuffers.Get().(*[]byte)
	defer driver.CopyBuffers.Put(buf)
	return io.CopyBuffer(w, src, *buf)
}

// Close implements io.Closer.
func (b *fileBody) Close() error { return b.f.Close() }

// partsBody is a span of several blobs, opened one at a time.
type partsBody struct {
	blobs  *blobs
	parts  []partSpan
	key    *driver.SSECKey // to decrypt with; nil for none
	cur    io.ReadCloser
	pinned []string
	closed bool
}

type partSpan struct {
	blob string
	span driver.Span
}

// Read implements io.Reader.
func (b *partsBody) Read(p []byte) (int, error) {
	for {
		if b.cur == nil {
			if len(b.parts) == 0 {
				return 0, io.EOF
			}
			if err := b.next(); err != nil {
				return 0, err
			}
		}
		n, err := b.cur.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		b.cur.Close()
		b.cur = nil
	}
}

// WriteTo implements io.WriterTo.
func (b *partsBody) WriteTo(w io.Writer) (total int64, err error) {
	for b.cur != nil || len(b.parts) > 0 {
		if b.cur == nil {
			if err := b.next(); err != nil {
				return total, err
			}
		}
		n, err := io.Copy(w, b.cur)
		if total += n; err != nil {
			return total, err
		}
		b.cur.Close()
		b.cur = nil
	}
	return total, nil
}

func (b *partsBody) next() error {
	f, err := b.blobs.open(b.parts[0].blob)
	if err != nil {
		return err
	}
	cur, err := newFileBody(f, b.parts[0].span)
	if err != nil {
		f.Close()
		return err
	}
	if b.cur, err = b.key.Decrypt(cur, b.parts[0].blob, b.parts[0].span.Offset); err != nil {
		return err
	}
	b.parts = b.parts[1:]
	return nil
}

// Close implements io.Closer.
func (b *partsBody) Close() error {
	if b.closed {
		return nil
	}
	b.closed = true
	b.blobs.unpin(b.pinned)
	if b.cur != nil {
		return b.cur.Close()
	}
	return nil
}
