package console

import (
	"io"
	"sync"
	"time"

	"flint/internal/clock"
)

const (
	maxDelay   = 8 * time.Millisecond // how long a line waits for others
	maxWaiting = 64 << 10             // bytes that wait before they are written all the same
)

// Batch is a writer that passes on together what comes close together: under
// load a system call for each line costs more than the line. What comes after
// a pause passes at once, and what follows when 8 ms are over.
type Batch struct {
	w     io.Writer
	clock *clock.Virtual

	writing sync.Mutex // held while w is written to; taken before mu
	spare   []byte     // memory for the next lines

	mu      sync.Mutex
	waiting []byte
	timer   clock.Timer // nil after a pause
	closed  bool
}

// NewBatch returns a Batch on w. Close ends it.
func NewBatch(w io.Writer) *Batch { return newBatch(w, clock.New()) }

func newBatch(w io.Writer, c *clock.Virtual) *Batch { return &Batch{w: w, clock: c} }

// Write implements io.Writer. An error of the underlying writer comes with a
// later Write, or never.
func (b *Batch) Write(p []byte) (int, error) {
	if b.keep(p) {
		return len(p), nil
	}
	return len(p), b.Flush()
}

// keep adds p to what waits and reports whether that waits on.
func (b *Batch) keep(p []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, p...)
	if b.timer == nil && !b.closed {
		b.timer = b.clock.AfterFunc(maxDelay, b.due)
		return false
	}
	return !b.closed && len(b.waiting) < maxWaiting
}

// due ends a delay. If nothing has come meanwhile this is a pause.
func (b *Batch) due() {
	b.mu.Lock()
	b.timer = nil
	if len(b.waiting) > 0 && !b.closed {
		b.timer = b.clock.AfterFunc(maxDelay, b.due)
	}
	b.mu.Unlock()
	_ = b.Flush() // nobody is left to tell
}

// Flush passes on what waits.
func (b *Batch) Flush() error {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	out := b.waiting
	b.waiting = b.spare[:0]
	b.mu.Unlock()
	b.spare = out
	if len(out) == 0 {
		return nil
	}
	_, err := b.w.Write(out)
	return err
}

// Close passes on what waits. What is written afterwards passes at once.
func (b *Batch) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.clock.Close()
	return b.Flush()
}
