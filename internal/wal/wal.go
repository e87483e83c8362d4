package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// HeaderSize is what a record takes in the file beside its own bytes: length,
// checksum of the length, checksum of the record; all little endian. The length has a checksum of its own because a damaged length
// would otherwise look like a torn record and take all that follows with it.
const HeaderSize = 12

// MaxRecord is the largest record, in bytes. It bounds what a damaged length
// field can make a reader allocate.
const MaxRecord = 256 << 20

const (
	maxScratch = 4 << 20   // the most memory, in bytes, that an idle log keeps for framing
	minDirect  = 128 << 10 // a record of at least so many bytes is written without a copy
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Log is an open log file. Its methods may be called from any goroutine.
type Log struct {
	mu   sync.Mutex
	f    *os.File
	path string
	size int64

	synced    int64      // how much of it Sync has flushed
	buf       []byte     // scratch for framing
	err       error      // after a failed write that could not be undone
	rewriting sync.Mutex // one Rewrite at a time, and Close behind it; taken before mu
}

// Open opens or creates the log at path and calls replay for each whole
// record, oldest first. The slice is valid only during the call. What follows
// the last whole record is cut off; a damaged record before that is an error.
func Open(path string, replay func(record []byte) error) (*Log, error) {
	return OpenAt(path, func(record []byte, _ int64) error { return replay(record) })
}

// OpenAt is Open for a service that does not keep all in memory: replay is also
// told where in the file the record is, for ReadAt.
func OpenAt(path string, replay func(record []byte, at int64) error) (*Log, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	end, err := scan(f, replay)
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read log %s: %w", path, err)
	}
	return &Log{f: f, path: path, size: end}, nil
}

// openFile opens or creates the file and drops what a Rewrite that was killed
// left behind.
func openFile(path string) (*os.File, error) {
	if err := os.Remove(tempName(path)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if !errors.Is(err, os.ErrNotExist) {
		return f, err
	}
	if f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	if err := syncDir(path); err != nil { // else Sync could not promise the new name
		f.Close()
		return nil, err
	}
	return f, nil
}

func tempName(path string) string { return path + ".tmp" }

// syncDir makes the directory entry of path survive a power cut.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Append writes records as one unit of ordering and returns when the kernel
// has them. After an error nothing of them is in the log.
func (l *Log) Append(records ...[]byte) error {
	_, err := l.AppendAt(records...)
	return err
}

// AppendAt is Append and tells where in the file the first record is; the next
// one is behind it and another HeaderSize. A rewrite moves them.
func (l *Log) AppendAt(records ...[]byte) (at int64, err error) {
	for _, r := range records {
		if err := checkSize(r); err != nil {
			return 0, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.writeFrames(records)
	if err != nil {
		return 0, l.undo(err)
	}
	at = l.size + HeaderSize
	l.size += n
	if cap(l.buf) > maxScratch {
		l.buf = nil // many records must not pin their memory
	}
	return at, nil
}

// ReadAt fills p with what is at a place of the file. The caller keeps a
// rewrite from moving it meanwhile.
func (l *Log) ReadAt(p []byte, at int64) error {
	f, _, err := l.current()
	if err != nil {
		return err
	}
	if _, err := f.ReadAt(p, at); err != nil {
		return fmt.Errorf("read %d bytes at %d of %s: %w", len(p), at, l.path, err)
	}
	return nil
}

// writeFrames writes small records in one call. A large one goes to the kernel
// from where it is, because copying it would take its memory twice.
func (l *Log) writeFrames(records [][]byte) (written int64, err error) {
	flush := func(b []byte) {
		if err == nil {
			var n int
			n, err = l.f.Write(b)
			written += int64(n)
		}
	}
	l.buf = l.buf[:0]
	for _, r := range records {
		l.buf = appendHeader(l.buf, r)
		if len(r) < minDirect {
			l.buf = append(l.buf, r...)
			continue
		}
		flush(l.buf)
		flush(r)
		l.buf = l.buf[:0]
	}
	if len(l.buf) > 0 {
		flush(l.buf)
	}
	return written, err
}

// undo takes a half-written tail back, so that later records stay readable.
func (l *Log) undo(cause error) error {
	err := l.f.Truncate(l.size)
	if err == nil {
		_, err = l.f.Seek(l.size, io.SeekStart)
	}
	if err != nil {
		l.err = fmt.Errorf("log %s is unusable after a failed write: %w", l.path, errors.Join(cause, err))
		return l.err
	}
	return fmt.Errorf("append to %s: %w", l.path, cause)
}

func checkSize(record []byte) error {
	if len(record) > MaxRecord {
		return fmt.Errorf("record of %d bytes exceeds %d", len(record), MaxRecord)
	}
	return nil
}

func appendHeader(buf, record []byte) []byte {
	start := len(buf)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(record)))
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf[start:start+4], castagnoli))
	return binary.LittleEndian.AppendUint32(buf, crc32.Checksum(record, castagnoli))
}

// Size is the length of the file in bytes.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// Sync flushes the file to the disk.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.f.Sync(); err != nil {
		return err
	}
	l.synced = l.size
	return nil
}

// Close waits for a Rewrite, syncs and closes the file. Closing twice is harmless.
func (l *Log) Close() error {
	l.rewriting.Lock()
	defer l.rewriting.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.err, os.ErrClosed) {
		return nil
	}
	err := l.err
	if err == nil {
		err = l.f.Sync()
	}
	l.err = os.ErrClosed
	return errors.Join(err, l.f.Close())
}
