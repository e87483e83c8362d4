package d1

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flint/d1/csqlite"
)

// A Worker finds nothing of flint's in its database, and an empty database has
// the size that it has with the runtime.
func TestNothingOfOursIsVisible(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	if r := mustQuery(t, db, "SELECT name FROM sqlite_master"); len(r.Rows) != 0 || r.Meta.SizeAfter != 4096 {
		t.Errorf("%v, %d bytes", r.Rows, r.Meta.SizeAfter)
	}
	if r := mustQuery(t, db, "CREATE TABLE users (id INTEGER PRIMARY KEY)"); r.Meta.SizeAfter != 8192 || r.Meta.LastRowID != 0 {
		t.Errorf("%+v", r.Meta)
	}
	if !db.Created().Equal(testTime) {
		t.Errorf("created %v", db.Created())
	}
}

// makeFile writes a database with plain SQLite, as something else would.
func makeFile(t *testing.T, dir, sql string) {
	t.Helper()
	c, err := csqlite.Open(filepath.Join(dir, "db.sqlite"), csqlite.Options{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Trusted(sql); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// opened opens the database in dir, looks at it, and closes it.
func opened(t *testing.T, dir string, look func(*Database)) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	look(db)
	integrity(t, db)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Files of versions that had a table for it move over, with bookmarks that go
// on rising.
func TestTableMovesIntoTheHeader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := time.Date(2026, 3, 4, 5, 6, 7, 890e6, time.UTC)
	makeFile(t, dir, fmt.Sprintf(`CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB);
		INSERT INTO _cf_METADATA VALUES (2, 41), (3, %d); CREATE TABLE t (a); INSERT INTO t VALUES (7);`, made.UnixMilli()))
	last := fmt.Sprintf("%08x-%08x", 41, 1<<31)
	for range 3 {
		opened(t, dir, func(db *Database) {
			if !db.Created().Equal(made.Truncate(time.Second)) {
				t.Errorf("created %v", db.Created())
			}
			if db.Bookmark() <= last {
				t.Errorf("bookmark %s after %s", db.Bookmark(), last)
			}
			mustQuery(t, db, "INSERT INTO t VALUES (8)")
			last = db.Bookmark()
			if r := mustQuery(t, db, "SELECT group_concat(name) FROM sqlite_master"); r.Rows[0][0] != "t" || r.Meta.SizeAfter != 8192 {
				t.Errorf("%v, %d bytes", r.Rows, r.Meta.SizeAfter)
			}
		})
	}
	if !strings.HasPrefix(last, "0000002c-") {
		t.Errorf("bookmark %s", last)
	}
}

// A file from elsewhere keeps its application id, and its counter only rises.
func TestFileOfAnotherApplication(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]int32{"negative": -5, "the last positive one": 1<<31 - 1, "zero": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			const geoPackage = 0x47504B47
			makeFile(t, dir, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; CREATE TABLE t (a)", geoPackage, version))
			info, err := os.Stat(filepath.Join(dir, "db.sqlite"))
			if err != nil {
				t.Fatal(err)
			}
			last := ""
			for range 2 {
				opened(t, dir, func(db *Database) {
					if db.Created().Before(info.ModTime()) {
						t.Errorf("created %v, the file is of %v", db.Created(), info.ModTime())
					}
					if db.Bookmark() <= last {
						t.Errorf("bookmark %s after %s", db.Bookmark(), last)
					}
					last = db.Bookmark()
					if id, err := db.writer.TrustedInt("PRAGMA application_id"); err != nil || id != geoPackage {
						t.Errorf("application id %d, %v", id, err)
					}
				})
			}
			if want := fmt.Sprintf("%08x-", uint32(version)+2); !strings.HasPrefix(last, want) {
				t.Errorf("bookmark %s, want %s…", last, want)
			}
		})
	}
}
