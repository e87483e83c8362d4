package d1

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/d1/history"
	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/internal/testkit"
)

// travelling is a database on a clock that a test moves.
func travelling(t testing.TB, dir string, c *clock.Virtual, o Options) *Database {
	t.Helper()
	o.Dir, o.Clock = dir, c
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func mustRestore(t testing.TB, db *Database, bookmark string) Restored {
	t.Helper()
	r, err := db.Restore(context.Background(), bookmark)
	if err != nil {
		t.Fatal(err)
	}
	integrity(t, db)
	return r
}

func refusal(t testing.TB, err error, want string) {
	t.Helper()
	var e *cferr.Error
	if !errors.As(err, &e) || e.Status != http.StatusBadRequest || e.Message != want {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestBookmarkForm(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	b := db.Bookmark()
	if p, ok := history.ParseBookmark(b); !ok || p.String() != b {
		t.Errorf("%s does not come back: %v", b, p)
	}
	for _, s := range []string{"", "2", strings.ToUpper(b) + "0", strings.Replace(b, "-", "+", 1), "+" + b[1:], b[:len(b)-1] + "x"} {
		if _, ok := history.ParseBookmark(s); ok {
			t.Errorf("%q passes for a bookmark", s)
		}
	}
}

// TestTimeTravelLimits: no bookmark for what is to come, for what was more
// than 30 days ago, or from another database.
func TestTimeTravelLimits(t *testing.T) {
	t.Parallel()
	ctx, c := context.Background(), clock.NewFrozen(testTime)
	db := travelling(t, t.TempDir(), c, Options{})
	begin := testTime.Format(time.RFC3339Nano)
	mustExec(t, db, "CREATE TABLE t (a)")
	made := db.Bookmark()
	testkit.Advance(t, c, time.Hour)
	_, err := db.BookmarkAt(ctx, testTime.Add(2*time.Hour))
	refusal(t, err, "Invalid timestamp '2026-11-20T14:00:00Z'. Please provide a timestamp in the past")
	_, err = db.BookmarkAt(ctx, testTime.Add(-time.Minute))
	refusal(t, err, "Invalid timestamp '2026-11-20T11:59:00Z'. The history of this database begins at "+begin)
	_, err = db.BookmarkAt(ctx, testTime.Add(-31*24*time.Hour))
	refusal(t, err, "Invalid timestamp '2026-10-20T12:00:00Z'. Please provide a timestamp within the last 30 days")
	other := openTest(t).Bookmark()
	_, err = db.Restore(ctx, other)
	refusal(t, err, "Bookmark '"+other+"' is invalid")

	mustExec(t, db, "INSERT INTO t VALUES (1)") // follows made, so that is history
	testkit.Advance(t, c, 29*24*time.Hour)
	mustRestore(t, db, made)
	testkit.Advance(t, c, 2*24*time.Hour)
	_, err = db.Restore(ctx, made)
	refusal(t, err, "Bookmark '"+made+"' is older than 30 days")
}

func TestParseTimestamp(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"1700000000": "2023-11-14T22:13:20Z", "1700000000123": "2023-11-14T22:13:20.123Z", "1000": "1970-01-01T00:00:01Z",
		"2023-07-13T08:46:42.228Z": "2023-07-13T08:46:42.228Z", "2023-07-13T08:46:42+02:00": "2023-07-13T08:46:42+02:00",
		"2023-07-13T08:46Z": "2023-07-13T08:46:00Z", "yesterday": "", "2023-07-13": "", "NaN": "", "2023-13-45T99:99:99Z": "",
	} {
		got, err := parseTimestamp(text, testTime)
		if want == "" {
			refusal(t, err, fmt.Sprintf(msgTimeFormat, text, "2026-11-20T12:00:00.000Z"))
		} else if err != nil || got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s: %v %v, want %s", text, got, err, want)
		}
	}
}

// TestRestoreBringsEverythingBack: schema, full-text index, what the header
// holds; and the restore can be undone.
func TestRestoreBringsEverythingBack(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	empty := db.Bookmark()
	mustExec(t, db, "CREATE VIRTUAL TABLE f USING fts5(text); INSERT INTO f VALUES ('one fine day'), ('two')")
	full := db.Bookmark()
	mustExec(t, db, "INSERT INTO f VALUES ('another fine day'); CREATE TABLE later (a); DELETE FROM f WHERE text = 'two'")
	created := db.Created()
	r := mustRestore(t, db, full)
	if n := oneValue(t, db, "SELECT count(*) FROM f WHERE f MATCH 'fine'"); n != int64(1) {
		t.Errorf("%v rows match after the restore", n)
	}
	mustQuery(t, db, "INSERT INTO f VALUES ('fine again')")
	if n := oneValue(t, db, "SELECT count(*) FROM f WHERE f MATCH 'fine'"); n != int64(2) {
		t.Errorf("%v rows match after an insert", n)
	}
	mustRestore(t, db, r.Previous)
	if n := oneValue(t, db, "SELECT count(*) FROM f, later"); n != int64(0) {
		t.Errorf("%v", n)
	}
	if n := oneValue(t, db, "SELECT count(*) FROM f WHERE f MATCH 'another'"); n != int64(1) {
		t.Errorf("%v rows match after the undo", n)
	}
	mustRestore(t, db, empty)
	if n := oneValue(t, db, "SELECT count(*) FROM sqlite_master"); n != int64(0) || db.Created() != created {
		t.Errorf("%v objects in the first state", n)
	}
}

// TestRestoreUnderLoad: those who read and write meanwhile see one state or
// the other, and no error.
func TestRestoreUnderLoad(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (n INTEGER, fill BLOB); CREATE TABLE w (n); INSERT INTO t SELECT 1, randomblob(2000) FROM (WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM r WHERE i < 100) SELECT i FROM r)")
	one := db.Bookmark()
	mustExec(t, db, "UPDATE t SET n = 2, fill = randomblob(3000)")
	two := db.Bookmark()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sql := "SELECT count(*) * 10 + min(n) + max(n) FROM t"
				if i == 0 {
					sql = "INSERT INTO w VALUES (1) RETURNING (SELECT count(*) * 10 + min(n) + max(n) FROM t)"
				}
				r, err := db.Query(context.Background(), []Statement{{SQL: sql}})
				if err != nil {
					t.Error(err)
					return
				}
				if n := r[0].Rows[0][0]; n != int64(1002) && n != int64(1004) {
					t.Errorf("a mix of two states: %v", n)
				}
			}
		})
	}
	for range 10 {
		mustRestore(t, db, one)
		mustRestore(t, db, two)
	}
	close(stop)
	wg.Wait()
}

// TestHistoryIsBounded: what is over the limit goes, the oldest first, and
// what is left still works.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	const limit = 600_000
	dir, c := t.TempDir(), clock.NewFrozen(testTime)
	db := travelling(t, dir, c, Options{HistoryBytes: limit, checkpointFrames: 50, minChainBytes: 50_000})
	mustExec(t, db, "CREATE TABLE t (a BLOB)")
	first := db.Bookmark()
	var bookmarks []string
	for range 200 {
		mustQuery(t, db, "DELETE FROM t")
		mustQuery(t, db, "INSERT INTO t VALUES (randomblob(20000))")
		bookmarks = append(bookmarks, db.Bookmark())
		db.history.Finish(true) // a base that lags behind would let the old chain grow
	}
	var size int64
	err := filepath.WalkDir(filepath.Join(dir, "db.history"), func(path string, d os.DirEntry, err error) error {
		if info, e := d.Info(); e == nil && !d.IsDir() {
			size += info.Size()
		}
		return err
	})
	if err != nil || size > limit+100_000 { // the newest chain may have grown since
		t.Errorf("%d bytes, %v", size, err)
	}
	_, err = db.Restore(context.Background(), first)
	refusal(t, err, "Bookmark '"+first+"' is invalid")
	mustRestore(t, db, bookmarks[len(bookmarks)-5])
	if n := db.history.Chains(); n < 2 {
		t.Errorf("%d chains", n)
	}
}

// TestTimesWhenTheClockWentBack: after a restart the clock is no longer ahead.
// Of two states that were there by a moment, the one committed last is meant.
func TestTimesWhenTheClockWentBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ahead := clock.NewFrozen(testTime)
	s, err := Open(Options{Dir: dir, Clock: ahead})
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "CREATE TABLE t (n)")
	first := db.Bookmark()
	if err := ahead.Advance(t.Context(), 48*time.Hour); err != nil {
		t.Fatal(err)
	}
	mustQuery(t, db, "INSERT INTO t VALUES (1)")
	later := db.Bookmark()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c := clock.NewFrozen(testTime.Add(time.Hour))
	db = travelling(t, dir, c, Options{})
	at := func(after time.Duration, want string) {
		t.Helper()
		if got, err := db.BookmarkAt(t.Context(), testTime.Add(after)); err != nil || got != want {
			t.Errorf("after %v: %s, %v; want %s", after, got, err, want)
		}
	}
	if now := db.Bookmark(); now <= later {
		t.Errorf("bookmark %s after %s", now, later)
	}
	_, err = db.BookmarkAt(t.Context(), testTime.Add(48*time.Hour))
	refusal(t, err, "Invalid timestamp '2026-11-22T12:00:00Z'. Please provide a timestamp in the past")
	at(time.Minute, first)
	mustQuery(t, db, "INSERT INTO t VALUES (2)")
	now := db.Bookmark()
	at(time.Minute, first)
	at(time.Hour, now)
	if err := c.Advance(t.Context(), 72*time.Hour); err != nil {
		t.Fatal(err)
	}
	at(49*time.Hour, now)
	mustRestore(t, db, later)
	if n := oneValue(t, db, "SELECT max(n) FROM t"); n != int64(1) {
		t.Errorf("restored: %v", n)
	}
}

// TestHistoryOfAnOldDatabase: a database that flint has not seen before, with
// pages of another size and an open log, has a past from then on.
func TestHistoryOfAnOldDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	raw, err := sql.Open("sqlite3", filepath.Join(dir, "db.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.SetMaxOpenConns(1)
	run := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := raw.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	run("PRAGMA page_size = 1024", "PRAGMA journal_mode = WAL", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1), (2)")
	db := travelling(t, dir, clock.NewFrozen(testTime), Options{})
	before := db.Bookmark()
	mustExec(t, db, "DELETE FROM t")
	run("INSERT INTO t VALUES (zeroblob(100000))") // from outside
	grown, err := db.CurrentBookmark(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	run("DELETE FROM t", "VACUUM")
	mustRestore(t, db, grown)
	if n := oneValue(t, db, "SELECT length(a) FROM t"); n != int64(100000) {
		t.Errorf("%v", n)
	}
	mustRestore(t, db, before)
	if n := oneValue(t, db, "SELECT sum(a) FROM t"); n != int64(3) {
		t.Errorf("%v", n)
	}
	var seen int
	if err := raw.QueryRow("SELECT sum(a) FROM t").Scan(&seen); err != nil || seen != 3 {
		t.Errorf("from outside: %d, %v", seen, err)
	}
}

// TestRestoreAcrossPageSizes: a database that was rewritten with other pages
// while nobody looked cannot go back behind that, and says so.
func TestRestoreAcrossPageSizes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "CREATE TABLE t (a)")
	before := db.Bookmark()
	mustQuery(t, db, "INSERT INTO t VALUES (1)")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := sql.Open("sqlite3", filepath.Join(dir, "db.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	raw.SetMaxOpenConns(1)
	for _, s := range []string{"PRAGMA journal_mode = DELETE", "PRAGMA page_size = 65536", "VACUUM"} {
		if _, err := raw.Exec(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
	db = travelling(t, dir, clock.New(), Options{})
	_, err = db.Restore(context.Background(), before)
	refusal(t, err, fmt.Sprintf(history.MsgPageSize, 4096, 65536))
	now := db.Bookmark()
	mustExec(t, db, "DELETE FROM t")
	mustRestore(t, db, now)
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(1) {
		t.Errorf("%v rows", n)
	}
}

// TestRestoreOfALargeTransaction: 100,000 rows come and go.
func TestRestoreOfALargeTransaction(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX tb ON t (b)")
	before := db.Bookmark()
	mustExec(t, db, "INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 100000) SELECT i, 'row ' || (i * 7919 % 100000) FROM r")
	after := db.Bookmark()
	mustQuery(t, db, "DELETE FROM t")
	mustRestore(t, db, after)
	if n := oneValue(t, db, "SELECT count(*) FROM t WHERE b >= 'row'"); n != int64(100000) {
		t.Errorf("%v rows", n)
	}
	mustRestore(t, db, before)
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(0) {
		t.Errorf("%v rows", n)
	}
}

// TestDamagedHistory: a damaged record is said to be damaged, never restored.
func TestDamagedHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, dir)
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	mustExec(t, db, "CREATE TABLE t (a)")
	mustQuery(t, db, "INSERT INTO t VALUES (hex(randomblob(2000)))")
	bookmark := db.Bookmark()
	mustQuery(t, db, "INSERT INTO t VALUES (2)")
	if err := db.lockHistory(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.unlockWriter()
	log := db.history.LogPath()
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(log, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Restore(context.Background(), bookmark); !errors.Is(err, history.ErrDamaged) {
		t.Errorf("%v", err)
	}
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(2) {
		t.Errorf("%v rows", n)
	}
}

// TestTornHistory: a kill in the middle of archiving costs nothing.
func TestTornHistory(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), t.TempDir()
	db := travelling(t, dir, clock.NewFrozen(testTime), Options{})
	mustExec(t, db, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
	bookmark := db.Bookmark()
	mustQuery(t, db, "INSERT INTO t VALUES (2)")
	if err := db.lockHistory(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.unlockWriter()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(copied, "db.history", filepath.Base(db.history.LogPath()))
	info, err := os.Stat(filepath.Join(dir, "db.sqlite"))
	if err == nil {
		err = os.Chtimes(filepath.Join(copied, "db.sqlite"), info.ModTime(), info.ModTime())
	}
	if err == nil {
		err = os.Truncate(log, db.history.LogBytes()-10)
	}
	if err == nil {
		err = os.Remove(filepath.Join(copied, "db.sqlite-shm"))
	}
	if err != nil {
		t.Fatal(err)
	}
	again := travelling(t, copied, clock.NewFrozen(testTime), Options{})
	mustRestore(t, again, bookmark)
	if n := oneValue(t, again, "SELECT count(*) FROM t"); n != int64(1) {
		t.Errorf("%v rows", n)
	}
}

func TestBackups(t *testing.T) {
	t.Parallel()
	ctx, c := context.Background(), clock.NewFrozen(testTime)
	db := travelling(t, t.TempDir(), c, Options{})
	mustExec(t, db, "CREATE TABLE t (a); INSERT INTO t VALUES ('kept')")
	first, err := db.CreateBackup(ctx)
	if err != nil || first.NumTables != 1 || first.FileSize != db.Size() || !first.CreatedAt.Equal(testTime) || first.State != "done" || first.DatabaseID != "db" {
		t.Fatalf("%+v, %v", first, err)
	}
	testkit.Advance(t, c, 40*24*time.Hour) // backups do not grow old
	mustExec(t, db, "DROP TABLE t")
	second, err := db.CreateBackup(ctx)
	if err != nil || second.NumTables != 0 {
		t.Fatalf("%+v, %v", second, err)
	}
	list, err := db.Backups()
	if err != nil || len(list) != 2 || list[0] != second || list[1] != first {
		t.Errorf("%+v, %v", list, err)
	}
	r, err := db.RestoreBackup(ctx, first.ID)
	if err != nil || oneValue(t, db, "SELECT a FROM t") != "kept" {
		t.Errorf("%+v, %v", r, err)
	}
	mustRestore(t, db, r.Previous)
	if n := oneValue(t, db, "SELECT count(*) FROM sqlite_master"); n != int64(0) {
		t.Errorf("%v objects", n)
	}
	if err := db.DeleteBackup(first.ID); err != nil {
		t.Error(err)
	}
	for _, id := range []string{first.ID, "../db", ""} {
		var e *cferr.Error
		if _, err := db.RestoreBackup(ctx, id); !errors.As(err, &e) || e.Status != http.StatusNotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
}
