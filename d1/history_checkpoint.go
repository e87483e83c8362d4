package d1

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"

	"github.com/klauspost/compress/s2"

	"flint/d1/csqlite"
)

// checkpoint archives the log and moves it into the database file, as far as
// readers let it. Other processes cannot commit meanwhile.
func (h *history) checkpoint() {
	err := h.writer.Begin(true)
	if err != nil { // another process writes, for long: next time
		h.next += h.o.checkpointFrames / 4
		return
	}
	whole, err := h.move()
	if err != nil {
		h.giveUp(err)
	}
	if err := h.writer.Rollback(); err != nil {
		h.log.Error("d1: after a checkpoint", "database", h.path, "error", err)
	}
	if whole {
		_ = h.writer.Drain(drainWait) // else the log grows until the next checkpoint
	}
}

// move does the work of a checkpoint, under the write lock. The pin lets go
// meanwhile, and takes hold again at the newest state.
func (h *history) move() (whole bool, err error) {
	w, err := h.writer.WAL()
	if err != nil {
		return false, err
	}
	h.saw(w)
	h.next = w.Frames + h.o.checkpointFrames/4
	if err := h.archive(w); err != nil {
		h.giveUp(err)
	}
	if err := h.pin.Rollback(); err != nil {
		return false, err
	}
	whole, err = h.pin.Backfill()
	if err := errors.Join(err, h.hold()); err != nil || !whole {
		return false, err
	}
	return true, h.settle()
}

// settle notes that the file holds everything, and begins a new chain if there
// is none or the log of this one has outgrown its base.
func (h *history) settle() error {
	w, err := h.writer.WAL()
	if err != nil {
		return err
	}
	if err := h.trustFile(w); err != nil {
		return err
	}
	h.settled, h.fresh = true, true
	if h.chain == nil || h.chain.logBytes >= max(h.o.minChainBytes, h.chain.baseBytes) {
		if err := h.beginChain(w); err != nil {
			return err
		}
		h.prune()
	}
	print, err := h.fingerprint()
	if err != nil {
		return err
	}
	return h.chain.append(recordHead{Kind: kindFile, Epoch: h.epoch, Gen: h.gen, Salt: w.Salt, Last: w.Frames, After: w.Sum}, print, nil)
}

// beginChain makes a base of the file.
func (h *history) beginChain(w csqlite.WAL) error {
	c := &chain{dir: h.dir, n: 1}
	if n := len(h.older); n > 0 {
		c.n = h.older[n-1].n + 1
	}
	if h.chain != nil {
		c.n = h.chain.n + 1
	}
	if err := os.MkdirAll(h.dir, 0o755); err != nil {
		return err
	}
	p := h.newest.Load()
	head := baseHead{
		Epoch: p.epoch, Gen: p.gen, Frame: p.frame, Salt: p.salt, FrameSum: p.sum,
		PageSize: uint32(w.PageSize), Pages: h.file.pages,
		Time: h.marks.at(p.frame, h.clock.Now().UnixMilli()),
	}
	if err := c.newBase(h.pin, head); err != nil {
		return err
	}
	if err := c.openLog(os.O_TRUNC); err != nil {
		return err
	}
	if h.chain != nil {
		h.chain.closeLog()
		h.older = append(h.older, h.chain)
	}
	h.chain = c
	h.archived, h.sum = w.Frames, w.Sum
	return nil
}

// prune drops the oldest chains: those of states that nobody may ask for any
// more, and those beyond the limit of size.
func (h *history) prune() {
	oldest := h.clock.Now().Add(-MaxTimeTravel).UnixMilli()
	var total int64
	chains := h.chains()
	for _, c := range chains {
		total += c.bytes()
	}
	for len(chains) > 1 && (chains[1].base.Time < oldest || total > h.o.HistoryBytes || len(chains) > maxChains) {
		total -= chains[0].bytes()
		if err := chains[0].remove(); err != nil {
			h.log.Error("d1: an old part of a history cannot be removed", "database", h.path, "error", err)
			return
		}
		chains = chains[1:]
		h.older = h.older[1:]
	}
}

// chains are all chains, the oldest first.
func (h *history) chains() []*chain {
	out := append([]*chain(nil), h.older...)
	if h.chain != nil {
		out = append(out, h.chain)
	}
	return out
}

// baseChunk is how many bytes of the database one part of a base holds.
const baseChunk = 1 << 20

// writeBase writes a base: its head, then parts of a length, a checksum, and
// that many compressed bytes.
func writeBase(f *os.File, from *csqlite.Conn, head *baseHead) (int64, error) {
	out := bufio.NewWriterSize(f, 64<<10)
	_, _ = out.Write(sealed(head)) // an error stays until Flush
	size := int64(head.Pages) * int64(head.PageSize)
	raw, packed := make([]byte, min(baseChunk, size)), []byte(nil)
	written := int64(baseHeadSize)
	for at := int64(0); at < size; at += baseChunk {
		part := raw[:min(baseChunk, size-at)]
		if err := from.ReadFile(part, at); err != nil {
			return 0, err
		}
		packed = s2.Encode(packed[:cap(packed)], part)
		var frame [8]byte
		binary.LittleEndian.PutUint32(frame[:], uint32(len(packed)))
		binary.LittleEndian.PutUint32(frame[4:], crc32.Checksum(packed, castagnoli))
		_, _ = out.Write(frame[:])
		_, _ = out.Write(packed)
		written += int64(len(frame) + len(packed))
	}
	return written, out.Flush()
}
