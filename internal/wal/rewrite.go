package wal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxSwapTail is how many appended bytes CatchUp may leave to Swap, during which
// appends wait.
const maxSwapTail = 256 << 10

// maxCatchUpRounds bounds the rounds of CatchUp when appends are as fast as the copy.
const maxCatchUpRounds = 8

// Rewrite replaces the log's records by those that write emits: compaction. Appends
// go on meanwhile and wait only while the files are swapped; what they append is
// copied behind the records that write emits. So a change may be in both parts, and
// replaying a record twice must have the effect of replaying it once. What was
// appended before write is called is not copied: write must emit it, also records
// that a concurrent caller of Append has not applied to its memory yet.
//
// A crash leaves either the old or the new log, whole. After an error the old log
// stays in use. Only one Rewrite runs at a time.
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

// Rewriting is a Rewrite in steps, for a service that keeps the offsets of its
// records: BeginRewrite, Append for each record to keep, CatchUp while others append
// to the log, Swap while the service keeps others from appending, and End in any case.
type Rewriting struct {
	log              *Log
	oldFile, newFile *os.File
	w                *bufio.Writer
	copiedTo         int64 // offset in the old file up to which its records are in the new one
	beginSize        int64 // size of the old file when the rewrite began
	tailStart        int64 // offset in the new file of the first copied record
	newSize          int64 // bytes of the new file
	header           []byte
	swapped          bool
}

// BeginRewrite begins a rewrite of the records that the log has at this moment. What is
// appended later is copied. It waits for another rewrite to end.
func (l *Log) BeginRewrite() (*Rewriting, error) {
	l.rewriteLock.Lock()
	oldFile, copiedTo, err := l.currentFile()
	var newFile *os.File
	if err == nil {
		newFile, err = os.OpenFile(tempName(l.path), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	}
	if err != nil {
		l.rewriteLock.Unlock()
		return nil, err
	}
	return &Rewriting{log: l, oldFile: oldFile, newFile: newFile, w: bufio.NewWriterSize(newFile, 1<<20), copiedTo: copiedTo, beginSize: copiedTo}, nil
}

// Append adds a record and returns its offset in the new file.
func (r *Rewriting) Append(record []byte) (at int64, err error) {
	if err := checkSize(record); err != nil {
		return 0, err
	}
	r.header = appendHeader(r.header[:0], record)
	if _, err := r.w.Write(r.header); err != nil {
		return 0, r.wrap(err)
	}
	if _, err := r.w.Write(record); err != nil {
		return 0, r.wrap(err)
	}
	at = r.newSize + HeaderSize
	r.newSize += HeaderSize + int64(len(record))
	return at, nil
}

// CatchUp copies what was appended to the log since BeginRewrite, until little is left,
// and syncs the new file.
func (r *Rewriting) CatchUp() error {
	if err := r.w.Flush(); err != nil {
		return r.wrap(err)
	}
	r.tailStart = r.newSize
	var err error
	r.newSize, r.copiedTo, err = r.log.catchUp(r.newFile, r.oldFile, r.newSize, r.copiedTo)
	return r.wrap(err)
}

// Swap copies the rest and replaces the old file by the new one. A record that was
// appended to the old file after BeginRewrite is now at its old offset plus the
// returned one. After an error the old file stays in use.
func (r *Rewriting) Swap() (offset int64, err error) {
	if err := r.log.swap(r.newFile, r.oldFile, r.newSize, r.copiedTo); err != nil {
		return 0, r.wrap(err)
	}
	r.swapped = true
	return r.tailStart - r.beginSize, nil
}

// End closes the file that is no longer needed and lets the next rewrite begin.
func (r *Rewriting) End() error {
	defer r.log.rewriteLock.Unlock()
	if !r.swapped {
		return errors.Join(r.newFile.Close(), os.Remove(r.newFile.Name()))
	}
	r.oldFile.Close() // it has been replaced: an error loses nothing
	return syncDir(r.log.path)
}

func (r *Rewriting) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("compact %s: %w", r.log.path, err)
}

// currentFile returns the file and its size.
func (l *Log) currentFile() (*os.File, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file, l.size, l.err
}

// catchUp copies what was appended to oldFile behind copiedTo, until little is left.
func (l *Log) catchUp(newFile, oldFile *os.File, newSize, copiedTo int64) (sizeAfter, copiedAfter int64, err error) {
	for round := 1; ; round++ {
		_, end, err := l.currentFile()
		if err != nil {
			return 0, 0, err
		}
		n, err := io.Copy(newFile, io.NewSectionReader(oldFile, copiedTo, end-copiedTo))
		if err != nil {
			return 0, 0, err
		}
		newSize, copiedTo = newSize+n, end
		if err := newFile.Sync(); err != nil { // without l.mu: appends do not wait
			return 0, 0, err
		}
		if n <= maxSwapTail || round == maxCatchUpRounds {
			return newSize, copiedTo, nil
		}
	}
}

// swap copies the rest and replaces oldFile by newFile.
func (l *Log) swap(newFile, oldFile *os.File, newSize, copiedTo int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	n, err := io.Copy(newFile, io.NewSectionReader(oldFile, copiedTo, l.size-copiedTo))
	if err != nil {
		return err
	}
	if l.syncedSize > copiedTo { // some of the rest had been synced
		if err := newFile.Sync(); err != nil {
			return err
		}
	}
	if err := os.Rename(newFile.Name(), l.path); err != nil {
		return err
	}
	l.file, l.size, l.syncedSize = newFile, newSize+n, 0
	return nil
}
