package history

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"

	"github.com/klauspost/compress/s2"

	"flint/d1/csqlite"
)

// A log of SQLite: a header, then frames of a header and a page. Numbers are
// big endian. https://www.sqlite.org/fileformat2.html#walformat
const (
	walHeadSize   = 32
	frameHeadSize = 24
)

func frameOffset(frame uint32, pageSize int) int64 {
	return walHeadSize + int64(frame-1)*int64(frameHeadSize+pageSize)
}

// A block's data is, for each frame: the number of its page, the size of the
// database where it ends a commit or 0, and the page: 0 and all of it, or 1
// and what differs from the page before. Its meta data is, for each commit:
// frames since the one before, time since then in ms, and the checksum.
const (
	pageWhole = 0
	pageDiff  = 1
)

// packer is the memory that makes blocks.
type packer struct{ raw, prior, meta, data, packed []byte }

var packers = sync.Pool{New: func() any { return new(packer) }}

// archive brings the frames of the log up to those of to into the chain.
func (h *History) archive(to csqlite.WAL) error {
	if !h.keeps() || to.Frames <= h.archived {
		return nil
	}
	f, err := os.Open(h.walPath())
	if err != nil {
		return err
	}
	defer f.Close()
	if h.archived == 0 {
		if err := h.readWALHead(f, to); err != nil {
			return err
		}
	}
	if h.latest == nil {
		h.latest = map[uint32]uint32{}
	}
	p := packers.Get().(*packer)
	defer packers.Put(p)
	for h.archived < to.Frames {
		if err := h.archiveBlock(p, f, to, min(to.Frames, h.archived+blockFrames)); err != nil {
			return err
		}
	}
	return nil
}

// readWALHead reads the checksum with which that of the frames begins.
func (h *History) readWALHead(f io.ReaderAt, w csqlite.WAL) error {
	var head [walHeadSize]byte
	if _, err := f.ReadAt(head[:], 0); err != nil {
		return err
	}
	if [8]byte(head[16:24]) != w.Salt {
		return errors.New("the write-ahead log is not the one that its index describes")
	}
	h.sum = [2]uint32{binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:])}
	return nil
}

// frameSum reads the running checksum of a frame.
func (h *History) frameSum(frame uint32, w csqlite.WAL) (sum [2]uint32, err error) {
	f, err := os.Open(h.walPath())
	if err != nil {
		return sum, err
	}
	defer f.Close()
	var head [frameHeadSize]byte
	if _, err := f.ReadAt(head[:], frameOffset(frame, w.PageSize)); err != nil {
		return sum, err
	}
	return sumOf(head[:]), nil
}

func sumOf(frame []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(frame[16:]), binary.BigEndian.Uint32(frame[20:])}
}

// archiveBlock brings the frames up to last into the chain, as one record.
func (h *History) archiveBlock(p *packer, f io.ReaderAt, w csqlite.WAL, last uint32) error {
	size := frameHeadSize + w.PageSize
	n := int(last - h.archived)
	p.raw = grow(p.raw, n*size)
	if _, err := f.ReadAt(p.raw, frameOffset(h.archived+1, w.PageSize)); err != nil {
		return err
	}
	trusted := h.file.whole
	r, err := h.pack(p, f, w, n)
	if err == nil && trusted && !h.fileTrusted() { // someone moved frames meanwhile
		r, err = h.pack(p, f, w, n)
	}
	if err != nil {
		return err
	}
	p.packed = s2.Encode(p.packed[:cap(p.packed)], p.data)
	if err := h.append(r, p.meta, p.packed); err != nil {
		return err
	}
	for i := range n {
		h.latest[binary.BigEndian.Uint32(p.raw[i*size:])] = h.archived + uint32(i) + 1
	}
	h.archived, h.sum, h.fresh = last, r.After, false
	h.marks.drop(last)
	return nil
}

// fileTrusted says whether the database file still holds what it did when the
// log was begun.
func (h *History) fileTrusted() bool {
	if h.file.whole {
		w, err := h.pin.WAL()
		h.file.whole = err == nil && w.Attempted == h.file.attempted
	}
	return h.file.whole
}

// pack encodes the n frames in p.raw.
func (h *History) pack(p *packer, f io.ReaderAt, w csqlite.WAL, n int) (recordHead, error) {
	size := frameHeadSize + w.PageSize
	r := recordHead{
		Kind: kindBlock, Epoch: h.epoch, Gen: h.gen, Salt: w.Salt, PageSize: uint32(w.PageSize),
		First: h.archived + 1, Last: h.archived + uint32(n), Before: h.sum,
		Start: math.MaxInt64, End: math.MinInt64,
	}
	if w.BigEndian {
		r.BigEndian = 1
	}
	if h.fresh {
		r.Fresh = 1
	}
	p.meta, p.data = p.meta[:0], p.data[:0]
	here := make(map[uint32]int, n)
	now, commit, time := h.Clock.Now().UnixMilli(), r.First-1, int64(0)
	for i := range n {
		frame := p.raw[i*size : (i+1)*size]
		if [8]byte(frame[8:16]) != w.Salt {
			return r, errors.New("a frame of the write-ahead log belongs to another log")
		}
		page, pages := binary.BigEndian.Uint32(frame), binary.BigEndian.Uint32(frame[4:])
		var before []byte
		if at, ok := here[page]; ok {
			before = p.raw[at*size+frameHeadSize : (at+1)*size]
		} else {
			var err error
			if before, err = h.before(p, f, page, w.PageSize); err != nil {
				return r, err
			}
		}
		here[page] = i
		p.data = appendPage(binary.AppendUvarint(binary.AppendUvarint(p.data, uint64(page)), uint64(pages)), before, frame[frameHeadSize:])
		r.After = sumOf(frame)
		if pages != 0 {
			at := h.marks.at(r.First+uint32(i), now)
			p.meta = appendCommit(p.meta, r.First+uint32(i)-commit, at-time, r.After)
			commit, time = r.First+uint32(i), at
			r.Start, r.End = min(r.Start, at), max(r.End, at)
		}
	}
	return r, nil
}

// before is what a page held before this block, or nil if that is not known.
func (h *History) before(p *packer, f io.ReaderAt, page uint32, pageSize int) ([]byte, error) {
	p.prior = grow(p.prior, pageSize)
	if frame, ok := h.latest[page]; ok {
		_, err := f.ReadAt(p.prior, frameOffset(frame, pageSize)+frameHeadSize)
		return p.prior, err
	}
	if page > h.file.pages || !h.fileTrusted() {
		return nil, nil
	}
	return p.prior, h.pin.ReadFile(p.prior, int64(page-1)*int64(pageSize))
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

func appendCommit(b []byte, frames uint32, ms int64, sum [2]uint32) []byte {
	b = binary.AppendUvarint(b, uint64(frames))
	b = binary.AppendVarint(b, ms)
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, sum[0]), sum[1])
}

// commitMark is a commit in a block's meta data.
type commitMark struct {
	frame uint32
	ms    int64
	sum   [2]uint32
}

// commits reads the meta data of a block.
func (r *recordHead) commits(meta []byte) ([]commitMark, error) {
	var out []commitMark
	c := commitMark{frame: r.First - 1}
	for len(meta) > 0 {
		frames, n := binary.Uvarint(meta)
		ms, m := binary.Varint(meta[max(n, 0):])
		if n <= 0 || m <= 0 || len(meta) < n+m+8 {
			return nil, ErrDamaged
		}
		meta = meta[n+m:]
		c.frame += uint32(frames)
		c.ms += ms
		c.sum = [2]uint32{binary.LittleEndian.Uint32(meta), binary.LittleEndian.Uint32(meta[4:])}
		meta = meta[8:]
		out = append(out, c)
	}
	return out, nil
}

// appendPage appends a page, by what differs from before if that is shorter.
func appendPage(b, before, page []byte) []byte {
	if before != nil {
		start := len(b)
		b = appendDiff(append(b, pageDiff), before, page)
		if len(b)-start <= len(page) {
			return b
		}
		b = b[:start]
	}
	return append(append(b, pageWhole), page...)
}

// appendDiff appends runs of words: how many are the same, how many are new,
// and those. It ends with a run of no new ones.
func appendDiff(b, before, page []byte) []byte {
	const word = 8
	for i := 0; i < len(page); {
		same := i
		for i < len(page) && binary.NativeEndian.Uint64(before[i:]) == binary.NativeEndian.Uint64(page[i:]) {
			i += word
		}
		start := i
		for i < len(page) && binary.NativeEndian.Uint64(before[i:]) != binary.NativeEndian.Uint64(page[i:]) {
			i += word
		}
		if i > start {
			b = binary.AppendUvarint(b, uint64(start-same)/word)
			b = binary.AppendUvarint(b, uint64(i-start)/word)
			b = append(b, page[start:i]...)
		}
	}
	return append(b, 0, 0)
}

// applyPage reads what appendPage wrote and makes page, which holds what was
// before, the new one. It returns the rest of b.
func applyPage(b, page []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, ErrDamaged
	}
	kind, b := b[0], b[1:]
	if kind == pageWhole {
		if len(b) < len(page) {
			return nil, ErrDamaged
		}
		copy(page, b)
		return b[len(page):], nil
	}
	for at := 0; ; {
		same, n := binary.Uvarint(b)
		fresh, m := binary.Uvarint(b[max(n, 0):])
		if n <= 0 || m <= 0 {
			return nil, ErrDamaged
		}
		b = b[n+m:]
		if fresh == 0 {
			return b, nil
		}
		from, size := uint64(at)+8*same, 8*fresh
		if same > math.MaxInt32 || fresh > math.MaxInt32 || from+size > uint64(len(page)) || size > uint64(len(b)) {
			return nil, fmt.Errorf("%w: a page outgrows itself", ErrDamaged)
		}
		copy(page[from:], b[:size])
		b, at = b[size:], int(from+size)
	}
}
