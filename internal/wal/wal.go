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

// HeaderSize is how many bytes a record takes in the file besides its content: length,
// checksum of the length, checksum of the content, each 4 bytes, little endian. The
// length has a checksum of its own because a damaged length would otherwise look like a
// torn record, and all records behind it would be cut off.
const HeaderSize = 12

// MaxRecord is the largest record, in bytes. It bounds what a damaged length
// field can make a reader allocate.
const MaxRecord = 256 << 20

const (
	maxIdleBuffer  = 4 << 20   // bytes of the framing buffer that are kept between appends
	minDirectWrite = 128 << 10 // a record of at least so many bytes is not copied into the buffer
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Log is an open log file. It is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	file *os.File
	path string
	size int64

	syncedSize  int64      // bytes that Sync has flushed
	frameBuf    []byte     // reused for the frames of one append
	err         error      // set when a failed write could not be undone, and by Close; all calls then fail
	rewriteLock sync.Mutex // held during a rewrite and by Close; taken before mu
}

// Open opens or creates the log at path and calls replay for each whole
// record, oldest first. The slice is valid only during the call. What follows
// the last whole record is cut off; a damaged record before that is an error.
func Open(path string, replay func(record []byte) error) (*Log, error) {
	return OpenAt(path, func(record []byte, _ int64) error { return replay(record) })
}

// OpenAt is Open for a service that reads records again: replay also gets the offset
// of the record in the file, for ReadAt.
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
	return &Log{file: f, path: path, size: end}, nil
}

// openFile opens or creates the file and removes the unfinished file of a rewrite that
// was killed.
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
	if err := syncDir(path); err != nil { // otherwise a power cut could lose the name after a Sync
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

// Append appends records, with no others between them, and returns when the kernel has
// them. After an error none of them is in the log.
func (l *Log) Append(records ...[]byte) error {
	_, err := l.AppendAt(records...)
	return err
}

// AppendAt is Append that returns the offset of the first record in the file; each next
// one follows after HeaderSize bytes. A rewrite changes offsets.
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
		return 0, l.truncateTail(err)
	}
	at = l.size + HeaderSize
	l.size += n
	if cap(l.frameBuf) > maxIdleBuffer {
		l.frameBuf = nil // do not keep the memory of a large append
	}
	return at, nil
}

// ReadAt fills p with the bytes at an offset of the file. The caller must not let a
// rewrite swap the file meanwhile.
func (l *Log) ReadAt(p []byte, at int64) error {
	f, _, err := l.currentFile()
	if err != nil {
		return err
	}
	if _, err := f.ReadAt(p, at); err != nil {
		return fmt.Errorf("read %d bytes at %d of %s: %w", len(p), at, l.path, err)
	}
	return nil
}

// writeFrames writes small records in one system call. A large one is written without
// a copy, which would double its memory.
func (l *Log) writeFrames(records [][]byte) (written int64, err error) {
	flush := func(b []byte) {
		if err == nil {
			var n int
			n, err = l.file.Write(b)
			written += int64(n)
		}
	}
	l.frameBuf = l.frameBuf[:0]
	for _, r := range records {
		l.frameBuf = appendHeader(l.frameBuf, r)
		if len(r) < minDirectWrite {
			l.frameBuf = append(l.frameBuf, r...)
			continue
		}
		flush(l.frameBuf)
		flush(r)
		l.frameBuf = l.frameBuf[:0]
	}
	if len(l.frameBuf) > 0 {
		flush(l.frameBuf)
	}
	return written, err
}

// truncateTail removes a half-written append, so that later records stay readable.
func (l *Log) truncateTail(cause error) error {
	err := l.file.Truncate(l.size)
	if err == nil {
		_, err = l.file.Seek(l.size, io.SeekStart)
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

// Sync flushes the file to the disk: fsync(2).
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.file.Sync(); err != nil {
		return err
	}
	l.syncedSize = l.size
	return nil
}

// Close waits for a Rewrite, syncs and closes the file. A second Close does nothing.
func (l *Log) Close() error {
	l.rewriteLock.Lock()
	defer l.rewriteLock.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if errors.Is(l.err, os.ErrClosed) {
		return nil
	}
	err := l.err
	if err == nil {
		err = l.file.Sync()
	}
	l.err = os.ErrClosed
	return errors.Join(err, l.file.Close())
}
