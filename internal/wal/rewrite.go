package wal

import (
	"bufio"
	"errors"
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
	r, err := l.BeginRewrite()
	if err != nil {
		return err
	}
	err = write(func(record []byte) error {
		_, err := r.Append(record)
		return err
	})
	if err == nil {
		err = r.CatchUp()
	}
	if err == nil {
		_, err = r.Swap()
	}
	return errors.Join(err, r.End())
}

// Rewriting is a rewrite in steps, for a service that knows the places of its
// records: BeginRewrite, Append what is to stay, CatchUp beside those who
// append to the log, Swap while nobody does, and End in any case.
type Rewriting struct {
	l       *Log
	old, f  *os.File
	w       *bufio.Writer
	from    int64 // up to where the old file is not carried over
	start   int64 // of from, when Rewriting began
	base    int64 // where the first record that is carried over lands
	size    int64
	header  []byte
	swapped bool
}

// BeginRewrite starts a rewrite of what the log has at this moment; what is
// appended from here on is carried over. It waits for another one.
func (l *Log) BeginRewrite() (*Rewriting, error) {
	l.rewriting.Lock()
	old, from, err := l.current()
	var f *os.File
	if err == nil {
		f, err = os.OpenFile(tempName(l.path), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	if err != nil {
		l.rewriting.Unlock()
		return nil, err
	}
	return &Rewriting{l: l, old: old, f: f, w: bufio.NewWriterSize(f, 1<<20), from: from, start: from}, nil
}

// Append adds a record and tells where it is in the new file.
func (r *Rewriting) Append(record []byte) (at int64, err error) {
	if err := checkSize(record); err != nil {
		return 0, err
	}
	r.header = appendHeader(r.header[:0], record)
	if _, err := r.w.Write(r.header); err != nil {
		return 0, r.failed(err)
	}
	if _, err := r.w.Write(record); err != nil {
		return 0, r.failed(err)
	}
	at = r.size + HeaderSize
	r.size += HeaderSize + int64(len(record))
	return at, nil
}

// CatchUp carries over what was appended to the log meanwhile, until little is
// left, and flushes it to the disk.
func (r *Rewriting) CatchUp() error {
	if err := r.w.Flush(); err != nil {
		return r.failed(err)
	}
	r.base = r.size
	var err error
	r.size, r.from, err = r.l.catchUp(r.f, r.old, r.size, r.from)
	return r.failed(err)
}

// Swap carries over the rest and puts the new file in the place of the old. It
// returns the move: what was at a place of the old file behind BeginRewrite is
// now at that place plus move. After an error the old file goes on.
func (r *Rewriting) Swap() (move int64, err error) {
	if err := r.l.swap(r.f, r.old, r.size, r.from); err != nil {
		return 0, r.failed(err)
	}
	r.swapped = true
	return r.base - r.start, nil
}

// End closes the file that is not needed any more and lets the next rewrite begin.
func (r *Rewriting) End() error {
	defer r.l.rewriting.Unlock()
	if !r.swapped {
		return errors.Join(r.f.Close(), os.Remove(r.f.Name()))
	}
	r.old.Close() // its name is gone: nothing in it is needed any more
	return syncDir(r.l.path)
}

func (r *Rewriting) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("compact %s: %w", r.l.path, err)
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
