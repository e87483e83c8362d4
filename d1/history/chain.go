package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chain is a base and the log of what followed it: NNNNNNNN.base and
// NNNNNNNN.log in the folder of the history. A torn record at the end of the
// log, or a damaged one, is the end of the chain.
type chain struct {
	dir  string
	n    int
	base baseHead

	baseBytes, logBytes int64
	f                   *os.File // the log, while it grows
	blocks              []block
	last                *recordHead  // of any kind
	settled             []byte       // the print of the database file when it held all; nil: it did not since
	late                []recordHead // times of commits that no block holds
	loaded, damaged     bool
	whole               int64 // bytes of the log that could be read
}

// baseHead begins a base: the state that it is, and when that was committed.
type baseHead struct {
	Magic      uint32
	Epoch, Gen uint32
	Frame      uint32
	Salt       [8]byte
	FrameSum   [2]uint32
	PageSize   uint32
	Pages      uint32
	Time       int64 // ms
	HeadSum    uint32
}

func (b *baseHead) position() Position {
	return Position{b.Epoch, b.Gen, b.Frame, b.Salt, b.FrameSum}
}

// recordHead stands before each record of a log. All numbers are little endian.
type recordHead struct {
	Magic            uint32
	Kind             uint8
	BigEndian, Fresh uint8 // how the frames' checksums are made; the file was made whole before
	_                uint8
	Epoch, Gen       uint32
	Salt             [8]byte
	First, Last      uint32 // frames
	Before, After    [2]uint32
	PageSize         uint32
	Start, End       int64 // the earliest and the latest commit, ms
	MetaLen, DataLen uint32
	BodySum          uint32
	HeadSum          uint32
}

const (
	baseMagic   = 0x31646266 // fbd1
	recordMagic = 0x31646c66 // fld1

	kindBlock = 1 // frames
	kindTime  = 2 // the time of a commit that is not archived yet
	kindFile  = 3 // the database file holds all that is archived; its print
)

var (
	recordHeadSize = binary.Size(recordHead{})
	baseHeadSize   = binary.Size(baseHead{})
)

// block is where a record of frames lies in its log.
type block struct {
	recordHead
	at int64 // of the body
}

// sealed encodes a head, with its checksum in its last four bytes.
func sealed(head any) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, head)
	if err != nil {
		panic(err) // heads have fixed sizes
	}
	n := len(b) - 4
	binary.LittleEndian.PutUint32(b[n:], crc32.Checksum(b[:n], castagnoli))
	return b
}

// unseal decodes a head, and says whether it is one and whole.
func unseal(b []byte, magic uint32, head any) bool {
	n := len(b) - 4
	if binary.LittleEndian.Uint32(b) != magic || binary.LittleEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return false
	}
	_, err := binary.Decode(b, binary.LittleEndian, head)
	return err == nil
}

// loadChains lists the chains in dir, the oldest first, and removes what a
// process that was killed left half made.
func loadChains(dir string) ([]*chain, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []*chain
	for _, e := range entries {
		name := e.Name()
		if strings.HasSuffix(name, ".tmp") {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				return nil, err
			}
		}
		n, err := strconv.Atoi(strings.TrimSuffix(name, ".base"))
		if err != nil {
			continue
		}
		c := &chain{dir: dir, n: n}
		if err := c.readBase(); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b *chain) int { return a.n - b.n })
	return out, nil
}

func (c *chain) path(suffix string) string {
	return filepath.Join(c.dir, fmt.Sprintf("%08d%s", c.n, suffix))
}

func (c *chain) readBase() error {
	f, err := os.Open(c.path(".base"))
	if err != nil {
		return err
	}
	defer f.Close()
	b := make([]byte, baseHeadSize)
	if _, err := io.ReadFull(f, b); err != nil || !unseal(b, baseMagic, &c.base) {
		c.damaged, c.base.Time = true, math.MaxInt64 // it keeps its number, and leads nowhere
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	c.baseBytes = info.Size()
	if info, err = os.Stat(c.path(".log")); err == nil {
		c.logBytes = info.Size()
	}
	return nil
}

// load reads the heads of the log's records. whole is false if the log ends in
// something that is none: nothing can be appended then.
func (c *chain) load() (whole bool, err error) {
	c.blocks, c.late, c.settled, c.last, c.loaded = nil, nil, nil, nil, true
	c.whole = 0
	if c.damaged {
		return false, nil
	}
	f, err := os.Open(c.path(".log"))
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	b := make([]byte, recordHeadSize)
	var at int64
	for at < c.logBytes {
		var r recordHead
		if _, err := f.ReadAt(b, at); err != nil || !unseal(b, recordMagic, &r) {
			return false, nil
		}
		at += int64(recordHeadSize)
		size := int64(r.MetaLen) + int64(r.DataLen)
		var body []byte
		if r.Kind != kindBlock || at+size == c.logBytes { // the last one may be torn
			if body, err = bodyAt(f, &r, at); err != nil {
				return false, nil
			}
		}
		if at+size > c.logBytes {
			return false, nil
		}
		c.note(r, at, body)
		at += size
		c.whole = at
	}
	return true, nil
}

// cut drops a torn record from the end of the log: its frames are still in the
// write-ahead log, which moves into the file only after it.
func (c *chain) cut() error {
	c.logBytes = c.whole
	return os.Truncate(c.path(".log"), c.whole)
}

// bodyAt reads the body of a record.
func bodyAt(f io.ReaderAt, r *recordHead, at int64) ([]byte, error) {
	b := make([]byte, int(r.MetaLen)+int(r.DataLen))
	if _, err := f.ReadAt(b, at); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, castagnoli) != r.BodySum {
		return nil, ErrDamaged
	}
	return b, nil
}

// ErrDamaged is a record that does not hold what was written.
var ErrDamaged = errors.New("the history is damaged")

// note takes a record that was read or written into the memory of the chain.
func (c *chain) note(r recordHead, at int64, body []byte) {
	c.last = &r
	switch r.Kind {
	case kindBlock:
		c.blocks = append(c.blocks, block{r, at})
		c.settled = nil
		c.late = slices.DeleteFunc(c.late, func(t recordHead) bool { return t.Salt != r.Salt || t.Last <= r.Last })
	case kindTime:
		c.late = append(c.late, r)
	case kindFile:
		c.settled = bytes.Clone(body)
	}
}

// end is the last state that the chain holds; in the middle of a transaction,
// the last frame.
func (c *chain) end() Position {
	if n := len(c.blocks); n > 0 {
		return c.blocks[n-1].position()
	}
	return c.base.position()
}

func (r *recordHead) position() Position {
	return Position{r.Epoch, r.Gen, r.Last, r.Salt, r.After}
}

// latest is the numbering of the last record of any kind.
func (c *chain) latest() Position {
	if c.last != nil {
		return c.last.position()
	}
	return c.base.position()
}

// times gives the marks of a log that were written for frames beyond one.
func (c *chain) times(salt [8]byte, beyond uint32) marks {
	var m marks
	for _, t := range c.late {
		if t.Salt == salt && t.Last > beyond {
			m.list = append(m.list, mark{t.Last, t.End})
		}
	}
	return m
}

// openLog opens the log to append to it. how is os.O_TRUNC for a new chain.
func (c *chain) openLog(how int) error {
	f, err := os.OpenFile(c.path(".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND|how, 0o644)
	c.f = f
	return err
}

func (c *chain) closeLog() {
	if c.f != nil {
		_ = c.f.Close() // what was written is with the kernel
		c.f = nil
	}
}

// append adds a record to the log, in one write.
func (c *chain) append(r recordHead, meta, data []byte) error {
	r.Magic, r.MetaLen, r.DataLen = recordMagic, uint32(len(meta)), uint32(len(data))
	r.BodySum = crc32.Update(crc32.Checksum(meta, castagnoli), castagnoli, data)
	b := append(append(sealed(&r), meta...), data...)
	n, err := c.f.Write(b)
	at := c.logBytes + int64(recordHeadSize)
	c.logBytes += int64(n)
	if err != nil {
		return err
	}
	c.note(r, at, meta)
	return nil
}

// remove deletes the chain's files, the base last: without it the log is
// nothing.
func (c *chain) remove() error {
	err := os.Remove(c.path(".log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.Remove(c.path(".base"))
}

func (c *chain) bytes() int64 { return c.baseBytes + c.logBytes }
