package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A load is measured when all sides are idle, not only the one that is measured: the
// second side here works for a while.
func TestWaitUntilIdleWaitsForAllSides(t *testing.T) {
	t.Parallel()
	done := filepath.Join(t.TempDir(), "done")
	const count = `i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done; : > "$0"; exec sleep 60`
	b := &bench{report: &report{}}
	for _, cmd := range []*exec.Cmd{exec.Command("sleep", "60"), exec.Command("sh", "-c", count, done)} {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it sleeps
		b.sides = append(b.sides, &side{running: map[string]*process{workerProject: {pid: cmd.Process.Pid}}})
	}
	if err := b.waitUntilIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(done); err != nil {
		t.Error("it returned while a side was still working")
	}
	if len(b.report.notes) > 0 {
		t.Error(b.report.notes)
	}
}
