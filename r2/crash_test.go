package r2

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

const crashDirEnv = "FLINT_R2_CRASH_DIR"

// crashContent is what a crash test stores: its length and bytes follow from
// the key and the round, so that a torn object cannot pass for a whole one.
func crashContent(writer, round int) []byte {
	size := 100 + 3000*(round%40) // on both sides of maxInline
	line := fmt.Sprintf("writer %d round %d\n", writer, round)
	return bytes.Repeat([]byte(line), size/len(line)+1)
}

// putUntilKilled is the child of the crash test. It says on stdout what was
// acknowledged.
func putUntilKilled(dir string) {
	s, err := Open(Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	s.journal = 64 << 10 // so that kills hit the moves into the table
	b, err := s.Bucket("media")
	if err != nil {
		panic(err)
	}
	var out sync.Mutex
	for writer := range 4 {
		go func() {
			for round := 0; ; round++ {
				data := crashContent(writer, round)
				_, err := b.Put(context.Background(), fmt.Sprintf("key-%d-%d", writer, round%7), bytes.NewReader(data), PutOptions{Size: int64(len(data))})
				if err != nil {
					panic(err)
				}
				out.Lock()
				fmt.Printf("%d %d\n", writer, round)
				out.Unlock()
			}
		}()
	}
	select {}
}

// TestCrash kills a process in the middle of its puts and looks at what it left.
func TestCrash(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	for kill := range 4 {
		acked := killAfter(t, dir, 40+60*kill)
		b, s := reopen(t, dir)
		for writer, last := range acked {
			checkAcknowledged(t, b, writer, last)
		}
		var inBlobs int
		if err := disk(b).db.Readers.QueryRow("SELECT count(*) FROM objects WHERE place = 1").Scan(&inBlobs); err != nil {
			t.Fatal(err)
		}
		wantBlobs(t, b, inBlobs) // what the killed puts left is gone
		var sound string
		if err := disk(b).db.Readers.QueryRow("PRAGMA integrity_check").Scan(&sound); err != nil || sound != "ok" {
			t.Errorf("integrity_check: %s %v", sound, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func reopen(t *testing.T, dir string) (*Bucket, *Store) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	return b, s
}

// killAfter runs the child until it has acknowledged n puts, kills it, and
// returns the last acknowledged round of each writer.
func killAfter(t *testing.T, dir string, n int) map[int]int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDirEnv+"="+dir)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := map[int]int{}
	lines := bufio.NewScanner(stdout)
	for count := 0; lines.Scan(); count++ {
		var writer, round int
		if _, err := fmt.Sscanf(lines.Text(), "%d %d", &writer, &round); err != nil {
			break // the line on which it died
		}
		acked[writer] = round
		if count == n {
			_ = cmd.Process.Kill() // SIGKILL; what is still in the pipe counts, too
		}
	}
	_ = cmd.Wait() // it was killed
	if len(acked) == 0 {
		t.Fatal("the child stored nothing")
	}
	return acked
}

// checkAcknowledged reads every key of a writer: it holds the round that was
// acknowledged last, or the next one, which was stored and not acknowledged.
func checkAcknowledged(t *testing.T, b *Bucket, writer, last int) {
	t.Helper()
	for round := max(0, last-6); round <= last; round++ {
		key := fmt.Sprintf("key-%d-%d", writer, round%7)
		content, _ := get(t, b, key)
		if content != string(crashContent(writer, round)) && content != string(crashContent(writer, round+7)) {
			t.Errorf("%s: round %d is not whole: %.40q (%d bytes)", key, round, content, len(content))
		}
	}
}

// A run that did not close leaves blobs that no row names, and half-removed
// buckets; the next one removes them.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, s := reopenNew(t, dir)
	s.inline = 0
	put(t, b, "kept", "content")
	f, err := disk(b).blobs.create("ffffffffffffffffffffffffffffffff")
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	wantBlobs(t, b, 2)
	disk(b).blobs.doomed["pretend a crash"] = true // keeps the marker in place
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir+"/"+deletedPrefix+"x/blobs", 0o700); err != nil {
		t.Fatal(err)
	}
	b, s = reopen(t, dir)
	defer s.Close()
	wantBlobs(t, b, 1)
	if content, _ := get(t, b, "kept"); content != "content" {
		t.Errorf("content %q", content)
	}
	if _, err := os.Stat(dir + "/" + deletedPrefix + "x"); !os.IsNotExist(err) {
		t.Errorf("the deleted bucket is still there: %v", err)
	}
}

func reopenNew(t *testing.T, dir string) (*Bucket, *Store) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	return b, s
}
