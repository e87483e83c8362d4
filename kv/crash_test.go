package kv

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/kv/memory"
)

// The tests here run this test binary again as a process that writes until it
// is killed; the variable holds the round.
const crashEnv = "FLINT_KV_CRASH_ROUND"

const (
	crashRounds  = 50
	crashWriters = 8
	crashKeys    = 20 // of a writer
	crashBulk    = 30 // keys of a bulk write
)

// crashKey is a key of a writer in a round. Nobody else writes it.
func crashKey(round string, writer, op int) string {
	return fmt.Sprintf("%s/%d/%02d", round, writer, op%crashKeys)
}

// crashValue is what operation op of a writer stores. A half of it, or that of
// another operation, is not the same. Some are too large to be copied.
func crashValue(writer, op int) string {
	text := fmt.Sprintf("%d/%d|", writer, op)
	if op%50 == 7 {
		return strings.Repeat(text, 200_000/len(text))
	}
	return strings.Repeat(text, op%40+1)
}

// deletes says whether an operation is a delete.
func deletes(op int) bool { return op%crashKeys < 5 && op/crashKeys%3 == 2 }

// writeUntilKilled is the child. It acknowledges what is done on standard
// output, and compacts the log all the time.
func writeUntilKilled(dir, round string) error {
	s, err := Open(Options{Dir: dir, Clock: clock.New()})
	if err != nil {
		return err
	}
	n, err := s.Namespace("ns")
	if err != nil {
		return err
	}
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	go func() {
		for {
			inMemory(n).StartCompaction()
			inMemory(n).AwaitCompaction()
		}
	}()
	var writers sync.WaitGroup
	for w := range crashWriters {
		writers.Go(func() {
			for op := 0; ; op++ {
				fail(crashStep(n, round, w, op))
				fmt.Println(w, op)
			}
		})
	}
	writers.Wait()
	return nil
}

// crashStep is one operation. The last writer writes many keys at once.
func crashStep(n *Namespace, round string, w, op int) error {
	if w == crashWriters-1 {
		pairs := make([]Pair, crashBulk)
		for i := range pairs {
			pairs[i] = Pair{Key: fmt.Sprintf("%s/bulk/%02d", round, i), Value: fmt.Appendf(nil, "%d%s", op, strings.Repeat(".", op%9*1000))}
		}
		return n.PutBulk(ctx, pairs)
	}
	if deletes(op) {
		return n.Delete(ctx, crashKey(round, w, op))
	}
	return n.Put(ctx, crashKey(round, w, op), []byte(crashValue(w, op)), PutOptions{})
}

// stateAt is what a key of a writer holds after operation last; "-" is nothing.
func stateAt(w, key, last int) string {
	for op := last; op >= 0; op-- {
		if op%crashKeys == key {
			if deletes(op) {
				return "-"
			}
			return crashValue(w, op)
		}
	}
	return "-"
}

// TestKillLosesNothingAcknowledged kills a process that writes fifty times, most
// times in the middle of a compaction, and goes on with what it left. Whatever
// was acknowledged is there, what was under way is there whole or not at all,
// and what earlier rounds left has not changed.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := map[string]string{} // what the rounds so far left
	compacting, acknowledged := 0, 0
	for round := range crashRounds {
		last := killRound(t, dir, fmt.Sprint(round), 10+round*7%200)
		if _, err := os.Stat(filepath.Join(dir, memory.FileName("ns")+".tmp")); err == nil {
			compacting++
		}
		s, err := Open(Options{Dir: dir, Clock: clock.NewFrozen(epoch)})
		if err != nil {
			t.Fatal(err)
		}
		n := namespace(t, s, "ns")
		for key, want := range before {
			if got := get(t, n, key); got != want {
				t.Fatalf("round %d: %q of an earlier round is %.40q, want %.40q", round, key, got, want)
			}
		}
		for w, op := range last[:crashWriters-1] {
			acknowledged += op + 1
			checkWriter(t, n, before, fmt.Sprint(round), w, op)
		}
		checkBulk(t, n, before, fmt.Sprint(round), last[crashWriters-1])
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d writes were acknowledged; %d of %d kills met a compaction", acknowledged, compacting, crashRounds)
	if compacting == 0 {
		t.Error("no kill met a compaction")
	}
}

func checkWriter(t *testing.T, n *Namespace, before map[string]string, round string, w, last int) {
	t.Helper()
	for key := range crashKeys {
		name := crashKey(round, w, key)
		got := get(t, n, name)
		if done, underWay := stateAt(w, key, last), stateAt(w, key, last+1); got != done && got != underWay {
			t.Fatalf("%q is %.40q (%d bytes); %d was acknowledged: want %.40q or %.40q", name, got, len(got), last, done, underWay)
		}
		before[name] = got
	}
}

func checkBulk(t *testing.T, n *Namespace, before map[string]string, round string, last int) {
	t.Helper()
	values := map[string]bool{}
	for i := range crashBulk {
		name := fmt.Sprintf("%s/bulk/%02d", round, i)
		before[name] = get(t, n, name)
		values[before[name]] = true
	}
	if len(values) != 1 {
		t.Fatalf("round %s: a bulk write was done in part", round)
	}
	for value := range values {
		op := -1
		_, _ = fmt.Sscan(value, &op)
		if op != last && op != last+1 {
			t.Fatalf("round %s: bulk write %d is there, %d was acknowledged", round, op, last)
		}
	}
}

// killRound kills the child after so many acknowledgements and returns the last
// operation that each writer acknowledged.
func killRound(t *testing.T, dir, round string, after int) (last [crashWriters]int) {
	t.Helper()
	for w := range last {
		last[w] = -1
	}
	seen := 0
	testkit.KillWhen(t, testkit.Child(t, []string{crashEnv + "=" + round}, dir), func(line string) bool {
		var w, op int
		if _, err := fmt.Sscan(line, &w, &op); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		last[w] = op
		seen++
		return seen == after+1
	})
	if seen < after {
		t.Fatalf("the child ended by itself after %d acknowledgements", seen)
	}
	return last
}
