package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

var (
	update  = flag.Bool("update", false, "rewrite step files, differences.yaml and docs/COMPAT.md from what the peer and flint answer")
	r2store = flag.Bool("r2-store", false, "keep R2 in a MinIO of the test's own")
	install = flag.Bool("install", false, "install the pinned peer from npm when it is missing")
)

const (
	differencesFile  = "differences.yaml"
	startTimeout     = 60 * time.Second
	maxParallelCases = 3           // cases that run at once
	longWait         = time.Minute // a case that may wait for longer takes no slot
)

// TestConformance runs every case on flint and on the peer.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("conformance starts many processes: not with -short")
	}
	peer := findPeer(t)
	cases, err := LoadCases("cases")
	if err != nil {
		t.Fatal(err)
	}
	differences, err := LoadDifferences(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{peer: peer, differences: differences, projects: copyCases(t), slots: make(chan struct{}, maxParallelCases), differing: map[string]*Answer{}}
	if *r2store {
		s.minio = testkit.StartMinIO(t)
	}
	t.Run("cases", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.ID, func(t *testing.T) { t.Parallel(); s.run(t, c) })
		}
	})
	s.finish(t, cases)
}

// findPeer finds the installed peer, or skips the test, and makes flint run on the peer's
// workerd.
func findPeer(t *testing.T) *Peer {
	dir, err := filepath.Abs("peer")
	if err != nil {
		t.Fatal(err)
	}
	p, err := FindPeer(t.Context(), dir, t.TempDir(), *install)
	if errors.Is(err, ErrNoPeer) || errors.Is(err, ErrNoNPM) || errors.Is(err, ErrNoPlatform) {
		fmt.Fprintf(os.Stderr, "CONFORMANCE IS SKIPPED: %v\n", err)
		t.SkipNow() // the reason has been printed
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	t.Setenv("FLINT_WORKERD", p.Workerd())
	return p
}

// copyCases copies the projects to a temporary folder, where the peer may write.
func copyCases(t *testing.T) string {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("cases")); err != nil {
		t.Fatal(err)
	}
	return dir
}

type suite struct {
	peer        *Peer
	differences *Differences
	projects    string
	slots       chan struct{}
	minio       *testkit.MinIO // store of R2; nil: the disk
	storeCount  atomic.Int64   // cases that have a prefix in minio

	mu        sync.Mutex
	ran       []string
	differing map[string]*Answer
}

// configure gives each case a prefix of its own in the S3 store, if there is one.
func (s *suite) configure(p *config.Project) {
	if s.minio != nil {
		p.Settings.R2Driver = fmt.Sprintf("%s&prefix=case%d-", s.minio.URL, s.storeCount.Add(1))
	}
}

func (s *suite) run(t *testing.T, c *Case) {
	if c.totalWait() < longWait { // a case that mostly waits takes no slot from others
		s.slots <- struct{}{}
		defer func() { <-s.slots }()
	}
	dir := filepath.Join(s.projects, filepath.FromSlash(c.ID))
	peerURL := ""
	if c.Peer != PeerNone {
		ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
		defer cancel()
		url, stop, err := s.peer.Start(ctx, c, dir)
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		peerURL = url
	}
	e := emulator.StartT(t, dir, s.configure)
	defer func() {
		if err := e.Close(); err != nil {
			t.Errorf("flint: close: %v", err)
		}
	}()
	outcomes, err := Run(t.Context(), c, s.differences, e.Run().URL, peerURL)
	if err != nil {
		t.Error(err)
	}
	for _, o := range outcomes {
		t.Run(o.Step.ID[len(c.ID)+1:], func(t *testing.T) { s.judge(t, o) })
	}
	if *update && err == nil && !t.Failed() {
		s.rewrite(t, c)
	}
}

func (s *suite) judge(t *testing.T, o Outcome) {
	if *update {
		o.Step.Adopt(o)
	}
	problems, differs := Judge(o, s.differences)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ran = append(s.ran, o.Step.ID)
	if differs {
		s.differing[o.Step.ID] = o.Flint
	}
	if *update {
		return
	}
	if s.minio != nil {
		judgeOnS3Store(t, o.Step.ID, problems)
		return
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func (s *suite) rewrite(t *testing.T, c *Case) {
	if err := os.WriteFile(filepath.Join(c.Dir, "steps.txt"), []byte(c.Format()), 0o644); err != nil {
		t.Error(err)
	}
}

// finish reports entries of differences.yaml without a step and, with -update, rewrites
// the file.
func (s *suite) finish(t *testing.T, cases []*Case) {
	known := map[string]bool{}
	steps := 0
	for _, c := range cases {
		for _, step := range c.Steps {
			known[step.ID] = true
			steps++
		}
	}
	for _, list := range [][]*Difference{s.differences.Accepted, s.differences.FlintBugs} {
		for _, e := range list {
			if !known[e.Step] {
				t.Errorf("differences.yaml: there is no step %s", e.Step)
			}
		}
	}
	t.Logf("%d of %d steps ran; %d differ from the peer", len(s.ran), steps, len(s.differing))
	if *update {
		s.differences.Update(s.ran, s.differing)
		if err := s.differences.Save(differencesFile); err != nil {
			t.Error(err)
		}
		writeCompat(t)
	}
}
