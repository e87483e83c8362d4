package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/klauspost/compress/s2"
)

// Rebuilder gives back a state of a chain, in a file. Every frame passes the
// checksum that SQLite gave it, so the pages are what was committed or there
// is an error.
type Rebuilder struct {
	base, log *os.File // the log may be nil
	head      baseHead
	blocks    []block

	out   *os.File
	size  int    // of a page
	pages uint32 // of the database
	cache map[uint32][]byte
}

// Rebuilder opens what is needed for the states up to a block. Pruning the
// chain does not disturb it after that.
func (c *chain) Rebuilder(blocks int) (*Rebuilder, error) {
	base, err := os.Open(c.path(".base"))
	if err != nil {
		return nil, err
	}
	r := &Rebuilder{base: base, head: c.base, blocks: c.blocks[:blocks:blocks], size: int(c.base.PageSize), pages: c.base.Pages}
	if blocks > 0 {
		if r.log, err = os.Open(c.path(".log")); err != nil {
			return nil, errors.Join(err, base.Close())
		}
	}
	return r, nil
}

// Close frees the files of the history.
func (r *Rebuilder) Close() {
	_ = r.base.Close() // both were only read
	if r.log != nil {
		_ = r.log.Close()
	}
}

// Write makes out the database at target, which lies in the last block, or is
// the base.
func (r *Rebuilder) Write(out *os.File, target Position) error {
	r.out = out
	if err := r.copyBase(); err != nil {
		return fmt.Errorf("%s: %w", r.base.Name(), err)
	}
	for i := range r.blocks {
		stop := uint32(0)
		if i == len(r.blocks)-1 {
			stop = target.frame
		}
		sum, err := r.apply(&r.blocks[i], stop)
		if err == nil && stop != 0 && sum != target.sum {
			err = ErrDamaged
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.log.Name(), err)
		}
	}
	return out.Truncate(int64(r.pages) * int64(r.size))
}

func (r *Rebuilder) copyBase() error {
	if _, err := r.base.Seek(int64(baseHeadSize), io.SeekStart); err != nil {
		return err
	}
	size := int64(r.head.Pages) * int64(r.head.PageSize)
	var frame [8]byte
	var packed, raw []byte
	for at := int64(0); at < size; at += baseChunk {
		if _, err := io.ReadFull(r.base, frame[:]); err != nil {
			return err
		}
		n := binary.LittleEndian.Uint32(frame[:])
		if int64(n) > int64(s2.MaxEncodedLen(baseChunk)) {
			return ErrDamaged
		}
		packed = grow(packed, int(n))
		if _, err := io.ReadFull(r.base, packed); err != nil {
			return err
		}
		if crc32.Checksum(packed, castagnoli) != binary.LittleEndian.Uint32(frame[4:]) {
			return ErrDamaged
		}
		var err error
		if raw, err = s2.Decode(raw[:cap(raw)], packed); err != nil {
			return err
		}
		if _, err := r.out.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// apply brings the frames of a block into the file, up to stop, or all of them
// if that is 0. It returns the checksum after them.
func (r *Rebuilder) apply(b *block, stop uint32) (sum [2]uint32, err error) {
	if int(b.PageSize) != r.size {
		return sum, ErrDamaged
	}
	body, err := bodyAt(r.log, &b.recordHead, b.at)
	if err != nil {
		return sum, err
	}
	data, err := s2.Decode(nil, body[b.MetaLen:])
	if err != nil {
		return sum, err
	}
	if b.Fresh != 0 { // the file was cut to the size of the database then
		if err := r.out.Truncate(int64(r.pages) * int64(r.size)); err != nil {
			return sum, err
		}
	}
	r.cache = map[uint32][]byte{}
	sum = b.Before
	frame := b.First
	for ; frame <= b.Last && (stop == 0 || frame <= stop); frame++ {
		if data, err = r.frame(b, data, &sum); err != nil {
			return sum, fmt.Errorf("frame %d: %w", frame, err)
		}
	}
	if frame > b.Last && sum != b.After {
		return sum, fmt.Errorf("frame %d: %w", b.Last, ErrDamaged)
	}
	for page, content := range r.cache {
		if _, err := r.out.WriteAt(content, int64(page-1)*int64(r.size)); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// frame applies the next frame in data.
func (r *Rebuilder) frame(b *block, data []byte, sum *[2]uint32) (rest []byte, err error) {
	page, n := binary.Uvarint(data)
	pages, m := binary.Uvarint(data[max(n, 0):])
	if n <= 0 || m <= 0 || page == 0 || page > 1<<32-2 || pages > 1<<32-2 {
		return nil, ErrDamaged
	}
	content := r.cache[uint32(page)]
	if content == nil {
		content = make([]byte, r.size)
		if _, err := r.out.ReadAt(content, int64(page-1)*int64(r.size)); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		r.cache[uint32(page)] = content
	}
	if rest, err = applyPage(data[n+m:], content); err != nil {
		return nil, err
	}
	var head [8]byte
	binary.BigEndian.PutUint32(head[:], uint32(page))
	binary.BigEndian.PutUint32(head[4:], uint32(pages))
	order := binary.ByteOrder(binary.LittleEndian)
	if b.BigEndian != 0 {
		order = binary.BigEndian
	}
	*sum = walSum(order, walSum(order, *sum, head[:]), content)
	if pages != 0 {
		r.pages = uint32(pages)
	}
	return rest, nil
}

// walSum carries SQLite's checksum of a log on over b.
// https://www.sqlite.org/fileformat2.html#checksum_algorithm
func walSum(order binary.ByteOrder, sum [2]uint32, b []byte) [2]uint32 {
	s0, s1 := sum[0], sum[1]
	if order == binary.LittleEndian {
		for ; len(b) >= 8; b = b[8:] {
			s0 += binary.LittleEndian.Uint32(b) + s1
			s1 += binary.LittleEndian.Uint32(b[4:]) + s0
		}
		return [2]uint32{s0, s1}
	}
	for ; len(b) >= 8; b = b[8:] {
		s0 += binary.BigEndian.Uint32(b) + s1
		s1 += binary.BigEndian.Uint32(b[4:]) + s0
	}
	return [2]uint32{s0, s1}
}

// sqliteMagic begins every database file.
var sqliteMagic = []byte("SQLite format 3\x00")

// Adopt prepares a database file to be copied into a database: it says that it
// has no log, which would be looked for beside it, and it takes over what
// flint keeps in the header of the database.
// https://www.sqlite.org/fileformat2.html#the_database_header
func Adopt(f *os.File, pageSize int64, epoch, application uint32) error {
	head := make([]byte, 100)
	if _, err := f.ReadAt(head, 0); err != nil || !bytes.HasPrefix(head, sqliteMagic) {
		return errors.Join(ErrDamaged, err)
	}
	size := int64(binary.BigEndian.Uint16(head[16:]))
	if size == 1 {
		size = 65536
	}
	if size != pageSize {
		return errPageSize(size, pageSize)
	}
	head[18], head[19] = 1, 1
	binary.BigEndian.PutUint32(head[60:], epoch)
	binary.BigEndian.PutUint32(head[68:], application)
	_, err := f.WriteAt(head, 0)
	return err
}
