package console

import (
	"io"
	"sync"
	"time"

	"flint/internal/clock"
)

const (
	maxDelay   = 8 * time.Millisecond // how long a line waits for further ones
	maxPending = 64 << 10             // bytes that are written at once, without waiting for the delay
)

// Batch is a buffered writer with a delay: lines that are written within 8 ms go to
// the underlying writer in one call, because under load a system call for each line
// costs more than the line. A line after a pause is written at once.
type Batch struct {
	w     io.Writer
	clock *clock.Virtual

	writeLock sync.Mutex // held while w is written to; taken before mu
	spare     []byte     // the buffer that pending swaps with

	mu      sync.Mutex
	pending []byte
	timer   clock.Timer // runs while lines are delayed; nil after a pause
	closed  bool
}

// NewBatch returns a Batch on w. Close ends it.
func NewBatch(w io.Writer) *Batch { return newBatch(w, clock.New()) }

func newBatch(w io.Writer, c *clock.Virtual) *Batch { return &Batch{w: w, clock: c} }

// Write implements io.Writer. It returns an error of the underlying writer only when it
// writes at once; an error of a delayed write is lost.
func (b *Batch) Write(p []byte) (int, error) {
	if b.enqueue(p) {
		return len(p), nil
	}
	return len(p), b.Flush()
}

// enqueue adds p to the pending lines and reports whether they may wait.
func (b *Batch) enqueue(p []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pending = append(b.pending, p...)
	if b.timer == nil && !b.closed {
		b.timer = b.clock.AfterFunc(maxDelay, b.flushDue)
		return false
	}
	return !b.closed && len(b.pending) < maxPending
}

// flushDue runs at the end of a delay. If nothing was written during it, a pause begins.
func (b *Batch) flushDue() {
	b.mu.Lock()
	b.timer = nil
	if len(b.pending) > 0 && !b.closed {
		b.timer = b.clock.AfterFunc(maxDelay, b.flushDue)
	}
	b.mu.Unlock()
	_ = b.Flush() // there is no caller to return the error to
}

// Flush writes the pending lines.
func (b *Batch) Flush() error {
	b.writeLock.Lock()
	defer b.writeLock.Unlock()
	b.mu.Lock()
	out := b.pending
	b.pending = b.spare[:0]
	b.mu.Unlock()
	b.spare = out
	if len(out) == 0 {
		return nil
	}
	_, err := b.w.Write(out)
	return err
}

// Close writes the pending lines. What is written afterwards is not delayed.
func (b *Batch) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.clock.Close()
	return b.Flush()
}
