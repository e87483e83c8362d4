package csqlite

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func testPolicy() *Policy {
	return NewPolicy(
		map[string]bool{"count": false, "changes": true, "zeroblob": false},
		map[string]Arg{"foreign_keys": ArgBoolean, "table_info": ArgName, "data_version": ArgNone},
		[]string{"fts5"})
}

func open(t *testing.T, path string, readOnly bool) *Conn {
	t.Helper()
	c, err := Open(path, Options{ReadOnly: readOnly, Policy: testPolicy(), Cache: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestBuild(t *testing.T) {
	t.Parallel()
	if err := CheckBuild(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(Version(), "3.") {
		t.Fatalf("version %q", Version())
	}
}

func mustPrepare(t *testing.T, c *Conn, sql string) *Stmt {
	t.Helper()
	s, _, err := c.Prepare(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return s
}

// rowsFunc makes Rows of a function.
type rowsFunc func(data []byte, n int) error

func (f rowsFunc) Rows(_ *Stmt, data []byte, n, _ int) error { return f(data, n) }

var noRows = rowsFunc(func([]byte, int) error { return nil })

func mustRun(t *testing.T, c *Conn, sql string) Stats {
	t.Helper()
	s := mustPrepare(t, c, sql)
	defer c.Release(s)
	st, err := c.Run(s, 0, Packed, noRows)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return st
}

func TestRowsReadAndWritten(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	mustRun(t, c, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)")
	mustRun(t, c, "CREATE INDEX ia ON t (a)")
	for _, step := range []struct {
		sql           string
		read, written int64
	}{
		{"INSERT INTO t (a) VALUES (1)", 0, 2}, // the row and its entry in the index
		{"INSERT INTO t (id, a) VALUES (7, 1)", 1, 2},
		{"INSERT OR REPLACE INTO t (id, a) VALUES (7, 1)", 1, 2},
		{"UPDATE t SET b = 1", 2, 2},
		{"UPDATE t SET a = 1 WHERE id = 7", 1, 2},
		{"SELECT count(*) FROM t", 2, 0},
		{"SELECT id FROM t WHERE a = '1'", 2, 0},
		{"SELECT id FROM t WHERE a = 'none'", 0, 0},
		{"DELETE FROM t WHERE id = 7", 1, 1},
		{"DELETE FROM t", 0, 1},
	} {
		if st := mustRun(t, c, step.sql); st.Read != step.read || st.Written != step.written {
			t.Errorf("%s: %d read, %d written; want %d, %d", step.sql, st.Read, st.Written, step.read, step.written)
		}
	}
}

func TestRunHandsRowsOverInPieces(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	s := mustPrepare(t, c, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3000) SELECT i, zeroblob(1000) FROM n")
	pieces, rows := 0, 0
	st, err := c.Run(s, 0, Packed, rowsFunc(func(_ []byte, n int) error {
		pieces++
		rows += n
		return nil
	}))
	if err != nil || rows != 3000 || pieces < 10 {
		t.Fatalf("%d rows in %d pieces, %+v, %v", rows, pieces, st, err)
	}
	stop := errors.New("enough")
	if _, err := c.Run(s, 0, Packed, rowsFunc(func([]byte, int) error { return stop })); err != stop {
		t.Fatalf("error of the callback: %v", err)
	}
	if again, err := c.Run(s, 0, Packed, noRows); err != nil || again != st {
		t.Fatalf("after a stopped run: %+v instead of %+v, %v", again, st, err)
	}
}

func TestRunStopsAtItsLimit(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	s := mustPrepare(t, c, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n")
	_, err := c.Run(s, 20*time.Millisecond, Packed, noRows)
	var e *Error
	if !errors.As(err, &e) || !e.TimedOut || e.Code != 9 {
		t.Fatalf("got %v", err)
	}
	mustRun(t, c, "SELECT 1")
}

// A context that ended before the first step stops the run all the same.
func TestWatchStopsWhatHasNotBegun(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	s := mustPrepare(t, c, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	stop := c.Watch(ctx)
	_, err := c.Run(s, 10*time.Second, Packed, noRows)
	stop()
	var e *Error
	if !errors.As(err, &e) || e.Code != 9 || e.TimedOut {
		t.Fatalf("got %v", err)
	}
	mustRun(t, c, "SELECT 1")
}

func TestColumnsFollowTheSchema(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	mustRun(t, c, "CREATE TABLE t (a)")
	mustRun(t, c, "INSERT INTO t VALUES (1)")
	s := mustPrepare(t, c, "SELECT * FROM t")
	if err := c.Trusted("ALTER TABLE t ADD COLUMN b DEFAULT 2"); err != nil {
		t.Fatal(err)
	}
	s.Extra = "stale"
	packed := 0
	if _, err := c.Run(s, 0, Packed, rowsFunc(func(p []byte, _ int) error { packed = len(p); return nil })); err != nil {
		t.Fatal(err)
	}
	if len(s.Columns) != 2 || s.Columns[1] != "b" || packed != 18 || s.Extra != nil {
		t.Fatalf("columns %q, %d bytes, extra %v", s.Columns, packed, s.Extra)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	first := mustPrepare(t, c, "SELECT 1")
	if again := mustPrepare(t, c, "SELECT 1"); again != first {
		t.Fatal("prepared twice")
	}
	mustPrepare(t, c, "SELECT 2")
	mustPrepare(t, c, "SELECT 3")
	if c.cache.used.Len() != 2 || c.cache.get("SELECT 1") != nil {
		t.Fatalf("%d statements kept", c.cache.used.Len())
	}
}

func TestReaderRefusesWhatOnlyTheWriterKnows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a")
	open(t, path, false)
	r := open(t, path, true)
	for sql, seen := range map[string]Seen{
		"SELECT changes()":          SeenStateful,
		"PRAGMA foreign_keys = OFF": SeenPragma,
	} {
		_, _, err := r.Prepare(sql)
		var e *Error
		if !errors.As(err, &e) || e.Seen&seen == 0 {
			t.Errorf("%s: %v", sql, err)
		}
	}
	mustRun(t, r, "PRAGMA data_version")
}

func TestScriptSplits(t *testing.T) {
	t.Parallel()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	c.Script(true)
	text := "-- first; not a statement\nBEGIN TRANSACTION;\nCREATE TABLE a (x); /* ; */ CREATE TRIGGER tr AFTER INSERT ON a BEGIN\n" +
		"  UPDATE a SET x = 1; END;\nINSERT INTO a VALUES ('a;b');;COMMIT; -- done"
	s := c.OpenScript(text)
	defer s.Close()
	var got []string
	for {
		stmt, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if stmt == nil {
			break
		}
		if stmt.Transaction == "" {
			if _, err := c.Run(stmt, 0, Packed, noRows); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, strings.Fields(strings.TrimPrefix(s.Statement(), "-- first; not a statement"))[0]+stmt.Transaction)
		c.Release(stmt)
	}
	want := "BEGINBEGIN CREATE /* INSERT COMMIT;COMMIT"
	if strings.Join(got, " ") != want {
		t.Fatalf("%q, want %q", strings.Join(got, " "), want)
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	_, err := Open(filepath.Join(t.TempDir(), "no", "such", "folder"), Options{Policy: testPolicy()})
	if err == nil || !strings.Contains(err.Error(), "unable to open database file") {
		t.Fatalf("got %v", err)
	}
}
