package wal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// recordReader reads the records of a log file one after the other.
type recordReader struct {
	buffered *bufio.Reader
	end      int64 // offset behind the last whole record
	size     int64 // bytes of the file
	header   [HeaderSize]byte
	buf      []byte
}

// errTorn means that what follows recordReader.end is an unfinished write.
var errTorn = errors.New("torn tail")

// scan calls replay for each record of f and returns the offset behind the last whole
// one.
func scan(f *os.File, replay func([]byte, int64) error) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	r := &recordReader{buffered: bufio.NewReaderSize(f, 1<<20), size: info.Size()}
	for {
		record, err := r.next()
		if errors.Is(err, errTorn) {
			return r.end, nil
		}
		if err != nil {
			return r.end, err
		}
		if err := replay(record, r.end+HeaderSize); err != nil {
			return r.end, err
		}
		r.end += HeaderSize + int64(len(record))
	}
}

// next reads one record. A killed process leaves a prefix of what it wrote, so a short
// header and a record that is longer than the file are torn writes.
func (r *recordReader) next() ([]byte, error) {
	if r.size-r.end < HeaderSize {
		return nil, errTorn
	}
	header := r.header[:]
	if _, err := io.ReadFull(r.buffered, header); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(header[:4]))
	if crc32.Checksum(header[:4], castagnoli) != binary.LittleEndian.Uint32(header[4:8]) || n > MaxRecord {
		return nil, r.classifyDamage(header)
	}
	if r.end+HeaderSize+n > r.size {
		return nil, errTorn
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	record := r.buf[:n]
	if _, err := io.ReadFull(r.buffered, record); err != nil {
		return nil, err
	}
	if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(header[8:]) {
		return nil, r.classifyDamage(nil)
	}
	return record, nil
}

// classifyDamage returns errTorn for an unfinished write and another error for damage
// with data behind it, which must not be dropped silently. After a power cut a file may
// have its new length without the bytes: all that follows is then zero.
func (r *recordReader) classifyDamage(header []byte) error {
	zero, err := isAllZero(io.MultiReader(bytes.NewReader(header), r.buffered))
	if err != nil {
		return err
	}
	if zero {
		return errTorn
	}
	return fmt.Errorf("damaged record at offset %d of %d bytes; move the file away to start without it", r.end, r.size)
}

func isAllZero(r io.Reader) (bool, error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		for _, b := range buf[:n] {
			if b != 0 {
				return false, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}
