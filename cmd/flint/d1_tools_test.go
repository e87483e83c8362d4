package main

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"

	"flint/internal/testkit"
)

// A person's tool opens the database's file in another process, reads and writes
// it while a Worker does, and neither loses a row.
func TestD1AnotherProcess(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, d1Project)
	mustFlint(t, dir, "d1", "migrations", "apply", "db")
	d := startDev(t, dir)
	file := filepath.Join(dir, ".flint", "d1", "db-id.sqlite")
	db, err := sql.Open("sqlite3", "file:"+file+"?_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var mode string
	if err := db.QueryRow("PRAGMA journal_mode").Scan(&mode); err != nil || mode != "wal" {
		t.Fatalf("journal mode %q, %v", mode, err)
	}
	written := keepWriting(t, d)
	own, seen := 0, 0
	for ; own < 300 || seen == 0 && own < 50_000; own++ { // the Worker's first write may take a while
		if _, err := db.Exec("INSERT INTO users (id, username) VALUES (?, 'person')", fmt.Sprint("p", own)); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.QueryRow("SELECT count(*) FROM users WHERE username = 'worker'").Scan(&n); err != nil || n < seen {
			t.Fatalf("%d rows of the Worker after %d, %v", n, seen, err)
		}
		seen = n
	}
	workers := written()
	if seen == 0 {
		t.Error("nothing of the Worker was seen while it wrote")
	}
	if n := count(t, dir, "username = 'worker'"); n != workers {
		t.Errorf("%d rows of the Worker, which was told of %d", n, workers)
	}
	if n := count(t, dir, "username = 'person'"); n != own {
		t.Errorf("%d rows of the person's %d", n, own)
	}
	var check string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
		t.Errorf("integrity_check: %s, %v", check, err)
	}
}
