package wal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestReplayReturnsAppendedRecords(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	want := []string{"one", "", "three", strings.Repeat("x", 3<<20)}
	l := mustOpen(t, path)
	if err := l.Append([]byte(want[0]), []byte(want[1])); err != nil {
		t.Fatal(err)
	}
	for _, r := range want[2:] {
		if err := l.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	size := l.Size()
	closeLog(t, l)
	if info, err := os.Stat(path); err != nil || info.Size() != size {
		t.Fatalf("file has %v bytes, Size says %d (%v)", info.Size(), size, err)
	}
	wantRecords(t, path, want)
}

func TestReplayErrorStopsOpen(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "one", "two")
	boom := errors.New("boom")
	calls := 0
	_, err := Open(path, func([]byte) error { calls++; return boom })
	if !errors.Is(err, boom) || calls != 1 {
		t.Fatalf("err = %v after %d calls, want boom after 1", err, calls)
	}
	wantRecords(t, path, []string{"one", "two"}) // and the file is untouched
}

// A process that is killed while it writes leaves a prefix. A prefix of any length must
// open with exactly the whole records, and take more.
func TestTornTailAtEveryOffset(t *testing.T) {
	t.Parallel()
	records := []string{"first", "", "a longer third record", "4"}
	whole, err := os.ReadFile(writeLog(t, records...))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for cut := range len(whole) + 1 {
		path := filepath.Join(dir, fmt.Sprint(cut))
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		want := wholeRecords(records, cut)
		l, got := openLog(t, path)
		if !slices.Equal(got, want) {
			t.Fatalf("cut at %d: replayed %q, want %q", cut, got, want)
		}
		if err := l.Append([]byte("after")); err != nil {
			t.Fatal(err)
		}
		closeLog(t, l)
		wantRecords(t, path, append(want, "after"))
	}
}

func wholeRecords(records []string, cut int) []string {
	var out []string
	end := 0
	for _, r := range records {
		if end += HeaderSize + len(r); end > cut {
			break
		}
		out = append(out, r)
	}
	return out
}

// Any damaged byte before the last record is an error that names the offset. The
// records behind it are never dropped silently.
func TestDamageInTheMiddleIsReported(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(writeLog(t, "first", "second", "third"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	first, second := HeaderSize+len("first"), HeaderSize+len("second")
	for at := range first + second {
		path := filepath.Join(dir, fmt.Sprint(at))
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x80
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(path, func([]byte) error { return nil })
		where := "offset 0 "
		if at >= first {
			where = fmt.Sprintf("offset %d ", first)
		}
		if err == nil || !strings.Contains(err.Error(), "damaged record at "+where) {
			t.Fatalf("byte %d: err = %v, want damage at %s", at, err, where)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(after, damaged) {
			t.Fatalf("byte %d: the damaged file was changed", at)
		}
	}
}

func TestDamagedLastRecordIsCutOff(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "first", "second")
	data, _ := os.ReadFile(path)
	data[len(data)-1] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, path, []string{"first"})
}

// After a power cut a file can have its new length but not its new bytes.
func TestZeroTailIsCutOff(t *testing.T) {
	t.Parallel()
	for _, zeros := range []int{1, HeaderSize - 1, HeaderSize, 3 * HeaderSize, 200 << 10} {
		path := writeLog(t, "first")
		data, _ := os.ReadFile(path)
		if err := os.WriteFile(path, append(data, make([]byte, zeros)...), 0o600); err != nil {
			t.Fatal(err)
		}
		wantRecords(t, path, []string{"first"})
	}
}

func TestRecordOverTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	l := mustOpen(t, filepath.Join(t.TempDir(), "log"))
	defer closeLog(t, l)
	tooLong := make([]byte, MaxRecord+1)
	if err := l.Append([]byte("a"), tooLong); err == nil || !strings.Contains(err.Error(), "exceeds") {
		t.Fatalf("Append: %v, want a refusal", err)
	}
	err := l.Rewrite(func(emit func([]byte) error) error { return emit(tooLong) })
	if err == nil || !strings.Contains(err.Error(), "exceeds") {
		t.Fatalf("Rewrite: %v, want a refusal", err)
	}
	if l.Size() != 0 {
		t.Fatalf("size = %d after refused records, want 0", l.Size())
	}
}

func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	l := mustOpen(t, path)
	const writers, each = 8, 200
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := l.Append([]byte(fmt.Sprintf("%d/%04d", w, i))); err != nil {
					t.Error(err)
				}
				if i%50 == 0 {
					_ = l.Sync()
				}
			}
		})
	}
	wg.Wait()
	closeLog(t, l)
	l, got := openLog(t, path)
	closeLog(t, l)
	if len(got) != writers*each {
		t.Fatalf("%d records, want %d", len(got), writers*each)
	}
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
	if !slices.IsSorted(got) { // each writer's own records kept their order
		t.Fatal("a writer's records changed places")
	}
}

func TestClosedLog(t *testing.T) {
	t.Parallel()
	l := mustOpen(t, filepath.Join(t.TempDir(), "log"))
	closeLog(t, l)
	closeLog(t, l)
	if err := l.Append([]byte("x")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Append: %v, want os.ErrClosed", err)
	}
	if err := l.Rewrite(func(func([]byte) error) error { return nil }); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Rewrite: %v, want os.ErrClosed", err)
	}
	if err := l.Sync(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Sync: %v, want os.ErrClosed", err)
	}
}

func TestOpenInAMissingDirectory(t *testing.T) {
	t.Parallel()
	_, err := Open(filepath.Join(t.TempDir(), "no", "log"), nil)
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("err = %v, want os.ErrNotExist", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{100, 4 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			l, err := Open(filepath.Join(b.TempDir(), "log"), func([]byte) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			record := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Append(record); err != nil {
					b.Fatal(err)
				}
				if l.Size() > 256<<20 { // do not fill the disk of the machine
					if err := l.Rewrite(func(func([]byte) error) error { return nil }); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func writeLog(t *testing.T, records ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	log := mustOpen(t, path)
	for _, r := range records {
		if err := log.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, log)
	return path
}

func mustOpen(t *testing.T, path string) *Log {
	t.Helper()
	l, _ := openLog(t, path)
	return l
}

func openLog(t *testing.T, path string) (*Log, []string) {
	t.Helper()
	var got []string
	l, err := Open(path, func(r []byte) error { got = append(got, string(r)); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return l, got
}

func closeLog(t *testing.T, l *Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

func wantRecords(t *testing.T, path string, want []string) {
	t.Helper()
	l, got := openLog(t, path)
	closeLog(t, l)
	if !slices.Equal(got, want) {
		t.Fatalf("replayed %d records, want %d: %.200q, want %.200q", len(got), len(want), got, want)
	}
}

func TestClearDropsAllRecords(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "one", "two")
	l := mustOpen(t, path)
	if err := l.Clear(); err != nil || l.Size() != 0 {
		t.Fatalf("size %d, %v", l.Size(), err)
	}
	if err := l.Append([]byte("three")); err != nil {
		t.Fatal(err)
	}
	closeLog(t, l)
	wantRecords(t, path, []string{"three"})
	if err := l.Clear(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("cleared a closed log: %v", err)
	}
}
