package history

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"

	"github.com/klauspost/compress/s2"

	"flint/d1/csqlite"
)

// baseCopy is a base that is being made, while the database is read and
// written. A read of its own keeps the database file as it is meanwhile: no
// process moves frames into it. What is committed then goes into the log of
// the new chain and, because the process may be killed, into that of the old.
type baseCopy struct {
	chain *chain
	from  *csqlite.Conn
	tmp   *os.File
	conn  csqlite.Options // of the connection that reads
	gate  func(stop <-chan struct{})
	stop  chan struct{} // closed when nobody wants it any more
	done  chan struct{} // closed when all is written, or err says why not
	err   error
}

// beginChain begins to make a base of the file, which holds all frames of w.
func (h *History) beginChain(w csqlite.WAL) (err error) {
	if err := os.MkdirAll(h.Dir, 0o755); err != nil {
		return err
	}
	c := &chain{dir: h.Dir, n: 1, loaded: true}
	if all := h.chains(); len(all) > 0 {
		c.n = all[len(all)-1].n + 1
	}
	p := h.Newest.Load()
	c.base = baseHead{
		Magic: baseMagic, Epoch: p.epoch, Gen: p.gen, Frame: p.frame, Salt: p.salt, FrameSum: p.sum,
		PageSize: uint32(w.PageSize), Pages: h.file.pages,
		Time: h.marks.at(p.frame, h.Clock.Now().UnixMilli()),
	}
	b := &baseCopy{chain: c, conn: h.o.Conn, gate: h.o.BaseGate, stop: make(chan struct{}), done: make(chan struct{})}
	if err := b.open(h.path); err != nil {
		return errors.Join(err, b.close(), b.discard())
	}
	h.copy = b
	h.archived, h.sum = w.Frames, w.Sum
	go b.run()
	return nil
}

// open opens what the copy needs, and holds the file as it is.
func (b *baseCopy) open(path string) (err error) {
	if b.tmp, err = os.CreateTemp(b.chain.dir, "base-*.tmp"); err != nil {
		return err
	}
	if err := b.chain.openLog(os.O_TRUNC); err != nil {
		return err
	}
	if b.from, err = csqlite.Open(path, readOnly(b.conn)); err != nil {
		return err
	}
	return hold(b.from)
}

func (b *baseCopy) close() (err error) {
	if b.from != nil {
		err = b.from.Close()
	}
	if b.tmp != nil {
		err = errors.Join(err, b.tmp.Close())
	}
	return err
}

// discard removes what there is of the new chain.
func (b *baseCopy) discard() error {
	b.chain.closeLog()
	err := os.RemoveAll(b.chain.path(".log"))
	if b.tmp != nil {
		err = errors.Join(err, os.RemoveAll(b.tmp.Name()))
	}
	return err
}

// run copies the file.
func (b *baseCopy) run() {
	defer close(b.done)
	if b.gate != nil {
		b.gate(b.stop)
	}
	var err error
	b.chain.baseBytes, err = b.write()
	b.err = errors.Join(err, b.close())
}

// baseChunk is how many bytes of the database one part of a base holds.
const baseChunk = 1 << 20

var errBaseStopped = errors.New("the copy of the database was given up")

// write writes a base: its head, then parts of a length, a checksum, and that
// many compressed bytes.
func (b *baseCopy) write() (int64, error) {
	out, head := bufio.NewWriterSize(b.tmp, 64<<10), &b.chain.base
	_, _ = out.Write(sealed(head)) // an error stays until Flush
	size := int64(head.Pages) * int64(head.PageSize)
	raw, packed := make([]byte, min(baseChunk, size)), []byte(nil)
	written := int64(baseHeadSize)
	for at := int64(0); at < size; at += baseChunk {
		select {
		case <-b.stop:
			return 0, errBaseStopped
		default:
		}
		part := raw[:min(baseChunk, size-at)]
		if err := b.from.ReadFile(part, at); err != nil {
			return 0, err
		}
		packed = s2.Encode(packed[:cap(packed)], part)
		var frame [8]byte
		binary.LittleEndian.PutUint32(frame[:], uint32(len(packed)))
		binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(packed, castagnoli))
		_, _ = out.Write(frame[:])
		if _, err := out.Write(packed); err != nil {
			return 0, err
		}
		written += int64(len(frame) + len(packed))
	}
	return written, out.Flush()
}

// finish takes over a base that has been copied. With wait, it waits for one
// that is being copied.
func (h *History) finish(wait bool) {
	b := h.copy
	if b == nil {
		return
	}
	if !wait {
		select {
		case <-b.done:
		default:
			return
		}
	}
	<-b.done
	err := b.err
	if err == nil {
		err = os.Rename(b.tmp.Name(), b.chain.path(".base"))
	}
	if err != nil {
		h.dropCopy(err)
		return
	}
	h.copy = nil
	if h.chain != nil {
		h.chain.closeLog()
		h.older = append(h.older, h.chain)
	}
	h.chain = b.chain
	h.prune()
}

// dropCopy gives up a base that is being made. The old chain, if there is one,
// has all that was committed.
func (h *History) dropCopy(why error) {
	b := h.copy
	h.copy = nil
	close(b.stop)
	<-b.done
	h.log.Error("d1: a new base of a database's history could not be made", "database", h.path, "error", errors.Join(why, b.discard()))
}

// append adds a record to the log of the chain, and to that of the next one.
func (h *History) append(r recordHead, meta, data []byte) error {
	if h.copy != nil {
		if err := h.copy.chain.append(r, meta, data); err != nil {
			h.dropCopy(err)
		}
	}
	if h.chain == nil {
		return nil
	}
	return h.chain.append(r, meta, data)
}

// keeps says whether commits are being kept.
func (h *History) keeps() bool { return h.chain != nil || h.copy != nil }

// FirstBase is closed when a history that has just begun can be asked; nil if
// it can be now.
func (h *History) FirstBase() <-chan struct{} {
	if h.chain != nil || h.copy == nil {
		return nil
	}
	return h.copy.done
}

// readOnly is o for a connection that only reads.
func readOnly(o csqlite.Options) csqlite.Options {
	o.ReadOnly = true
	return o
}
