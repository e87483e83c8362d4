package kv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/kv/memory"
)

func TestMain(m *testing.M) {
	if round := os.Getenv(crashEnv); round != "" {
		fmt.Fprintln(os.Stderr, writeUntilKilled(os.Args[1], round)) // it never returns nil
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

var (
	ctx   = context.Background()
	epoch = time.Unix(1_800_000_000, 0)
)

// openStore opens a store on a clock that stands still.
func openStore(t testing.TB, dir string) (*Store, *clock.Virtual) {
	t.Helper()
	c := clock.NewFrozen(epoch)
	return openAt(t, dir, c), c
}

func openAt(t testing.TB, dir string, c clock.Clock) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func namespace(t testing.TB, s *Store, id string) *Namespace {
	t.Helper()
	n, err := s.Namespace(id)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// inMemory is the driver of a namespace on disk.
func inMemory(n *Namespace) *memory.Namespace { return n.driver.(*memory.Namespace) }

func put(t testing.TB, n *Namespace, key, value string, o PutOptions) {
	t.Helper()
	if err := n.Put(ctx, key, []byte(value), o); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

// get is the value of a key, or "-" when it does not exist.
func get(t testing.TB, n *Namespace, key string) string {
	t.Helper()
	e, err := n.Get(ctx, key, GetOptions{})
	if errors.Is(err, ErrKeyNotFound) {
		return "-"
	}
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return string(e.Value)
}

func names(t testing.TB, n *Namespace, o ListOptions) []string {
	t.Helper()
	page, err := n.List(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, k := range page.Keys {
		out = append(out, k.Name)
	}
	return out
}

// crash is the directory as a kill -9 at this moment leaves it. What a
// compaction has half written may go away while it is copied.
func crash(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if errors.Is(err, os.ErrNotExist) && strings.HasSuffix(f.Name(), ".tmp") {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, f.Name()), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func seconds(n int64) *int64 { return &n }

// wantError checks status and text of an error that a user caused.
func wantError(t testing.TB, err error, status int, text string) {
	t.Helper()
	var e *cferr.Error
	if !errors.As(err, &e) {
		t.Errorf("got %v, want %d %q", err, status, text)
		return
	}
	if e.Status != status || e.Message != text {
		t.Errorf("got %d %q, want %d %q", e.Status, e.Message, status, text)
	}
}

func logSize(t testing.TB, dir, id string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, memory.FileName(id)))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
