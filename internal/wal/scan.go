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

// reader walks over the records of a log file.
type reader struct {
	r    *bufio.Reader
	end  int64 // where the last whole record ends
	size int64 // of the file
	head [HeaderSize]byte
	buf  []byte
}

// errTorn says that what follows reader.end is an unfinished write.
var errTorn = errors.New("torn tail")

// scan replays f and returns where its last whole record ends.
func scan(f *os.File, replay func([]byte, int64) error) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	r := &reader{r: bufio.NewReaderSize(f, 1<<20), size: info.Size()}
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

// next reads one record. A killed process leaves a prefix of what it wrote, so
// a short header and a record longer than the file are torn writes.
func (r *reader) next() ([]byte, error) {
	if r.size-r.end < HeaderSize {
		return nil, errTorn
	}
	header := r.head[:]
	if _, err := io.ReadFull(r.r, header); err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(header[:4]))
	if crc32.Checksum(header[:4], castagnoli) != binary.LittleEndian.Uint32(header[4:8]) || n > MaxRecord {
		return nil, r.damaged(header)
	}
	if r.end+HeaderSize+n > r.size {
		return nil, errTorn
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	record := r.buf[:n]
	if _, err := io.ReadFull(r.r, record); err != nil {
		return nil, err
	}
	if crc32.Checksum(record, castagnoli) != binary.LittleEndian.Uint32(header[8:]) {
		return nil, r.damaged(nil)
	}
	return record, nil
}

// damaged tells an unfinished write from damage with something behind it, which
// must not be thrown away in silence. After a power cut a file may have grown
// without its bytes: then all that follows is zero.
func (r *reader) damaged(read []byte) error {
	zero, err := restIsZero(io.MultiReader(bytes.NewReader(read), r.r))
	if err != nil {
		return err
	}
	if zero {
		return errTorn
	}
	return fmt.Errorf("damaged record at offset %d of %d bytes; move the file away to start without it", r.end, r.size)
}

func restIsZero(r io.Reader) (bool, error) {
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
