package sqlite

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var oneTable = fstest.MapFS{"0001_first.sql": {Data: []byte("CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) WITHOUT ROWID;")}}

func open(t *testing.T, path string, files fstest.MapFS) *DB {
	t.Helper()
	db, err := Open(path, Options{Migrations: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestOpenInOddDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a b?c#d%20e")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	db := open(t, filepath.Join(dir, "meta.sqlite"), oneTable)
	if _, err := db.Writer.Exec("INSERT INTO t VALUES ('a', 1)"); err != nil {
		t.Fatal(err)
	}
	var mode string
	if err := db.Readers.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Fatalf("journal_mode %q, %v", mode, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 || left[0].Name() != "meta.sqlite" {
		t.Fatalf("files after Close: %v, %v", left, err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.sqlite"), oneTable)
	if _, err := db.Readers.Exec("INSERT INTO t VALUES ('a', 1)"); err == nil {
		t.Fatal("a reader wrote")
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.sqlite")
	if err := open(t, path, oneTable).Close(); err != nil {
		t.Fatal(err)
	}
	two := fstest.MapFS{"0001_first.sql": oneTable["0001_first.sql"], "0002_more.sql": {Data: []byte("ALTER TABLE t ADD COLUMN w; INSERT INTO t VALUES ('m', 2, 3);")}}
	db := open(t, path, two)
	var w int
	if err := db.Readers.QueryRow("SELECT w FROM t WHERE k = 'm'").Scan(&w); err != nil || w != 3 {
		t.Fatalf("w = %d, %v", w, err)
	}
	db.Close()
	if _, err := Open(path, Options{Migrations: oneTable}); err == nil || !strings.Contains(err.Error(), "newer flint") {
		t.Fatalf("an older flint opened a newer file: %v", err)
	}
}

func TestBrokenMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.sqlite")
	bad := fstest.MapFS{"0001_bad.sql": {Data: []byte("CREATE TABLE t (k); CREATE TABLE t (k);")}}
	if _, err := Open(path, Options{Migrations: bad}); err == nil || !strings.Contains(err.Error(), "0001_bad.sql") {
		t.Fatalf("error %v", err)
	}
	db := open(t, path, oneTable) // fails if table t of the broken migration is left
	var n int
	if err := db.Readers.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Fatalf("n = %d, %v", n, err)
	}
	gap := fstest.MapFS{"0002_gap.sql": {Data: []byte("SELECT 1")}}
	if _, err := Open(filepath.Join(t.TempDir(), "y"), Options{Migrations: gap}); err == nil {
		t.Fatal("a gap in the numbers was accepted")
	}
}

func TestWriteRollsBack(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.sqlite"), oneTable)
	boom := errors.New("boom")
	err := db.Write(func(tx *sql.Tx) error {
		if _, err := tx.Exec("INSERT INTO t VALUES ('a', 1)"); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("error %v", err)
	}
	var n int
	if err := db.Readers.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 0 {
		t.Fatalf("n = %d, %v", n, err)
	}
}

func TestConcurrentReadersAndWriters(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "x.sqlite"), oneTable)
	if _, err := db.Writer.Exec("INSERT INTO t VALUES ('n', 0)"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := db.Writer.Exec("UPDATE t SET v = v + 1 WHERE k = 'n'"); err != nil {
					t.Error(err)
				}
				var v int
				if err := db.Readers.QueryRow("SELECT v FROM t WHERE k = 'n'").Scan(&v); err != nil || v == 0 {
					t.Errorf("v = %d, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
	var v int
	if err := db.Readers.QueryRow("SELECT v FROM t WHERE k = 'n'").Scan(&v); err != nil || v != 400 {
		t.Fatalf("v = %d, %v", v, err)
	}
}
