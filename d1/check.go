package d1

import (
	"context"
	"fmt"

	"flint/d1/csqlite"
)

// CheckBuild says what this binary's SQLite lacks that D1 needs; nil for one
// that was built with the Makefile's settings.
func CheckBuild() error { return csqlite.CheckBuild() }

// Check runs SQLite's integrity check on every database that is open. The
// error names the first damaged one and what SQLite says of it.
func (s *Store) Check(ctx context.Context) error {
	s.mu.RLock()
	open := make([]*Database, 0, len(s.open))
	for _, db := range s.open {
		open = append(open, db)
	}
	s.mu.RUnlock()
	for _, db := range open {
		results, err := db.Run(ctx, "PRAGMA quick_check")
		if err != nil {
			return fmt.Errorf("database %s: %w", db.id, err)
		}
		if len(results) != 1 || len(results[0].Rows) != 1 || fmt.Sprint(results[0].Rows[0][0]) != "ok" {
			return fmt.Errorf("database %s is damaged: %v", db.id, results)
		}
	}
	return nil
}
