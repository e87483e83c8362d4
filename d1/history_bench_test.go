package d1

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/d1/history"
)

// pastBytes is the size of the history beside a database file, 0 without one.
func pastBytes(b *testing.B, db *Database) (total int64) {
	b.Helper()
	err := filepath.WalkDir(strings.TrimSuffix(db.Path(), ".sqlite")+".history", func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return total
}

func benchPast(b *testing.B, script string) (*Store, *Database) {
	b.Helper()
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	db, err := s.Database("db")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := db.Exec(context.Background(), script); err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil { // all of it is in the file
		b.Fatal(err)
	}
	if s, err = Open(Options{Dir: filepath.Dir(db.Path())}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if db, err = s.Database("db"); err != nil {
		b.Fatal(err)
	}
	return s, db
}

const pastTable = `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER, text TEXT); CREATE INDEX tn ON t (name);`

func pastRows(n int) string {
	return fmt.Sprintf(`INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < %d)
		SELECT i, 'person ' || (i * 7919 %% 1000003), i %% 90, 'a text of some length about row ' || i FROM r;`, n)
}

// BenchmarkPastCommit is 1000 small commits, up to where the last is archived
// and the log in the file, and what they take on the disk.
func BenchmarkPastCommit(b *testing.B) {
	for name, sql := range map[string]string{
		"insert": "INSERT INTO t (name, n, text) VALUES (hex(randomblob(6)), 7, 'a text of some length')",
		"update": "UPDATE t SET n = n + 1 WHERE id = 1 + abs(random() % 100000)",
	} {
		b.Run(name, func(b *testing.B) {
			var disk int64
			for b.Loop() {
				b.StopTimer()
				s, db := benchPast(b, pastTable+pastRows(100_000))
				before := pastBytes(b, db)
				b.StartTimer()
				for range 1000 {
					if _, err := db.Query(context.Background(), []Statement{{SQL: sql}}); err != nil {
						b.Fatal(err)
					}
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				disk += pastBytes(b, db) - before
			}
			b.ReportMetric(float64(disk)/float64(b.N)/1000, "history-B/commit")
		})
	}
}

// BenchmarkPastImport is a million rows into an indexed table, in one
// transaction and in a thousand.
func BenchmarkPastImport(b *testing.B) {
	const rows = 1_000_000
	for name, batches := range map[string]int{"one": 1, "thousand": 1000} {
		b.Run(name, func(b *testing.B) {
			var disk int64
			for b.Loop() {
				b.StopTimer()
				_, db := benchPast(b, pastTable)
				b.StartTimer()
				for i := range batches {
					sql := strings.Replace(pastRows(rows/batches), "SELECT i, ", fmt.Sprintf("SELECT i + %d, ", i*rows/batches), 1)
					if _, err := db.Exec(context.Background(), sql); err != nil {
						b.Fatal(err)
					}
				}
				disk += pastBytes(b, db)
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(disk)/float64(b.N)/1e6, "history-MB")
		})
	}
}

// BenchmarkPastRestore goes back and forth between two states of a database of
// 100,000 rows, about 12 MB.
func BenchmarkPastRestore(b *testing.B) {
	_, db := benchPast(b, pastTable+pastRows(100_000))
	one := db.Bookmark()
	for range 1000 {
		if _, err := db.Query(context.Background(), []Statement{{SQL: "UPDATE t SET n = n + 1 WHERE id = 1 + abs(random() % 100000)"}}); err != nil {
			b.Fatal(err)
		}
	}
	two := db.Bookmark()
	for b.Loop() {
		one, two = two, one
		if _, err := db.Restore(context.Background(), two); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPastBegin is the first opening of a database of a million rows,
// about 120 MB, that has no history yet.
func BenchmarkPastBegin(b *testing.B) {
	s, db := benchPast(b, pastTable+pastRows(1_000_000))
	for b.Loop() {
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.RemoveAll(history.DirOf(db.Path())); err != nil {
			b.Fatal(err)
		}
		var err error
		if s, err = Open(Options{Dir: filepath.Dir(db.Path())}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if db, err = s.Database("db"); err != nil {
			b.Fatal(err)
		}
		db.history.Finish(true)
	}
	b.StopTimer()
	b.ReportMetric(float64(db.Size())/1e6, "MB")
	b.ReportMetric(float64(pastBytes(b, db))/1e6, "history-MB")
	_ = s.Close()
}
