package sqlite

import (
	"database/sql"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// migrate applies the migrations that are not in the database yet, by its user_version.
func migrate(db *sql.DB, files fs.FS) error {
	var version int
	if err := db.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if files == nil {
		return nil
	}
	names, err := migrationNames(files)
	if err != nil {
		return err
	}
	if version > len(names) {
		return fmt.Errorf("the file has schema version %d and this flint knows %d: a newer flint wrote it", version, len(names))
	}
	for i, name := range names[version:] {
		if err := applyMigration(db, files, name, version+i+1); err != nil {
			return fmt.Errorf("migration %s: %w", name, err)
		}
	}
	return nil
}

// migrationNames lists the files in order; their numbers must have no gaps.
func migrationNames(files fs.FS) ([]string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for i, name := range names {
		number, _, _ := strings.Cut(name, "_")
		if n, err := strconv.Atoi(number); err != nil || n != i+1 {
			return nil, fmt.Errorf("migration file %s should be number %04d", name, i+1)
		}
	}
	return names, nil
}

func applyMigration(db *sql.DB, files fs.FS, name string, version int) error {
	text, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	_, err = tx.Exec(string(text) + "\n;PRAGMA user_version = " + strconv.Itoa(version))
	if err != nil {
		_ = tx.Rollback() // the first error is the cause
		return err
	}
	return tx.Commit()
}
