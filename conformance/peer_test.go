package conformance

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/testkit"
)

func TestFindPeer(t *testing.T) {
	dir := t.TempDir()
	lockfile := filepath.Join(dir, "package-lock.json")
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), false); err == nil {
		t.Error("a peer without a lockfile")
	}
	testkit.WriteFile(t, lockfile, "{}")
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), false); !errors.Is(err, ErrNoPeer) {
		t.Errorf("not installed: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), true); !errors.Is(err, ErrNoNPM) {
		t.Errorf("without npm: %v", err)
	}
	testkit.WriteFile(t, filepath.Join(dir, "node_modules", ".installed"), "{}")
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), true); err != nil {
		t.Errorf("installed: %v", err)
	}
	testkit.WriteFile(t, lockfile, "{ }")
	if _, err := FindPeer(t.Context(), dir, t.TempDir(), false); !errors.Is(err, ErrNoPeer) {
		t.Errorf("another lockfile: %v", err)
	}
}

// TestLockfile: the lockfile holds versions and hashes, and no address of a registry.
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

// TestSkipIsReported runs this test binary as on a machine without npm: it passes and
// prints one line which says that nothing was compared.
func TestSkipIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "peer", "package-lock.json"), "{}")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, "-test.run=^TestConformance$", "-install")
	c.Dir, c.Env = dir, []string{"PATH=" + dir}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := "CONFORMANCE IS SKIPPED: " + ErrNoNPM.Error() + "\nPASS\n"; string(out) != want {
		t.Errorf("it says\n%swant\n%s", out, want)
	}
}

// TestMakeShowsTheSkip: go test hides the output of a package that passes unless it runs
// in the package's own folder.
func TestMakeShowsTheSkip(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.Contains(line, "go test ./conformance") {
			t.Errorf("the line that says what was skipped is lost in: %s", line)
		}
		if strings.Contains(line, "cd conformance && go test ") && strings.Contains(line, " -install") {
			runs++
		}
	}
	if runs != 2 {
		t.Errorf("%d targets run it, want test and conformance", runs)
	}
}
