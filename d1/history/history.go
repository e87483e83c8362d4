package history

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"flint/d1/csqlite"
	"flint/internal/clock"
)

// History keeps the past of a database: every commit of the last 30 days, by
// whichever process. It works on pages, below SQL. Nothing moves the
// write-ahead log into the database file before the log's frames are in the
// history, as what they change on each page; a copy of the database (a base)
// and the frames that follow it (together a chain) give back any state.
//
// Other processes cannot take frames away meanwhile: while the pin reads, the
// log is not begun anew behind flint's back. Frames that another process
// writes are found in the log like flint's own.
//
// Its methods are called with the right to use the writer, but for current.
type History struct {
	path, Dir   string // of the database file; of the history
	Clock       clock.Clock
	log         *slog.Logger
	o           Options
	writer, pin *csqlite.Conn
	Newest      atomic.Pointer[Position] // the latest state that is known

	epoch, gen uint32
	salt       [8]byte           // of the log
	archived   uint32            // frames of the log that are in the chain
	sum        [2]uint32         // checksum after them
	latest     map[uint32]uint32 // page to its last frame among them
	file       fileState
	settled    bool   // the whole log is archived and in the file
	fresh      bool   // the file was made whole since the last block
	next       uint32 // frames at which to checkpoint
	marks      marks

	chain *chain    // nil: the history could not be written, and begins anew at the next checkpoint
	copy  *baseCopy // the next chain, while its base is made
	older []*chain
}

// fileState says what the database file holds, apart from the log.
type fileState struct {
	whole     bool   // the state that the chain has after its archived frames, less those of this log
	attempted uint32 // what the log's index said then: a change means that someone moves frames
	pages     uint32
}

// Options say whose history it is and how much is kept.
type Options struct {
	Path   string        // the database file
	Writer *csqlite.Conn // of the database; the methods are called with the right to use it
	Epoch  uint32        // times that the file was opened
	Clock  clock.Clock
	Log    *slog.Logger
	Conn   csqlite.Options // of further connections that write

	MaxBytes         int64                      // of the history; zero: 1 GiB
	CheckpointFrames uint32                     // of the log, before it is moved into the file; zero: 4096
	MinChainBytes    int64                      // of changes, before a new base is made; zero: 16 MiB
	BaseGate         func(stop <-chan struct{}) // returns when a base may be copied; nil: at once
}

// openHistory opens or begins a history. before is where the log stood when this
// process had written nothing yet. Close it also after an error, if there is one.
func Open(o Options, before csqlite.WAL) (*History, error) {
	o.MaxBytes = cmp.Or(o.MaxBytes, defaultMaxBytes)
	o.CheckpointFrames = cmp.Or(o.CheckpointFrames, checkpointFrames)
	o.MinChainBytes = cmp.Or(o.MinChainBytes, minChainBytes)
	h := &History{path: o.Path, Dir: DirOf(o.Path), Clock: o.Clock, log: o.Log, o: o, writer: o.Writer, epoch: o.Epoch}
	pin, err := csqlite.Open(o.Path, o.Conn)
	if err != nil {
		return nil, err
	}
	h.pin = pin
	return h, h.begin(before)
}

// begin takes up what is there, or begins anew.
func (h *History) begin(before csqlite.WAL) error {
	if err := hold(h.pin); err != nil {
		return err
	}
	w, err := h.writer.WAL()
	if err != nil {
		return err
	}
	h.salt = w.Salt
	h.Newest.Store(&Position{})
	if err := h.resume(before, w); err != nil {
		h.giveUp(err)
	}
	h.Note(w)
	if err := h.archive(w); err != nil { // others may move these frames: the pin came after them
		h.giveUp(err)
	}
	if h.chain == nil {
		h.Checkpoint()
		// Until the first base is there a kill would take the bookmarks given out meanwhile.
		h.finish(int64(h.file.pages)*int64(w.PageSize) <= maxAwaitedBase)
	}
	h.prune()
	h.next = max(h.o.CheckpointFrames, w.Frames)
	return nil
}

// DirOf is the folder of a database file's history.
func DirOf(path string) string { return strings.TrimSuffix(path, ".sqlite") + ".history" }

// hold begins a read: from now on no process begins the log anew, or only once
// and without moving it into the file.
func hold(c *csqlite.Conn) error {
	if err := c.Begin(false); err != nil {
		return err
	}
	_, err := c.TrustedInt("PRAGMA schema_version")
	return err
}

// resume finds out whether the newest chain leads to the state that is there,
// and takes up what the last process could not archive.
func (h *History) resume(before, w csqlite.WAL) error {
	if err := os.MkdirAll(h.Dir, 0o755); err != nil {
		return err
	}
	chains, err := loadChains(h.Dir)
	if err != nil || len(chains) == 0 {
		return err
	}
	c := chains[len(chains)-1]
	h.older = chains
	whole, err := c.load()
	if err == nil && !whole && !c.damaged {
		err = c.cut()
	}
	if err != nil || c.damaged {
		return err
	}
	ok, err := h.continues(c, w)
	if err != nil || !ok {
		return err
	}
	if err := c.openLog(0); err != nil {
		return err
	}
	h.chain, h.older = c, chains[:len(chains)-1]
	return h.takeUp(c, before)
}

// continues says whether the state that is there follows from the chain's
// last: the same log has grown, or the file is as it was when it held all.
func (h *History) continues(c *chain, w csqlite.WAL) (bool, error) {
	last := c.end()
	h.epoch = max(h.epoch, last.epoch+1) // somebody may have set PRAGMA user_version back
	h.archived, h.sum = 0, [2]uint32{}
	if last.salt == w.Salt && last.frame <= w.Frames && last.frame > 0 {
		sum, err := h.frameSum(last.frame, w)
		if err != nil || sum != last.sum {
			return false, err
		}
		h.archived, h.sum = last.frame, sum
		return true, nil
	}
	print, err := h.fingerprint()
	if err != nil || c.settled == nil || !bytes.Equal(print, c.settled) {
		h.log.Info("d1: a database was changed while flint did not run: its history has a gap there", "database", h.path)
		return false, err
	}
	h.fresh = true
	return true, h.trustFile(w)
}

// takeUp archives the frames that were in the log before this process wrote,
// under the numbers that the process before gave them.
func (h *History) takeUp(c *chain, before csqlite.WAL) error {
	if before.Salt != h.salt || before.Frames <= h.archived {
		return nil
	}
	last := c.latest()
	epoch := h.epoch
	h.epoch, h.gen = last.epoch, last.gen
	if last.salt != h.salt {
		h.gen++
	}
	h.marks = c.times(h.salt, h.archived)
	err := h.archive(before)
	h.epoch, h.gen, h.marks = epoch, 0, marks{} // the first mark of each number is written
	return err
}

// saw notes where the log stands, after a commit of this process or of others.
func (h *History) Note(w csqlite.WAL) {
	if w.Salt != h.salt {
		h.begunAnew(w)
	}
	if p := h.Newest.Load(); w.Frames == 0 || p.frame == w.Frames && p.salt == w.Salt {
		return
	}
	h.settled = false
	h.Newest.Store(&Position{h.epoch, h.gen, w.Frames, w.Salt, w.Sum})
	if !h.keeps() {
		return
	}
	if h.marks.add(w.Frames, h.Clock.Now().UnixMilli()) {
		m := h.marks.list[len(h.marks.list)-1]
		err := h.append(recordHead{Kind: kindTime, Epoch: h.epoch, Gen: h.gen, Salt: h.salt, Last: m.frame, End: m.ms}, nil, nil)
		if err != nil {
			h.giveUp(err)
		}
	}
}

// begunAnew notes that the log begins at its first frame again.
func (h *History) begunAnew(w csqlite.WAL) {
	if h.keeps() && !h.settled { // the pin has failed
		h.giveUp(fmt.Errorf("the write-ahead log was begun anew by another process"))
	}
	h.gen++
	h.salt, h.archived, h.latest, h.marks.list = w.Salt, 0, nil, nil
	h.file.attempted = 0
	h.next = h.o.CheckpointFrames
}

// Committed notes a commit and moves the log into the file once it is long.
func (h *History) Committed() {
	h.finish(false)
	w, err := h.writer.WAL()
	if err != nil {
		h.giveUp(err)
		return
	}
	h.Note(w)
	if w.Frames >= h.next {
		h.Checkpoint()
	}
}

// Sync brings everything that is committed into the chain.
func (h *History) Sync() error {
	h.finish(false)
	w, err := h.writer.WAL()
	if err != nil {
		return err
	}
	h.Note(w)
	if err := h.archive(w); err != nil {
		h.giveUp(err)
		return err
	}
	return nil
}

// giveUp ends a chain that cannot go on: the database is more important than
// its past. The next checkpoint begins a new one.
func (h *History) giveUp(err error) {
	if h.copy != nil {
		h.dropCopy(err)
	}
	if h.chain != nil {
		h.chain.closeLog()
		h.older = append(h.older, h.chain)
		h.chain = nil
	}
	h.log.Error("d1: the history of a database begins anew: it could not go on", "database", h.path, "error", err)
}

// Close archives the rest and moves the log into the file.
func (h *History) Close() error {
	h.finish(true)
	h.Checkpoint()
	h.finish(true)
	if h.chain != nil {
		h.chain.closeLog()
	}
	return h.pin.Close()
}

// fingerprint tells whether the database file was written to: size, time of
// the last change, and the file's header, which counts some changes.
func (h *History) fingerprint() ([]byte, error) {
	info, err := os.Stat(h.path)
	if err != nil {
		return nil, err
	}
	head := make([]byte, 100)
	if err := h.pin.ReadFile(head, 0); err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%d %d %08x", info.Size(), info.ModTime().UnixNano(), crc32.Checksum(head, castagnoli)), nil
}

// trustFile remembers that the file holds the whole state but for the log.
func (h *History) trustFile(w csqlite.WAL) error {
	size, err := h.pin.FileSize()
	if err != nil || w.PageSize == 0 {
		return err
	}
	h.file = fileState{whole: true, attempted: w.Attempted, pages: uint32(size / int64(w.PageSize))}
	h.latest = nil
	return nil
}

// mark says that all frames up to this one were committed by then.
type mark struct {
	frame uint32
	ms    int64 // of the emulator's clock
}

// marks are the times of the commits that are not archived yet. Most are kept
// in memory only; one a second is written, which is all that a crash leaves.
type marks struct {
	list    []mark
	written int64
}

// add notes the time of a commit and says whether it should be written.
func (m *marks) add(frame uint32, ms int64) bool {
	if n := len(m.list); n > 0 && m.list[n-1].ms == ms {
		m.list[n-1].frame = frame
		return false
	}
	first := len(m.list) == 0
	m.list = append(m.list, mark{frame, ms})
	if !first && ms >= m.written && ms < m.written+markEvery.Milliseconds() {
		return false
	}
	m.written = ms
	return true
}

// at is the time of a commit: that of the first mark at or behind it, or the
// last mark's.
func (m *marks) at(frame uint32, otherwise int64) int64 {
	i, _ := slices.BinarySearchFunc(m.list, frame, func(k mark, f uint32) int { return cmp.Compare(k.frame, f) })
	switch {
	case i < len(m.list):
		return m.list[i].ms
	case i > 0:
		return m.list[i-1].ms
	}
	return otherwise
}

// drop forgets the marks up to a frame that is archived, but for the last.
func (m *marks) drop(frame uint32) {
	i := 0
	for i < len(m.list)-1 && m.list[i].frame <= frame {
		i++
	}
	m.list = append(m.list[:0], m.list[i:]...)
}

// walPath is the write-ahead log of the database file.
func (h *History) walPath() string { return h.path + "-wal" }
