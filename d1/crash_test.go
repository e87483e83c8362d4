package d1

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"flint/internal/testkit"
)

// crashWriter is the process that TestKill kills: it writes batches of two
// rows, with an index and a counter that belong together, goes on where the last
// one stopped, and prints a number once they are acknowledged.
func crashWriter(dir string) {
	if err := writeForever(dir); err != nil {
		panic(err)
	}
}

func writeForever(dir string) error {
	s, err := Open(Options{Dir: dir})
	if err != nil {
		return err
	}
	db, err := s.Database("db")
	if err != nil {
		return err
	}
	ctx := context.Background()
	if _, err := db.Exec(ctx, `CREATE TABLE IF NOT EXISTS t (n INTEGER, half INTEGER, fill BLOB); CREATE INDEX IF NOT EXISTS tn ON t (n, half);
		CREATE TABLE IF NOT EXISTS total (id INTEGER PRIMARY KEY, n INTEGER); INSERT OR IGNORE INTO total VALUES (1, 0);`); err != nil {
		return err
	}
	r, err := db.Query(ctx, []Statement{{SQL: "SELECT coalesce(max(n), -1) FROM t"}})
	if err != nil {
		return err
	}
	for n := r[0].Rows[0][0].(int64) + 1; ; n++ {
		const insert = "INSERT INTO t VALUES (?, ?, zeroblob(1500))"
		if _, err := db.Query(ctx, []Statement{{insert, []any{n, 0}}, {SQL: "UPDATE total SET n = n + 1"}, {insert, []any{n, 1}}}); err != nil {
			return err
		}
		fmt.Println(n, db.Bookmark())
	}
}

// kills is how often TestKill kills the writer.
const kills = 50

// TestKill kills a writing process fifty times, at a moment that nobody chose:
// each time what it had acknowledged is there, no batch is there by half, the
// file is sound and bookmarks go on rising. Four databases are killed side by
// side; the log is checkpointed on the way.
func TestKill(t *testing.T) {
	t.Parallel()
	const sides = 4
	for side := range sides {
		t.Run(strconv.Itoa(side), func(t *testing.T) {
			t.Parallel()
			dir, random := t.TempDir(), rand.New(rand.NewPCG(uint64(side), 1))
			last, bookmark := int64(-1), ""
			for round := side; round < kills; round += sides {
				last, bookmark = killOnce(t, dir, last+1+random.Int64N(400), bookmark)
			}
		})
	}
}

// killOnce lets the writer go on until it has acknowledged a batch, kills it,
// and gives the last batch that is in the database.
func killOnce(t *testing.T, dir string, after int64, bookmark string) (last int64, later string) {
	t.Helper()
	acknowledged := int64(-1)
	testkit.KillWhen(t, testkit.Child(t, []string{"FLINT_D1_CRASH_DIR=" + dir}), func(line string) bool {
		if _, err := fmt.Sscan(line, &acknowledged, &later); err != nil {
			t.Error(err)
		}
		return acknowledged == after // the writer is a few batches ahead by now, and goes on
	})
	if acknowledged < after || later <= bookmark {
		t.Fatalf("the writer ended at batch %d of %d, bookmark %s after %s", acknowledged, after, later, bookmark)
	}
	return afterCrash(t, dir, acknowledged, later)
}

func afterCrash(t *testing.T, dir string, acknowledged int64, bookmark string) (last int64, later string) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	integrity(t, db)
	if n := oneValue(t, db, "SELECT count(DISTINCT n) FROM t WHERE n <= ?", acknowledged); n != acknowledged+1 {
		t.Errorf("%v batches of %d acknowledged ones", n, acknowledged+1)
	}
	if r := mustQuery(t, db, "SELECT n FROM t GROUP BY n HAVING count(*) <> 2"); len(r.Rows) != 0 {
		t.Errorf("half batches: %v", r.Rows)
	}
	last = oneValue(t, db, "SELECT max(n) FROM t").(int64)
	if n := oneValue(t, db, "SELECT n FROM total"); n != last+1 {
		t.Errorf("%v batches counted, %d are there", n, last+1)
	}
	if db.Bookmark() <= bookmark {
		t.Errorf("bookmark %s after %s", db.Bookmark(), bookmark)
	}
	return last, db.Bookmark()
}

// TestCopyInMidWrite opens a copy of the files taken while they are written,
// which is what a crash of the machine's file cache would leave.
func TestCopyInMidWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := openStore(t, dir).Database("db")
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "CREATE TABLE t (a)")
	for range 20 {
		mustQuery(t, db, "INSERT INTO t VALUES (zeroblob(5000))")
	}
	copied := t.TempDir()
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, "db.sqlite"+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if suffix == "-wal" {
			b = b[:len(b)-1000] // the last commit was not complete
		}
		if err := os.WriteFile(filepath.Join(copied, "db.sqlite"+suffix), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	again, err := openStore(t, copied).Database("db")
	if err != nil {
		t.Fatal(err)
	}
	integrity(t, again)
	if n := oneValue(t, again, "SELECT count(*) FROM t"); n != int64(19) {
		t.Errorf("%v rows, want all but the last", n)
	}
}
