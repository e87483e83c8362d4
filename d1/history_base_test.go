package d1

import (
	"context"
	"testing"
	"time"

	"flint/internal/clock"
)

// outgrown makes a database of 100 MB whose chain needs a new base, which the
// gate keeps from being copied.
func outgrown(t testing.TB, gate *baseGate) *Database {
	t.Helper()
	db := travelling(t, t.TempDir(), clock.NewFrozen(testTime), Options{baseGate: gate.wait})
	mustExec(t, db, "CREATE TABLE t (n INTEGER, fill BLOB)")
	if err := db.lockHistory(context.Background()); err != nil { // the first base, of an empty database
		t.Fatal(err)
	}
	db.unlockWriter()
	gate.hold()
	mustExec(t, db, "INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 100) SELECT i, randomblob(1000000) FROM r")
	if pages := db.history.CopyPages(); pages < 24_000 { // nobody else has the writer
		t.Fatalf("a base of %d pages is being made, not of 100 MB", pages)
	}
	return db
}

// TestWritesWhileABaseIsCopied: the copy of a database stops nobody, and what
// is committed meanwhile can be brought back, from before, during and after.
func TestWritesWhileABaseIsCopied(t *testing.T) {
	t.Parallel()
	gate := &baseGate{}
	t.Cleanup(gate.release)
	db := outgrown(t, gate)
	var past []string
	note := func() {
		mustQuery(t, db, "UPDATE t SET n = ? WHERE rowid = 1", len(past))
		past = append(past, db.Bookmark())
	}
	copying, pages, done := db.history.CopyNumber(), db.history.CopyPages(), db.history.CopyDone()
	for range 20 { // the copy has begun, and cannot end
		note()
	}
	gate.release()
	during := 0
	for db.history.CopyNumber() == copying {
		note()
		select {
		case <-done:
		default:
			during++
		}
	}
	if db.history.ChainNumber() != copying {
		t.Fatal("the new base was not taken over")
	}
	note()
	t.Logf("%d commits while %d MB were copied", during, int(pages)*int(db.pageSize)/1e6)
	for _, n := range []int{10, len(past) / 2, len(past) - 1} {
		mustRestore(t, db, past[n])
		if got := oneValue(t, db, "SELECT n FROM t WHERE rowid = 1"); got != int64(n) {
			t.Errorf("state %d of %d: %v", n, len(past), got)
		}
	}
	integrity(t, db)
}

// BenchmarkPastPause is the longest that a commit took while a base of about
// 100 MB was copied.
func BenchmarkPastPause(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		gate := &baseGate{}
		db := outgrown(b, gate)
		copying, longest, commits := db.history.CopyNumber(), time.Duration(0), 0
		b.StartTimer()
		gate.release()
		for db.history.CopyNumber() == copying {
			watch := clock.StartStopwatch()
			mustQuery(b, db, "UPDATE t SET n = n + 1 WHERE rowid = 1")
			longest = max(longest, watch.Elapsed())
			commits++
		}
		b.ReportMetric(float64(longest.Microseconds())/1000, "ms-longest-commit")
		b.ReportMetric(float64(commits), "commits")
	}
}
