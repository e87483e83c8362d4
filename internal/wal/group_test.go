package wal

import (
	"errors"
	"slices"
	"sync"
	"testing"
)

// Waiting writers share a commit, up to MaxBytes, and all get its result.
func TestGroupShares(t *testing.T) {
	t.Parallel()
	var lock sync.Mutex
	var commits [][]int
	boom := errors.New("boom")
	g := &Group[int]{Lock: &lock, MaxBytes: 10, Commit: func(items []int) error {
		commits = append(commits, slices.Clone(items))
		if len(commits) == 2 {
			return boom
		}
		return nil
	}}
	lock.Lock() // as while a commit runs
	errs := make([]error, 4)
	var writers sync.WaitGroup
	for i := range 3 {
		writers.Go(func() { errs[i] = g.Write(i, 3) })
		for g.Waiting() != i+1 {
		}
	}
	writers.Go(func() { errs[3] = g.Write(3, 3) }) // does not fit into the batch
	for g.Waiting() != 1 {
	}
	lock.Unlock()
	writers.Wait()
	slices.SortFunc(commits, func(x, y []int) int { return len(y) - len(x) })
	if len(commits) != 2 || !slices.Equal(commits[0], []int{0, 1, 2}) || !slices.Equal(commits[1], []int{3}) {
		t.Fatalf("commits %v", commits)
	}
	failed := 0
	for _, err := range errs {
		if errors.Is(err, boom) {
			failed++
		}
	}
	if failed != 1 && failed != 3 || errs[0] != errs[1] || errs[1] != errs[2] {
		t.Fatalf("errors %v", errs)
	}
	if err := g.Write(4, 100); err != nil || len(commits) != 3 { // larger than MaxBytes
		t.Fatalf("commits %v, %v", commits, err)
	}
}
