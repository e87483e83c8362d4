package conformance

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindPeer(t *testing.T) {
	dir := t.TempDir()
	lock := filepath.Join(dir, "package-lock.json")
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), false); err == nil {
		t.Error("a peer without a lockfile")
	}
	if err := os.WriteFile(lock, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), false); !errors.Is(err, ErrNoPeer) {
		t.Errorf("not installed: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), true); !errors.Is(err, ErrNoNPM) {
		t.Errorf("without npm: %v", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "node_modules", ".installed"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), true); err != nil {
		t.Errorf("installed: %v", err)
	}
	if err := os.WriteFile(lock, []byte("{ }"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), false); !errors.Is(err, ErrNoPeer) {
		t.Errorf("another lockfile: %v", err)
	}
}

// TestLockfile: versions and hashes, and no address that only one network knows.
func TestLockfile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("peer/package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `"resolved"`) {
		t.Error("the lockfile holds addresses: run npm with omit-lockfile-registry-resolved, as peer/.npmrc says")
	}
	v, err := Versions("peer")
	if err != nil {
		t.Fatal(err)
	}
	for name, version := range v {
		if name != "node" && !strings.Contains(string(text), `"version": "`+version+`"`) {
			t.Errorf("%s %s is not in the lockfile", name, version)
		}
	}
}
