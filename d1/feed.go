package d1

import (
	"context"
	"io"
	"sync"

	"flint/d1/transfer"
)

// chunkReader hands the rows of a file over while more of them are read.
type chunkReader struct {
	filled  chan *transfer.Chunk
	unused  chan *transfer.Chunk
	err     error // why there is no more; set before full is closed
	stopped chan struct{}
	running sync.WaitGroup
}

// startChunkReader begins to read. The chunks of sample come first.
func startChunkReader(ctx context.Context, im *importer, sample []*transfer.Chunk, ended bool) *chunkReader {
	f := &chunkReader{filled: make(chan *transfer.Chunk, 4), unused: make(chan *transfer.Chunk, 8), stopped: make(chan struct{})}
	f.running.Add(1)
	go func() {
		defer f.running.Done()
		defer close(f.filled)
		f.err = f.read(ctx, im, sample, ended)
	}()
	return f
}

func (f *chunkReader) read(ctx context.Context, im *importer, sample []*transfer.Chunk, ended bool) error {
	for _, c := range sample {
		if err := f.deliver(ctx, c); err != nil {
			return err
		}
	}
	for !ended {
		c := f.emptyChunk()
		err := transfer.Fill(im.w, im.reader, c)
		if len(c.Lines) > 0 && (err == nil || err == io.EOF) {
			if err := f.deliver(ctx, c); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return io.EOF
}

func (f *chunkReader) deliver(ctx context.Context, c *transfer.Chunk) error {
	select {
	case f.filled <- c:
		return nil
	case <-f.stopped:
		return io.EOF
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *chunkReader) emptyChunk() *transfer.Chunk {
	select {
	case c := <-f.unused:
		return c
	default:
		return &transfer.Chunk{Packed: make([]byte, 0, transfer.ChunkBytes+transfer.ChunkBytes/8)}
	}
}

// recycle hands a chunk back to be filled again.
func (f *chunkReader) recycle(c *transfer.Chunk) {
	select {
	case f.unused <- c:
	default:
	}
}

// next waits for rows. io.EOF comes at the end, other errors before the row
// that is wrong.
func (f *chunkReader) next(ctx context.Context) (*transfer.Chunk, error) {
	select {
	case c, ok := <-f.filled:
		if !ok {
			return nil, f.err
		}
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// soon waits a moment for rows, or as long as it takes. It returns neither
// rows nor an error when none came.
func (f *chunkReader) soon(ctx context.Context, wait bool) (*transfer.Chunk, error) {
	if wait {
		return f.next(ctx)
	}
	moment, cancel := context.WithTimeout(ctx, importWait)
	defer cancel()
	c, err := f.next(moment)
	if err != nil && moment.Err() != nil && ctx.Err() == nil && err == moment.Err() {
		return nil, nil
	}
	return c, err
}

// stop ends the reading and waits for it.
func (f *chunkReader) stop() {
	close(f.stopped)
	f.running.Wait()
}
