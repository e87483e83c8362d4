package r2

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"flint/r2/driver"
)

// TestMorePutsThanPipelines holds up more puts than may have a pipeline: the
// others, and those that get one on the way, store the same bytes.
func TestMorePutsThanPipelines(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	content := func(i int) string { return strings.Repeat(fmt.Sprintf("content %d ", i), 80_000) }
	gate := make(chan struct{})
	var begun, all sync.WaitGroup
	for i := range 2 * driver.MaxPipelines {
		begun.Add(1)
		all.Go(func() {
			half := len(content(i)) / 2
			held := &heldReader{begun: begun.Done, gate: gate}
			src := io.MultiReader(strings.NewReader(content(i)[:half]), held, strings.NewReader(content(i)[half:]))
			wantPut(t, b, fmt.Sprint(i), src, content(i))
		})
	}
	begun.Wait()
	for _, n := range []int{driver.MaxInline + 1, driver.MaxInline + 2, 2 * (driver.MaxInline + 1), driver.CopyBuffer, 3*driver.CopyBuffer + 7} {
		wantPut(t, b, "meanwhile", strings.NewReader(strings.Repeat("y", n)), strings.Repeat("y", n))
		wantContent(t, b, "meanwhile", strings.Repeat("y", n))
	}
	if _, err := b.Put(context.Background(), "short", strings.NewReader(content(0)), PutOptions{Size: int64(len(content(0))) + 1}); err == nil {
		t.Error("a body that is too short was stored")
	}
	close(gate)
	all.Wait()
	for i := range 2 * driver.MaxPipelines {
		wantContent(t, b, fmt.Sprint(i), content(i))
	}
}

// wantPut puts content that comes from src; any goroutine may call it.
func wantPut(t *testing.T, b *Bucket, key string, src io.Reader, content string) {
	t.Helper()
	o, err := b.Put(context.Background(), key, src, PutOptions{Size: int64(len(content))})
	if sum := md5.Sum([]byte(content)); err != nil || o.ETag != hex.EncodeToString(sum[:]) {
		t.Errorf("put %s: %+v, %v", key, o, err)
	}
}

func wantContent(t *testing.T, b *Bucket, key, content string) {
	t.Helper()
	if got, _ := get(t, b, key); got != content {
		t.Errorf("%s: %d bytes came back as %d", key, len(content), len(got))
	}
}

// heldReader has no content. It tells that it is read, and ends with the gate.
type heldReader struct {
	begun func()
	gate  <-chan struct{}
	once  sync.Once
}

func (r *heldReader) Read([]byte) (int, error) {
	r.once.Do(r.begun)
	<-r.gate
	return 0, io.EOF
}

// TestFileNeedsNoBuffer sends a blob to a writer that takes files by itself.
func TestFileNeedsNoBuffer(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	content := strings.Repeat("z", driver.MaxInline+9)
	put(t, b, "k", content)
	got, err := b.Get(context.Background(), "k", GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Content.Close()
	var w fileTaker
	if n, err := io.Copy(&w, got.Content); err != nil || int(n) != len(content) || w.taken != len(content) || w.written != 0 {
		t.Errorf("%d bytes of %d: %d taken, %d written: %v", n, len(content), w.taken, w.written, err)
	}
}

type fileTaker struct{ taken, written int }

func (w *fileTaker) Write(p []byte) (int, error) {
	w.written += len(p)
	return len(p), nil
}

func (w *fileTaker) ReadFrom(src io.Reader) (int64, error) {
	n, err := io.Copy(io.Discard, src)
	w.taken += int(n)
	return n, err
}
