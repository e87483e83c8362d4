package history

import "errors"

// Checkpoint archives the log and moves it into the database file, as far as
// readers let it. Other processes cannot commit meanwhile.
func (h *History) Checkpoint() {
	h.finish(false)
	err := h.writer.Begin(true)
	if err != nil { // another process writes, for long: next time
		h.next += h.o.CheckpointFrames / 4
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
func (h *History) move() (whole bool, err error) {
	w, err := h.writer.WAL()
	if err != nil {
		return false, err
	}
	h.Note(w)
	h.next = w.Frames + h.o.CheckpointFrames/4
	if err := h.archive(w); err != nil {
		h.giveUp(err)
	}
	if err := h.pin.Rollback(); err != nil {
		return false, err
	}
	whole, err = h.pin.Backfill()
	if err := errors.Join(err, hold(h.pin)); err != nil || !whole {
		return false, err
	}
	return true, h.settle()
}

// settle notes that the file holds everything, and begins a new chain if there
// is none or the log of this one has outgrown its base. While a base is copied
// that file must stay as it is, so no log is moved into it then.
func (h *History) settle() error {
	w, err := h.writer.WAL()
	if err != nil {
		return err
	}
	if err := h.trustFile(w); err != nil {
		return err
	}
	h.settled, h.fresh = true, true
	if h.copy == nil && (h.chain == nil || h.chain.logBytes >= max(h.o.MinChainBytes, h.chain.baseBytes)) {
		if err := h.beginChain(w); err != nil {
			return err
		}
	}
	print, err := h.fingerprint()
	if err != nil {
		return err
	}
	return h.append(recordHead{Kind: kindFile, Epoch: h.epoch, Gen: h.gen, Salt: w.Salt, Last: w.Frames, After: w.Sum}, print, nil)
}

// prune drops the oldest chains: those of states that nobody may ask for any
// more, and those beyond the limit of size.
func (h *History) prune() {
	oldest := h.Clock.Now().Add(-MaxTimeTravel).UnixMilli()
	var total int64
	chains := h.chains()
	for _, c := range chains {
		total += c.bytes()
	}
	for len(chains) > 1 && (chains[1].base.Time < oldest || total > h.o.MaxBytes || len(chains) > maxChains) {
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
func (h *History) chains() []*chain {
	out := append([]*chain(nil), h.older...)
	if h.chain != nil {
		out = append(out, h.chain)
	}
	return out
}
