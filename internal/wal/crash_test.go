package wal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"flint/internal/testkit"
)

// The tests below run this test binary as a child process that can be killed or kept
// from writing. childEnv chooses what the child does.
const childEnv = "FLINT_WAL_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch os.Getenv(childEnv) {
	case "":
		os.Exit(m.Run())
	case "append":
		err = appendForever(os.Args[1], false)
	case "rewrite":
		err = appendForever(os.Args[1], true)
	case "full":
		err = appendUntilFull(os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// appendForever prints the number of each record after Append has returned. With
// rewrite it also compacts the log continuously, keeping all records.
func appendForever(path string, rewrite bool) error {
	var mu sync.Mutex
	var all [][]byte
	l, err := Open(path, func([]byte) error { return nil })
	if err != nil {
		return err
	}
	if rewrite {
		go rewriteForever(l, func() [][]byte {
			mu.Lock()
			defer mu.Unlock()
			return all
		})
	}
	for i := 0; ; i++ {
		r := fmt.Appendf(nil, "%d %s", i, strings.Repeat("v", i%3000))
		mu.Lock()
		err := l.Append(r)
		all = append(all, r)
		mu.Unlock()
		if err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func rewriteForever(l *Log, all func() [][]byte) {
	for {
		err := l.Rewrite(func(emit func([]byte) error) error {
			for _, r := range all() {
				if err := emit(r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// appendUntilFull reaches a file size limit within a record, as on a full disk.
func appendUntilFull(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: 1000, Max: 1000}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	l, err := Open(path, func([]byte) error { return nil })
	if err != nil {
		return err
	}
	if err := l.Append(bytes.Repeat([]byte("a"), 500)); err != nil {
		return err
	}
	if err := l.Append(bytes.Repeat([]byte("b"), 600)); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("second append: %v, want EFBIG", err)
	}
	if l.Size() != HeaderSize+500 {
		return fmt.Errorf("size %d after the failed write", l.Size())
	}
	if err := l.Rewrite(func(emit func([]byte) error) error { return emit(make([]byte, 2000)) }); !errors.Is(err, syscall.EFBIG) {
		return fmt.Errorf("rewrite: %v, want EFBIG", err)
	}
	return l.Append([]byte("c")) // a small one still fits: the log is usable
}

func childCommand(t testing.TB, mode, path string) *exec.Cmd {
	t.Helper()
	return testkit.Child(t, []string{childEnv + "=" + mode}, path)
}

func TestFullDiskLosesTheFailedRecordOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if out, err := childCommand(t, "full", path).Output(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantRecords(t, path, []string{strings.Repeat("a", 500), "c"})
	if _, err := os.Stat(tempName(path)); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the failed rewrite left its file behind: %v", err)
	}
}

// A rewrite may leave copied records twice, so its records are compared as a set.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"append", "rewrite"} {
		for round := range 4 {
			path := filepath.Join(t.TempDir(), "log")
			acked := killAfter(t, childCommand(t, mode, path), 20+round*137)
			l, got := openLog(t, path)
			closeLog(t, l)
			if mode == "rewrite" {
				slices.SortFunc(got, func(a, b string) int { return recordNumber(a) - recordNumber(b) })
				got = slices.Compact(got)
			}
			if len(got) <= acked {
				t.Fatalf("%s: %d records, but %d was acknowledged", mode, len(got), acked)
			}
			for i, r := range got {
				if want := fmt.Sprintf("%d %s", i, strings.Repeat("v", i%3000)); r != want {
					t.Fatalf("%s: record %d is %.20q, want %.20q", mode, i, r, want)
				}
			}
		}
	}
}

func recordNumber(record string) (n int) {
	_, _ = fmt.Sscan(record, &n)
	return n
}

// killAfter kills cmd after it has acknowledged record n and returns the last number
// that it printed.
func killAfter(t *testing.T, cmd *exec.Cmd, n int) int {
	t.Helper()
	last := -1
	testkit.KillWhen(t, cmd, func(line string) bool {
		if _, err := fmt.Sscan(line, &last); err != nil {
			t.Fatal(err)
		}
		return last == n
	})
	if last < n {
		t.Fatalf("the child ended after record %d, before it was killed", last)
	}
	return last
}
