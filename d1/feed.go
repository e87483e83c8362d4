package d1

import (
	"context"
	"io"
	"sync"

	"flint/d1/transfer"
)

// feed hands the rows of a file over while more of them are read.
type feed struct {
	full  chan *transfer.Chunk
	empty chan *transfer.Chunk
	err   error // why there is no more; set before full is closed
	done  chan struct{}
	all   sync.WaitGroup
}

// startFeed begins to read. The chunks of sample come first.
func startFeed(ctx context.Context, im *importer, sample []*transfer.Chunk, ended bool) *feed {
	f := &feed{full: make(chan *transfer.Chunk, 4), empty: make(chan *transfer.Chunk, 8), done: make(chan struct{})}
	f.all.Add(1)
	go func() {
		defer f.all.Done()
		defer close(f.full)
		f.err = f.read(ctx, im, sample, ended)
	}()
	return f
}

func (f *feed) read(ctx context.Context, im *importer, sample []*transfer.Chunk, ended bool) error {
	for _, c := range sample {
		if err := f.send(ctx, c); err != nil {
			return err
		}
	}
	for !ended {
		c := f.take()
		err := transfer.Fill(im.w, im.reader, c)
		if len(c.Lines) > 0 && (err == nil || err == io.EOF) {
			if err := f.send(ctx, c); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return io.EOF
}

func (f *feed) send(ctx context.Context, c *transfer.Chunk) error {
	select {
	case f.full <- c:
		return nil
	case <-f.done:
		return io.EOF
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (f *feed) take() *transfer.Chunk {
	select {
	case c := <-f.empty:
		return c
	default:
		return &transfer.Chunk{Packed: make([]byte, 0, transfer.ChunkBytes+transfer.ChunkBytes/8)}
	}
}

// give hands a chunk back to be filled again.
func (f *feed) give(c *transfer.Chunk) {
	select {
	case f.empty <- c:
	default:
	}
}

// next waits for rows. io.EOF comes at the end, other errors before the row
// that is wrong.
func (f *feed) next(ctx context.Context) (*transfer.Chunk, error) {
	select {
	case c, ok := <-f.full:
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
func (f *feed) soon(ctx context.Context, wait bool) (*transfer.Chunk, error) {
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
func (f *feed) stop() {
	close(f.done)
	f.all.Wait()
}
