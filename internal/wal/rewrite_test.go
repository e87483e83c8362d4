package wal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func emitAll(records ...string) func(func([]byte) error) error {
	return func(emit func([]byte) error) error {
		for _, r := range records {
			if err := emit([]byte(r)); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestRewriteReplacesRecords(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "old 1", "old 2")
	l := mustOpen(t, path)
	if err := l.Rewrite(emitAll("new", "")); err != nil {
		t.Fatal(err)
	}
	if want := int64(2*HeaderSize + len("new")); l.Size() != want {
		t.Fatalf("size = %d, want %d", l.Size(), want)
	}
	if err := l.Append([]byte("after")); err != nil {
		t.Fatal(err)
	}
	closeLog(t, l)
	wantRecords(t, path, []string{"new", "", "after"})
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Fatalf("%d files beside the log, want none: %v", len(entries)-1, entries)
	}
}

func TestFailedRewriteKeepsTheOldLog(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "old")
	l := mustOpen(t, path)
	boom := errors.New("boom")
	err := l.Rewrite(func(emit func([]byte) error) error { return errors.Join(emit([]byte("half")), boom) })
	if !errors.Is(err, boom) {
		t.Fatalf("err = %v, want boom", err)
	}
	if err := l.Append([]byte("after")); err != nil {
		t.Fatal(err)
	}
	closeLog(t, l)
	wantRecords(t, path, []string{"old", "after"})
	if _, err := os.Stat(tempName(path)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("half a log was left behind: %v", err)
	}
}

// A kill between writing the new log and its rename leaves a temporary file.
func TestOpenRemovesAnUnfinishedRewrite(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "kept")
	if err := os.WriteFile(tempName(path), []byte("half a log"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, path, []string{"kept"})
	if _, err := os.Stat(tempName(path)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the unfinished log is still there: %v", err)
	}
}

func TestRewriteBesideAppends(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	l := mustOpen(t, path)
	var mu sync.Mutex // as in a service: one lock for its memory and the log
	var state []string
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 100 {
				r := fmt.Sprintf("%d/%d", w, i)
				mu.Lock()
				state = append(state, r)
				err := l.Append([]byte(r))
				if err == nil && i%25 == 0 {
					err = l.Rewrite(emitAll(state...))
				}
				mu.Unlock()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	closeLog(t, l)
	l, got := openLog(t, path)
	closeLog(t, l)
	if !slices.Equal(got, state) {
		t.Fatalf("replayed %d records, want the %d of memory in their order", len(got), len(state))
	}
}

// Appends do not wait for a rewrite, and what they append is copied behind what it
// emits.
func TestAppendsGoOnDuringARewrite(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "old")
	l := mustOpen(t, path)
	appended := func(records ...string) {
		for _, r := range records {
			if err := l.Append([]byte(r)); err != nil {
				t.Error(err)
			}
		}
	}
	big := strings.Repeat("b", maxSwapTail) // so that the tail is copied in two steps
	err := l.Rewrite(func(emit func([]byte) error) error {
		appended("during 1", big)
		if err := emit([]byte("kept")); err != nil {
			return err
		}
		appended("during 2")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	appended("after")
	if info, err := os.Stat(path); err != nil || info.Size() != l.Size() {
		t.Fatalf("the file has %v bytes, Size says %d (%v)", info.Size(), l.Size(), err)
	}
	closeLog(t, l)
	wantRecords(t, path, []string{"kept", "during 1", big, "during 2", "after"})
}

// What was synced before the swap is synced in the new file.
func TestRewriteKeepsWhatWasSynced(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "old")
	l := mustOpen(t, path)
	err := l.Rewrite(func(func([]byte) error) error { return errors.Join(l.Append([]byte("new")), l.Sync()) })
	if err != nil {
		t.Fatal(err)
	}
	closeLog(t, l)
	wantRecords(t, path, []string{"new"})
}

func TestCloseWaitsForARewrite(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "old")
	l := mustOpen(t, path)
	started, closed, rewritten := make(chan struct{}), make(chan error), make(chan error)
	go func() {
		rewritten <- l.Rewrite(func(emit func([]byte) error) error { close(started); return emit([]byte("new")) })
	}()
	<-started
	go func() { closed <- l.Close() }()
	if err := errors.Join(<-rewritten, <-closed); err != nil {
		t.Fatal(err)
	}
	wantRecords(t, path, []string{"new"})
	if err := l.Rewrite(emitAll("late")); !errors.Is(err, os.ErrClosed) {
		t.Fatalf("rewrite of a closed log: %v", err)
	}
}

// When a failed write cannot be undone the log refuses all later ones, because a record
// behind a torn one would be lost at the next Open.
func TestUnusableAfterAWriteThatCannotBeUndone(t *testing.T) {
	t.Parallel()
	path := writeLog(t, "kept")
	l := mustOpen(t, path)
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	l.file.Close()
	l.file = readOnly // neither write nor truncate works
	first := l.Append([]byte("x"))
	if first == nil || !strings.Contains(first.Error(), "unusable") {
		t.Fatalf("err = %v, want unusable", first)
	}
	if err := l.Append([]byte("y")); !errors.Is(err, first) {
		t.Fatalf("second append: %v, want %v", err, first)
	}
	if err := l.Rewrite(emitAll("z")); !errors.Is(err, first) {
		t.Fatalf("rewrite: %v, want %v", err, first)
	}
	if err := l.Close(); !errors.Is(err, first) {
		t.Fatalf("close: %v, want %v", err, first)
	}
	wantRecords(t, path, []string{"kept"})
}
