package driver

import (
	"context"
	"io"
)

// pipelineBuffers is how many buffers a put of more than one has: one is read
// into, one waits, one is hashed.
const pipelineBuffers = 3

// pipelines are the puts that hash beside their writing. More of them than
// there are processors to hash would only hold more memory.
var pipelines = make(chan struct{}, MaxPipelines)

// CopyHashed copies src to its end, through h, and gives up at the size limit.
// While many puts do so already it takes turns with a small buffer.
func CopyHashed(ctx context.Context, dst io.Writer, h *Hasher, src io.Reader) (total int64, err error) {
	for eof := false; ; {
		select {
		case pipelines <- struct{}{}:
			defer func() { <-pipelines }()
			return copyPiped(ctx, dst, h, src, total)
		default:
		}
		var n int
		n, eof, err = copyPart(dst, h, src)
		if total += int64(n); err == nil {
			err = ctx.Err()
		}
		if err == nil && total > MaxPutSize {
			err = ErrEntityTooLarge
		}
		if err != nil || eof {
			return total, err
		}
	}
}

// copyPart copies one small buffer.
func copyPart(dst io.Writer, h *Hasher, src io.Reader) (n int, eof bool, err error) {
	buf := InlineBuffers.Get().(*[]byte)
	defer InlineBuffers.Put(buf)
	if n, eof, err = ReadFull(src, *buf); err == nil && n > 0 {
		h.Write((*buf)[:n])
		_, err = dst.Write((*buf)[:n])
	}
	return n, eof, err
}

// copyPiped is copyHashed after the first total bytes. What does not fit a
// buffer is hashed by a goroutine of its own, while the same bytes are written
// and the next ones are read: a hash takes longer than both.
func copyPiped(ctx context.Context, dst io.Writer, h *Hasher, src io.Reader, total int64) (int64, error) {
	buf := CopyBuffers.Get().(*[]byte)
	n, eof, err := ReadFull(src, *buf)
	if err != nil || eof {
		defer CopyBuffers.Put(buf)
		total += int64(n)
		if err != nil || n == 0 {
			return total, err
		}
		h.Write((*buf)[:n])
		_, err := dst.Write((*buf)[:n])
		return total, err
	}
	p := startPipeline(h)
	defer p.end()
	for {
		if total += int64(n); total > MaxPutSize {
			CopyBuffers.Put(buf)
			return total, ErrEntityTooLarge
		}
		p.hash <- chunk{buf, n}
		if _, err := dst.Write((*buf)[:n]); err != nil {
			return total, err
		}
		if eof {
			return total, nil
		}
		buf = p.buffer()
		if n, eof, err = ReadFull(src, *buf); err == nil {
			err = ctx.Err()
		}
		if err != nil {
			CopyBuffers.Put(buf)
			return total, err
		}
	}
}

type chunk struct {
	buf *[]byte
	n   int
}

// pipeline hashes what is sent into hash, in order.
type pipeline struct {
	hash chan chunk
	free chan *[]byte // hashed
	made int
}

func startPipeline(h *Hasher) *pipeline {
	p := &pipeline{hash: make(chan chunk, pipelineBuffers), free: make(chan *[]byte, pipelineBuffers), made: 1}
	go func() {
		defer close(p.free)
		for c := range p.hash {
			h.Write((*c.buf)[:c.n])
			p.free <- c.buf
		}
	}()
	return p
}

// buffer is one that nobody reads any more.
func (p *pipeline) buffer() *[]byte {
	select {
	case buf := <-p.free:
		return buf
	default:
	}
	if p.made < pipelineBuffers {
		p.made++
		return CopyBuffers.Get().(*[]byte)
	}
	return <-p.free
}

// end waits until all is hashed.
func (p *pipeline) end() {
	close(p.hash)
	for buf := range p.free {
		CopyBuffers.Put(buf)
	}
}
