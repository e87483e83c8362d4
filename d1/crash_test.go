package d1

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// crashWriter is the process that TestKill kills: it writes batches of two
// rows and prints a number once they are acknowledged.
func crashWriter(dir string) {
	s, err := Open(Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	db, err := s.Database("db")
	if err != nil {
		panic(err)
	}
	ctx := context.Background()
	if _, err := db.Exec(ctx, "CREATE TABLE IF NOT EXISTS t (n INTEGER, half INTEGER, fill BLOB)"); err != nil {
		panic(err)
	}
	for n := 0; ; n++ {
		insert := "INSERT INTO t VALUES (?, ?, zeroblob(3000))"
		if _, err := db.Query(ctx, []Statement{{insert, []any{n, 0}}, {insert, []any{n, 1}}}); err != nil {
			panic(err)
		}
		fmt.Println(n, db.Bookmark())
	}
}

// TestKill kills a writing process: what it had acknowledged is there, no
// batch is there by half, and bookmarks go on rising.
func TestKill(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{0, 40, 700} { // the log is checkpointed on the way to the last
		t.Run(strconv.Itoa(after), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), "FLINT_D1_CRASH_DIR="+dir)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			acknowledged, bookmark := -1, ""
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if _, err := fmt.Sscan(lines.Text(), &acknowledged, &bookmark); err != nil {
					t.Error(err)
				}
				if acknowledged == after {
					_ = cmd.Process.Kill()
				}
			}
			_ = cmd.Wait()
			afterCrash(t, dir, acknowledged, bookmark)
		})
	}
}

func afterCrash(t *testing.T, dir string, acknowledged int, bookmark string) {
	t.Helper()
	db, err := openStore(t, dir).Database("db")
	if err != nil {
		t.Fatal(err)
	}
	integrity(t, db)
	if n := oneValue(t, db, "SELECT count(DISTINCT n) FROM t WHERE n <= ?", acknowledged); n != int64(acknowledged+1) {
		t.Errorf("%v batches of %d acknowledged ones", n, acknowledged+1)
	}
	if r := mustQuery(t, db, "SELECT n FROM t GROUP BY n HAVING count(*) <> 2"); len(r.Rows) != 0 {
		t.Errorf("half batches: %v", r.Rows)
	}
	if db.Bookmark() <= bookmark {
		t.Errorf("bookmark %s after %s", db.Bookmark(), bookmark)
	}
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
