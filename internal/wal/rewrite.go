package wal

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

// maxSwapTail is how much of what was appended meanwhile, in bytes, may be left
// for the moment in which appends wait.
const maxSwapTail = 256 << 10

// maxCatchUps bounds how often the copy runs after writers that are as fast.
const maxCatchUps = 8

// Rewrite replaces the log's content by what write emits: compaction. Appends
// go on meanwhile: what they append is carried over behind what write emits,
// and they wait only for the swap of the files. So what write emits may already
// hold some of it, and replaying a record on top of its own result must change
// nothing. What was appended before write is called is not carried over: write
// emits it, so it first waits for those who have appended and not yet told.
//
// A crash leaves either the old or the new log whole; after an error the old
// one goes on. One Rewrite runs at a time.
func (l *Log) Rewrite(write func(emit func(record []byte) error) error) error {
	l.rewriting.Lock()
	defer l.rewriting.Unlock()
	old, from, err := l.current()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(tempName(l.path), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	size, err := writeAll(f, write)
	if err == nil {
		size, from, err = l.catchUp(f, old, size, from)
	}
	if err == nil {
		err = l.swap(f, old, size, from)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return fmt.Errorf("compact %s: %w", l.path, err)
	}
	old.Close() // its name is gone: nothing in it is needed any more
	return syncDir(l.path)
}

// current is the file and where it ends.
func (l *Log) current() (*os.File, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.f, l.size, l.err
}

// catchUp copies what was appended to old behind from, until little is left.
func (l *Log) catchUp(f, old *os.File, size, from int64) (newSize, newFrom int64, err error) {
	for turn := 1; ; turn++ {
		_, end, err := l.current()
		if err != nil {
			return 0, 0, err
		}
		n, err := io.Copy(f, io.NewSectionReader(old, from, end-from))
		if err != nil {
			return 0, 0, err
		}
		size, from = size+n, end
		if err := f.Sync(); err != nil { // appends do not wait for it
			return 0, 0, err
		}
		if n <= maxSwapTail || turn == maxCatchUps {
			return size, from, nil
		}
	}
}

// swap copies the rest and puts f in the place of old.
func (l *Log) swap(f, old *os.File, size, from int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	n, err := io.Copy(f, io.NewSectionReader(old, from, l.size-from))
	if err != nil {
		return err
	}
	if l.synced > from { // Sync promised some of the rest
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := os.Rename(f.Name(), l.path); err != nil {
		return err
	}
	l.f, l.size, l.synced = f, size+n, 0
	return nil
}

func writeAll(f *os.File, write func(emit func([]byte) error) error) (int64, error) {
	w := bufio.NewWriterSize(f, 1<<20)
	var size int64
	var header []byte
	err := write(func(record []byte) error {
		if err := checkSize(record); err != nil {
			return err
		}
		header = appendHeader(header[:0], record)
		size += int64(len(header) + len(record))
		if _, err := w.Write(header); err != nil {
			return err
		}
		_, err := w.Write(record)
		return err
	})
	if err == nil {
		err = w.Flush()
	}
	return size, err
}
