package d1

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// runners are the ways in which migrations can run.
func runners(t *testing.T) map[string]func() (Runner, *Database) {
	return map[string]func() (Runner, *Database){
		"database": func() (Runner, *Database) { db := openTest(t); return db, db },
		"rest":     func() (Runner, *Database) { return restRunner(t) },
	}
}

func TestMigrations(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, map[string]string{
		"0001_init.sql":   "CREATE TABLE users (id TEXT PRIMARY KEY); -- the end",
		"0002_o'data.sql": "INSERT INTO users VALUES ('a;b')",
		"10_last.sql":     "CREATE TRIGGER tr AFTER INSERT ON users BEGIN\r\n  UPDATE users SET id = 'x' WHERE 0;\r\nEND;",
		"9_before.sql":    "\uFEFFALTER TABLE users ADD COLUMN name TEXT;",
		"unnumbered.sql":  "INSERT INTO users (id) VALUES ('u');",
		".hidden.sql":     "nonsense",
		"readme.md":       "nonsense",
	})

	order := []string{"0001_init.sql", "0002_o'data.sql", "9_before.sql", "10_last.sql", "unnumbered.sql"}
	for name, start := range runners(t) {
		r, db := start()
		m := Migrations{Dir: dir}
		var told []string
		done, err := m.Apply(t.Context(), r, func(name string) { told = append(told, name) })
		if err != nil || !reflect.DeepEqual(done, order) || !reflect.DeepEqual(told, order) {
			t.Fatalf("%s: applied %q, %v", name, done, err)
		}
		if done, err = m.Apply(t.Context(), r, nil); err != nil || len(done) != 0 {
			t.Fatalf("%s: applied again %q, %v", name, done, err)
		}
		list, err := m.List(t.Context(), r)
		if err != nil || len(list) != 5 || !list[4].Applied || len(list[4].AppliedAt) != len("2026-11-20 12:00:00") {
			t.Fatalf("%s: %+v, %v", name, list, err)
		}
		sql := oneValue(t, db, "SELECT sql FROM sqlite_master WHERE name = 'd1_migrations'")
		if !strings.Contains(sql.(string), "applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL") {
			t.Errorf("%s: %v", name, sql)
		}
		if n := oneValue(t, db, "SELECT count(*) FROM users"); n != int64(2) {
			t.Errorf("%s: %v users", name, n)
		}
	}
}

func TestFailingMigration(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, map[string]string{
		"0001_good.sql": "CREATE TABLE a (x);",
		"0002_bad.sql":  "CREATE TABLE b (x);\nINSERT INTO b VALUES (1);\nINSERT INTO nope VALUES (1);\n",
		"0003_next.sql": "CREATE TABLE c (x);",
	})

	const want = "Migration 0002_bad.sql failed with the following errors: no such table: nope: SQLITE_ERROR (statement 3, line 3: INSERT INTO nope VALUES (1);)"
	for name, start := range runners(t) {
		r, db := start()
		done, err := Migrations{Dir: dir}.Apply(t.Context(), r, nil)
		var failed *MigrationError
		if !errors.As(err, &failed) || failed.File != "0002_bad.sql" || err.Error() != want {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(done, []string{"0001_good.sql"}) {
			t.Errorf("%s: applied %q", name, done)
		}
		left := oneValue(t, db, "SELECT group_concat(name) FROM sqlite_master WHERE name IN ('a', 'b', 'c')")
		if left != "a" {
			t.Errorf("%s: tables %v", name, left)
		}
	}
}

func TestMigrationsTableAndFolder(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	dir := testkit.WriteFiles(t, map[string]string{"1.sql": "SELECT 1"})
	if _, err := (Migrations{Dir: dir, Table: `my "table"`}).Apply(t.Context(), db, nil); err != nil {
		t.Fatal(err)
	}
	if got := oneValue(t, db, `SELECT name FROM "my ""table"""`); got != "1.sql" {
		t.Errorf("got %v", got)
	}
	missing := filepath.Join(dir, "none")
	_, err := Migrations{Dir: missing}.List(t.Context(), db)
	if err == nil || err.Error() != "No migrations present at "+missing+"." {
		t.Errorf("got %v", err)
	}
}
