package history

// What follows shows the inside of a history to the tests of the package above,
// which meet a base while it is copied, or damage what is on the disk.

// Finish takes over a base that has been copied. With wait it waits for one that
// is being copied.
func (h *History) Finish(wait bool) { h.finish(wait) }

// CopyNumber is the number of the chain whose base is being copied, -1 if none
// is, and CopyPages how many pages that base has.
func (h *History) CopyNumber() int {
	if h.copy == nil {
		return -1
	}
	return h.copy.chain.n
}

// CopyPages is how many pages the base has that is being copied, 0 if none is.
func (h *History) CopyPages() uint32 {
	if h.copy == nil {
		return 0
	}
	return h.copy.chain.base.Pages
}

// CopyDone is closed when the base that is being copied is whole.
func (h *History) CopyDone() <-chan struct{} { return h.copy.done }

// ChainNumber is the number of the newest chain, -1 if there is none, and Chains
// how many there are.
func (h *History) ChainNumber() int {
	if h.chain == nil {
		return -1
	}
	return h.chain.n
}

// Chains is how many chains there are.
func (h *History) Chains() int { return len(h.chains()) }

// IsInLog reports whether a state is still in the write-ahead log alone.
func (h *History) IsInLog(p Position) bool { return p.salt == h.salt && p.frame > h.archived }

// LogPath is the file of what changed since the newest base, and LogBytes its size.
func (h *History) LogPath() string { return h.chain.path(".log") }

// LogBytes is the size of what changed since the newest base.
func (h *History) LogBytes() int64 { return h.chain.logBytes }
