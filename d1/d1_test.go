package d1

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"flint/d1/codec"
	"flint/internal/cferr"
)

func TestFilesOfDatabases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	for id, file := range map[string]string{
		"11111111-2222-3333-4444-555555555555": "11111111-2222-3333-4444-555555555555.sqlite",
		"my/ Database":                         "my%2F%20Database.sqlite",
		"..":                                   "%2E..sqlite",
		"a%2F":                                 "a%252F.sqlite",
		"é":                                    "%C3%A9.sqlite",
	} {
		db, err := s.Database(id)
		if err != nil {
			t.Fatalf("%q: %v", id, err)
		}
		if db.Path() != filepath.Join(dir, file) {
			t.Errorf("%q is in %s, want %s", id, db.Path(), file)
		}
		if again, _ := s.Database(id); again != db {
			t.Errorf("%q was opened twice", id)
		}
	}
	if _, err := s.Database(""); cferr.From(err).Code != codec.CodeMalformed {
		t.Errorf("empty id: %v", err)
	}
	long, err := fileName(strings.Repeat("x", 1000))
	other, _ := fileName(strings.Repeat("x", 1001))
	if err != nil || len(long) > 200 || long == other {
		t.Errorf("long ids: %q, %q, %v", long, other, err)
	}
}

func TestByName(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	s.Declare("id-1", "users")
	s.Declare("id-2", "")
	for name, id := range map[string]string{"users": "id-1", "id-1": "id-1", "id-2": "id-2"} {
		if db, err := s.ByName(name); err != nil || db.ID() != id {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.ByName("nobody")
	if e := cferr.From(err); e.Code != 7404 || e.Status != 404 || e.Message != "The database nobody could not be found" {
		t.Errorf("unknown: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "nobody.sqlite")); err == nil {
		t.Error("looking for a database made one")
	}
	want := []Info{{"id-2", "id-2"}, {"id-1", "users"}}
	if got := s.List(); !reflect.DeepEqual(got, want) {
		t.Errorf("list: %v", got)
	}
}

func TestReopenKeepsDataAndMovesTheBookmark(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	db, _ := s.Database("db")
	before := db.Bookmark()
	mustExec(t, db, "CREATE TABLE t (a); INSERT INTO t VALUES (7);")
	after := db.Bookmark()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Query(context.Background(), []Statement{{SQL: "SELECT 1"}}); !errors.Is(err, errClosed) {
		t.Errorf("read after close: %v", err)
	}
	if _, err := db.Exec(context.Background(), "DELETE FROM t; SELECT 1"); !errors.Is(err, errClosed) {
		t.Errorf("write after close: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*-wal")); left != nil {
		t.Errorf("close left %v", left)
	}
	again, _ := openStore(t, dir).Database("db")
	if got := oneValue(t, again, "SELECT a FROM t"); got != int64(7) {
		t.Errorf("a = %v", got)
	}
	if !(before < after && after < again.Bookmark()) {
		t.Errorf("bookmarks %s, %s, %s do not rise", before, after, again.Bookmark())
	}
	integrity(t, again)
}

func TestGoValuesRoundTrip(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	r := mustQuery(t, db, "SELECT ?, ?, ?, ?, ?, ?", nil, "x", []byte{1, 2}, 1.5, true, 7)
	want := []any{nil, "x", []byte{1, 2}, 1.5, 1.0, 7.0}
	if !reflect.DeepEqual(r.Rows, [][]any{want}) || len(r.Columns) != 6 {
		t.Fatalf("%#v", r)
	}
	_, err := db.Query(context.Background(), []Statement{{"SELECT ?", []any{struct{}{}}}})
	if cferr.From(err).Code != codec.CodeMalformed {
		t.Fatalf("a struct as parameter: %v", err)
	}
	if got := oneValue(t, db, "SELECT length(?)", strings.Repeat("é", 1_000_000)); got != int64(1_000_000) {
		t.Fatalf("large parameter: %v", got)
	}
}

func TestQueryLimits(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a)")
	at, past := strings.Repeat("x", MaxValueBytes-100), strings.Repeat("x", MaxValueBytes+1)
	mustQuery(t, db, "INSERT INTO t VALUES (?)", at)
	if n := oneValue(t, db, "SELECT length(?)", strings.Repeat("x", MaxValueBytes)); n != int64(2_000_000) {
		t.Errorf("a value of %v bytes", n)
	}
	refused := map[string]Statement{
		"string or blob too big: SQLITE_TOOBIG": {"INSERT INTO t VALUES (?)", []any{past}},
		"statement too long: SQLITE_TOOBIG":     {"SELECT 1 /*" + strings.Repeat("x", MaxSQLBytes) + "*/", nil},
		"too many SQL variables at offset":      {"SELECT " + strings.Repeat("?,", MaxBoundParams) + "?", make([]any, MaxBoundParams+1)},
		msgParamCount:                           {"SELECT ?", nil},
	}
	for want, s := range refused {
		_, err := db.Query(context.Background(), []Statement{s})
		if e := cferr.From(err); e.Code != codec.CodeSQL || !strings.HasPrefix(e.Message, want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	mustQuery(t, db, "SELECT 1 /*"+strings.Repeat("x", MaxSQLBytes-20)+"*/")
	mustQuery(t, db, "SELECT "+strings.Repeat("?,", 99)+"?", make([]any, 100)...)
}

// SQLite keeps the offset of an earlier error: it must not show up in a later one.
func TestOffsetsAreOfTheirOwnError(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	for _, s := range []Statement{{SQL: "SELECT ?", Params: []any{strings.Repeat("x", MaxValueBytes+1)}}, {SQL: strings.Repeat("x", MaxSQLBytes+1)}} {
		for range 5 { // every connection sees the first error
			_, err := db.Query(t.Context(), []Statement{{SQL: "SELECT nope"}})
			if got := cferr.From(err).Message; got != "no such column: nope at offset 7: SQLITE_ERROR" {
				t.Fatal(got)
			}
			_, err = db.Query(t.Context(), []Statement{s})
			if got := cferr.From(err).Message; strings.Contains(got, "offset") || !strings.HasSuffix(got, ": SQLITE_TOOBIG") {
				t.Fatal(got)
			}
		}
	}
}

const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

func TestContextStopsAQuery(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a)")
	for _, sql := range []string{endless, "INSERT INTO t " + endless} {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		_, err := db.Query(ctx, []Statement{{SQL: sql}})
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := oneValue(t, db, "SELECT count(*) FROM t"); got != int64(0) {
		t.Errorf("%v rows", got)
	}
}

// A read that does not end must not keep a write waiting.
func TestSlowReadsDoNotBlockWrites(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a)")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, readConnections)
	for range readConnections {
		go func() {
			_, err := db.Query(ctx, []Statement{{SQL: endless}})
			done <- err
		}()
	}
	for len(db.slots) > 0 { // until every reader is taken
		mustQuery(t, db, "INSERT INTO t VALUES (1)")
	}
	if r := mustQuery(t, db, "INSERT INTO t VALUES (2)"); r.Meta.Changes != 1 {
		t.Errorf("%+v", r.Meta)
	}
	cancel()
	for range readConnections {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestSizeAndFigures(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	empty := db.Size()
	mustExec(t, db, "CREATE TABLE t (a)")
	r := mustQuery(t, db, "INSERT INTO t VALUES (zeroblob(100000))")
	if r.Meta.SizeAfter < empty+100_000 || r.Meta.SizeAfter%4096 != 0 || !r.Meta.ChangedDB {
		t.Errorf("%+v, %d when empty", r.Meta, empty)
	}
	if got := mustQuery(t, db, "SELECT 1").Meta.SizeAfter; got != r.Meta.SizeAfter {
		t.Errorf("a read sees %d", got)
	}
	if got := mustQuery(t, db, "DELETE FROM t").Meta.SizeAfter; got > empty+8192 {
		t.Errorf("%d after the delete", got)
	}
	if r := mustQuery(t, db, "DELETE FROM t"); r.Meta.ChangedDB || r.Meta.Changes != 0 {
		t.Errorf("nothing deleted: %+v", r.Meta)
	}
}

func TestFailedBatchLeavesNothing(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a UNIQUE)")
	size, bookmark := db.Size(), db.Bookmark()
	_, err := db.Query(context.Background(), []Statement{
		{SQL: "CREATE TABLE u (a)"}, {SQL: "INSERT INTO t VALUES (1)"}, {SQL: "INSERT INTO t VALUES (1)"},
	})
	if cferr.From(err).Message != "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_UNIQUE)" {
		t.Fatal(err)
	}
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(0) {
		t.Errorf("%v rows", n)
	}
	if db.Size() != size || db.Bookmark() != bookmark {
		t.Errorf("size %d, bookmark %s", db.Size(), db.Bookmark())
	}
	mustExec(t, db, "CREATE TABLE u (a)")
}
