package d1

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// DefaultMigrationsTable is where Wrangler notes which migrations are applied.
const DefaultMigrationsTable = "d1_migrations"

// Runner runs SQL of one or several statements as one transaction, with a
// result for each. *Database is one; so is a client of the REST API. An error
// in one of several statements must say which.
type Runner interface {
	Run(ctx context.Context, sql string, params ...any) ([]Result, error)
}

// Migrations is a folder of migrations and the table that notes them.
// https://developers.cloudflare.com/d1/reference/migrations/
type Migrations struct {
	Dir     string // the folder
	Pattern string // which files below Dir are migrations, a glob; empty: *.sql
	Table   string // empty: DefaultMigrationsTable
}

// Migration is one file of the folder.
type Migration struct {
	Name      string // of the file, from Dir, with slashes
	Applied   bool
	AppliedAt string // UTC, as SQLite writes CURRENT_TIMESTAMP; empty if not applied
}

// MigrationError says which file failed. Nothing of that file has taken
// effect, and all files before it are applied.
type MigrationError struct {
	File string
	Err  error // names the statement
}

// Error implements error.
func (e *MigrationError) Error() string {
	return fmt.Sprintf("Migration %s failed with the following errors: %s", e.File, plain(e.Err))
}

// Unwrap gives the error of the file.
func (e *MigrationError) Unwrap() error { return e.Err }

// List gives all migrations of the folder in the order in which they apply,
// and makes the table of applied ones if it is missing, as Wrangler does.
func (m Migrations) List(ctx context.Context, r Runner) ([]Migration, error) {
	names, err := m.files()
	if err != nil {
		return nil, err
	}
	if _, err := r.Run(ctx, m.createTable()); err != nil {
		return nil, err
	}
	applied, err := m.applied(ctx, r)
	if err != nil {
		return nil, err
	}
	out := make([]Migration, len(names))
	for i, name := range names {
		at, ok := applied[name]
		out[i] = Migration{Name: name, Applied: ok, AppliedAt: at}
	}
	return out, nil
}

// Apply applies the migrations that are not applied yet, each file as one
// transaction together with its row in the table. It returns the names of the
// files that it applied, also when a later one fails with a *MigrationError.
// each, if not nil, is told of every file once it is applied.
func (m Migrations) Apply(ctx context.Context, r Runner, each func(name string)) ([]string, error) {
	all, err := m.List(ctx, r)
	if err != nil {
		return nil, err
	}
	var done []string
	for _, migration := range all {
		if migration.Applied {
			continue
		}
		if err := m.apply(ctx, r, migration.Name); err != nil {
			return done, &MigrationError{migration.Name, err}
		}
		done = append(done, migration.Name)
		if each != nil {
			each(migration.Name)
		}
	}
	return done, nil
}

func (m Migrations) apply(ctx context.Context, r Runner, name string) error {
	path := filepath.Join(m.Dir, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() > maxMigrationBytes {
		return fmt.Errorf(msgMigrationTooLarge, maxMigrationBytes)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	script := strings.TrimPrefix(string(text), "\uFEFF")
	if strings.IndexByte(script, 0) >= 0 {
		return errors.New(msgMigrationBinary)
	}
	// The file may end without a semicolon or inside a comment of one line.
	script += "\n;\n" + fmt.Sprintf("INSERT INTO %s (name) VALUES ('%s');", m.table(), strings.ReplaceAll(name, "'", "''"))
	_, err = r.Run(ctx, script)
	return err
}

func (m Migrations) table() string {
	return `"` + strings.ReplaceAll(cmp.Or(m.Table, DefaultMigrationsTable), `"`, `""`) + `"`
}

func (m Migrations) createTable() string {
	return "CREATE TABLE IF NOT EXISTS " + m.table() + `(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
);`
}

// applied gives the time at which each applied migration was.
func (m Migrations) applied(ctx context.Context, r Runner) (map[string]string, error) {
	results, err := r.Run(ctx, "SELECT name, applied_at FROM "+m.table()+" ORDER BY id")
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, result := range results {
		for _, row := range result.Rows {
			if len(row) == 2 {
				out[fmt.Sprint(row[0])] = fmt.Sprint(row[1])
			}
		}
	}
	return out, nil
}
