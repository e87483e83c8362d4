// Package wal is an append-only log file: the durable half of a service that
// keeps its working set in memory. Each record is framed by its length, a
// CRC-32C of that length and one of the record, so that a torn tail (a crash in
// mid-write) is told from damage: the first is cut off, the second is reported.
//
// Append returns once the kernel has the record: it survives a kill -9 of the
// process at any later moment. Sync makes it survive a power cut too; Close
// and Rewrite sync by themselves.
package wal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// headerSize counts length, checksum of the length, checksum of the record; all
// little endian. The length has a checksum of its own because a damaged length
// would otherwise look like a torn record and take all that follows with it.
const headerSize = 12

// MaxRecord is the largest record, in bytes. It bounds what a damaged length
// field can make a reader allocate.
const MaxRecord = 256 << 20

// maxScratch is the most memory, in bytes, that an idle log keeps for framing.
const maxScratch = 4 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Log is an open log file. Its methods may be called from any goroutine.
type Log struct {
	mu   sync.Mutex
	f    *os.File
	path string
	size int64
	buf  []byte // scratch for framing
	err  error  // after a failed write that could not be undone
}

// Open opens or creates the log at path and calls replay for each whole
// record, oldest first. The slice is valid only during the call. What follows
// the last whole record is cut off; a damaged record before that is an error.
func Open(path string, replay func(record []byte) error) (*Log, error) {
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
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.buf = l.buf[:0]
	for _, r := range records {
		if err := checkSize(r); err != nil {
			return err
		}
		l.buf = frame(l.buf, r)
	}
	n, err := l.f.Write(l.buf)
	if err != nil {
		return l.undo(err)
	}
	l.size += int64(n)
	if cap(l.buf) > maxScratch {
		l.buf = nil // one huge record must not pin its memory
	}
	return nil
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

func frame(buf, record []byte) []byte {
	start := len(buf)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(record)))
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf[start:start+4], castagnoli))
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(record, castagnoli))
	return append(buf, record...)
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
	return l.f.Sync()
}

// Rewrite replaces the log's content by what write emits: compaction. Appends
// wait meanwhile, so write must not call Append. A crash leaves either the old
// or the new log whole; after an error the old one goes on.
func (l *Log) Rewrite(write func(emit func(record []byte) error) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	f, err := os.OpenFile(tempName(l.path), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	size, err := writeAll(f, write)
	if err == nil {
		err = os.Rename(f.Name(), l.path)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return fmt.Errorf("compact %s: %w", l.path, err)
	}
	l.f.Close() // its name is gone: nothing in it is needed any more
	l.f, l.size = f, size
	return syncDir(l.path)
}

func writeAll(f *os.File, write func(emit func([]byte) error) error) (int64, error) {
	w := bufio.NewWriterSize(f, 1<<20)
	var size int64
	var buf []byte
	err := write(func(record []byte) error {
		if err := checkSize(record); err != nil {
			return err
		}
		buf = frame(buf[:0], record)
		size += int64(len(buf))
		_, err := w.Write(buf)
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return size, err
}

// Close syncs and closes the file. Closing twice is harmless.
func (l *Log) Close() error {
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
