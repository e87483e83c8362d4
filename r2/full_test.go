package r2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/r2/driver"
)

const fullDirEnv = "FLINT_R2_FULL_DIR"

// fillDisk puts objects of every kind until the disk is full, and returns how
// many of each there are. Everything that is refused is refused by name.
func fillDisk(b *Bucket) (map[string]int, error) {
	ctx := context.Background()
	stored := map[string]int{}
	for _, kind := range []string{"blob", "row", "small"} {
		size := map[string]int{"small": 100, "row": 30_000, "blob": 200_000}[kind]
		for n := 0; ; n++ {
			_, err := b.Put(ctx, fmt.Sprintf("%s-%d", kind, n), bytes.NewReader(fullContent(kind, n, size)), PutOptions{Size: int64(size)})
			if errors.Is(err, driver.ErrDiskFull) {
				break
			}
			if err != nil || n > 100_000 {
				return nil, fmt.Errorf("put %d of kind %s: %w", n, kind, err)
			}
			stored[kind] = n + 1
		}
	}
	return stored, nil
}

func fullContent(kind string, n, size int) []byte {
	line := fmt.Sprintf("%s %d\n", kind, n)
	return bytes.Repeat([]byte(line), size/len(line)+1)[:size]
}

// wantWhole looks for every object that was acknowledged, and for no other file.
func wantWhole(t *testing.T, b *Bucket, stored map[string]int) {
	t.Helper()
	for kind, n := range stored {
		size := map[string]int{"small": 100, "row": 30_000, "blob": 200_000}[kind]
		for i := range n {
			if content, _ := get(t, b, fmt.Sprintf("%s-%d", kind, i)); content != string(fullContent(kind, i, size)) {
				t.Errorf("%s-%d is not whole: %d bytes", kind, i, len(content))
			}
		}
	}
	wantBlobs(t, b, stored["blob"])
}

// TestDiskFull fills a small disk: what does not fit is refused by name and
// leaves nothing, the rest stays readable, and with room again all goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t)
	b, s := reopenNew(t, dir)
	stored, err := fillDisk(b)
	if err != nil {
		t.Fatal(err)
	}
	if stored["blob"] == 0 {
		t.Fatal("nothing fitted")
	}
	wantWhole(t, b, stored)
	id, err := b.CreateMultipart(context.Background(), "m", MultipartOptions{})
	if err == nil {
		_, err = b.UploadPart(context.Background(), "m", id, 1, bytes.NewReader(make([]byte, 1<<20)), 1<<20)
	}
	if !errors.Is(err, driver.ErrDiskFull) || !strings.Contains(err.Error(), "disk that holds flint's state is full") {
		t.Errorf("a part: %v", err)
	}
	wantBlobs(t, b, stored["blob"])
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	put(t, b, "after", strings.Repeat("x", 200_000))
	put(t, b, "after", "small")
	if err := b.Delete(context.Background(), "blob-0"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, s = reopen(t, dir)
	defer s.Close()
	if _, there := get(t, b, "blob-0"); there {
		t.Error("a deleted object is there")
	}
	if content, _ := get(t, b, "after"); content != "small" {
		t.Errorf("after: %q", content)
	}
}

// smallDisk mounts a disk of a few MiB with a file on it that can be removed.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk takes root; TestFileSizeLimit shows the same without")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("no small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestFileSizeLimit has a child process that can write no file over 150 KB.
func TestFileSizeLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if out, err := testkit.Child(t, []string{fullDirEnv + "=" + dir}).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b := lookup(t, openStore(t, dir, clock.NewFrozen(noon)))
	wantBlobs(t, b, 0)
	wantKeys(t, b, "small")
	if content, _ := get(t, b, "small"); content != "fits" {
		t.Errorf("small: %q", content)
	}
}

func lookup(t *testing.T, s *Store) *Bucket {
	t.Helper()
	b, err := s.Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// putPastLimit is the child of TestFileSizeLimit.
func putPastLimit(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	s, err := Open(Options{Dir: dir})
	check(err)
	b, err := s.Bucket("media")
	check(err)
	limit := syscall.Rlimit{Cur: 150_000, Max: 150_000}
	check(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	_, err = b.Put(context.Background(), "large", bytes.NewReader(make([]byte, 1<<20)), PutOptions{Size: 1 << 20})
	if !errors.Is(err, driver.ErrDiskFull) {
		check(fmt.Errorf("a large put: %w", err))
	}
	_, err = b.Put(context.Background(), "small", strings.NewReader("fits"), PutOptions{Size: 4})
	check(err)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
