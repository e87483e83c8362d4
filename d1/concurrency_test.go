package d1

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/testkit"
)

// otherProcess is a program of somebody else's with the database file open: it
// writes rows, or holds a lock until its input ends.
func otherProcess(path, does string) {
	db, err := sql.Open("sqlite3", "file:"+path+"?_busy_timeout=20000")
	if err != nil {
		panic(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	run := func(sql string) {
		if _, err := db.Exec(sql); err != nil {
			panic(err)
		}
	}
	switch does {
	case "write":
		fmt.Println("writing")
		for range 100 {
			run("BEGIN IMMEDIATE; INSERT INTO t VALUES (-1, 0); INSERT INTO t VALUES (-1, 1); COMMIT;")
		}
	case "hold a read":
		run("BEGIN; SELECT count(*) FROM t;")
		fmt.Println("holding")
		_, _ = io.ReadAll(os.Stdin)
	case "hold a write":
		run("BEGIN IMMEDIATE; INSERT INTO t VALUES (-1, 0);")
		fmt.Println("holding")
		_, _ = io.ReadAll(os.Stdin)
		run("COMMIT")
	}
}

// startOther starts another process, waits until it is at work and gives what
// makes it end.
func startOther(t *testing.T, path, does string) (end func()) {
	t.Helper()
	cmd := testkit.Child(t, []string{"FLINT_D1_OTHER_FILE=" + path, "FLINT_D1_OTHER_DOES=" + does})
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// write64 has 64 clients that write batches at once, and gives how many rows.
func write64(t *testing.T, s *Store) int64 {
	t.Helper()
	const clients, each = 64, 5
	b := NewBinding(s, nil, nil)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for n := range each {
				body := fmt.Sprintf(`[{"sql":"INSERT INTO t VALUES (?, 0)","params":[%d]},{"sql":"INSERT INTO t VALUES (?, 1)","params":[%d]}]`, c*each+n, c*each+n)
				if got := post(b.ServeBinding, "/query", body); !strings.HasPrefix(got, `[{"success":true`) {
					t.Error(got)
				}
			}
		})
	}
	wg.Wait()
	return clients * each * 2
}

// TestBesideAnotherProcess has 64 clients writing while another process writes
// too, or holds a read or the write lock for a while: nothing is lost, and no
// client sees SQLITE_BUSY.
func TestBesideAnotherProcess(t *testing.T) {
	t.Parallel()
	for does, others := range map[string]int64{"write": 200, "hold a read": 0, "hold a write": 1} {
		t.Run(does, func(t *testing.T) {
			t.Parallel()
			s := openStore(t, t.TempDir())
			db, _ := s.Database("db")
			mustExec(t, db, "CREATE TABLE t (n INTEGER, half INTEGER)")
			end := startOther(t, db.Path(), does)
			defer end()
			if does == "hold a write" {
				time.AfterFunc(50*time.Millisecond, end) // the clients wait for it
			}
			rows := write64(t, s)
			if does == "hold a read" { // more than one log, none of which can be moved into the file
				mustQuery(t, db, "INSERT INTO t SELECT -2, value FROM json_each(?)", "["+strings.Repeat("0,", 400_000)+"0]")
				rows += 400_001
			}
			end()
			if n := oneValue(t, db, "SELECT count(*) FROM t"); n != rows+others {
				t.Errorf("%v rows, want %d", n, rows+others)
			}
			integrity(t, db)
		})
	}
}

// A lock that another process does not give back ends the wait at the limit of
// a query, or with the request, in D1's own words.
func TestLockOfAnotherProcessThatStays(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (n INTEGER, half INTEGER)")
	end := startOther(t, db.Path(), "hold a write")
	defer end()
	insert := []Statement{{SQL: "INSERT INTO t VALUES (1, 1)"}}
	for _, batch := range [][]Statement{insert, append(insert, insert...)} {
		db.writer.Busy(20 * time.Millisecond)
		if _, err := db.Query(t.Context(), batch); cferr.From(err).Message != msgTimeout {
			t.Errorf("%d statements: %v", len(batch), err)
		}
		db.writer.Busy(MaxQueryTime)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := db.Query(ctx, batch); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d statements of a request that ends: %v", len(batch), err)
		}
		cancel()
	}
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(0) { // a read does not wait
		t.Errorf("%v rows", n)
	}
	end()
	mustQuery(t, db, "INSERT INTO t VALUES (1, 1)")
}

// A stuck query is interrupted at its limit, wherever it runs, and what it had
// changed is undone.
func TestStuckQueries(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a)")
	db.limit = 20 * time.Millisecond
	write := Statement{SQL: "INSERT INTO t " + strings.Replace(endless, "count(*)", "i", 1)}
	for name, batch := range map[string][]Statement{
		"read": {{SQL: endless}}, "write": {write}, "batch": {{SQL: "INSERT INTO t VALUES (1)"}, {SQL: endless}},
	} {
		if _, err := db.Query(t.Context(), batch); cferr.From(err).Message != msgTimeout {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(0) {
		t.Errorf("%v rows", n)
	}
	integrity(t, db)
}

// A slow read blocks neither another read nor a write.
func TestSlowReadBesideReads(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a)")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := db.Query(ctx, []Statement{{SQL: endless}})
		done <- err
	}()
	for len(db.slots) == readConnections { // until it runs
		mustQuery(t, db, "INSERT INTO t VALUES (1)")
	}
	for range 20 {
		before := oneValue(t, db, "SELECT count(*) FROM t")
		mustQuery(t, db, "INSERT INTO t VALUES (2)")
		if after := oneValue(t, db, "SELECT count(*) FROM t"); after != before.(int64)+1 {
			t.Errorf("%v rows after %v: a read does not see the write before it", after, before)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
