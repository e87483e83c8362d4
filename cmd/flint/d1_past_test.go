package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/cmd/flint/cli"
)

// d1PastCommands travels in time and restores a backup.
func d1PastCommands(t *testing.T, dir string) {
	notes := func(want string) {
		t.Helper()
		out := mustFlint(t, dir, "d1", "execute", "db", "--json", "--command", "SELECT group_concat(note, '+') AS n FROM (SELECT note FROM past ORDER BY note)")
		if !strings.Contains(out, `"n": "`+want+`"`) {
			t.Errorf("want %s: %s", want, out)
		}
	}
	mustFlint(t, dir, "d1", "execute", "db", "--command", "CREATE TABLE past (note TEXT); INSERT INTO past VALUES ('a')")
	var at, undo struct {
		Bookmark string
		Previous string `json:"previous_bookmark"`
	}
	decode(t, mustFlint(t, dir, "d1", "time-travel", "info", "db", "--json"), &at)
	if out := mustFlint(t, dir, "d1", "time-travel", "info", "DB"); !strings.Contains(out, "⚠️ The current bookmark is '") ||
		!strings.Contains(out, " `flint d1 time-travel restore DB --bookmark=0") {
		t.Errorf("info: %s", out)
	}
	id := backupOf(t, dir)
	mustFlint(t, dir, "d1", "execute", "db", "--command", "INSERT INTO past VALUES ('b')")
	notes("a+b")
	out := mustFlint(t, dir, "d1", "time-travel", "restore", "db", "--bookmark", at.Bookmark)
	if !strings.Contains(out, "✅ Database db restored back to bookmark ") || !strings.Contains(out, "↩️ To undo this operation") {
		t.Errorf("restore: %s", out)
	}
	notes("a")
	undoAt := out[strings.LastIndex(out, " ")+1:]
	decode(t, mustFlint(t, dir, "d1", "time-travel", "restore", "db", "--json", "--bookmark", strings.TrimSpace(undoAt)), &undo)
	notes("a+b")
	if undo.Bookmark <= undo.Previous {
		t.Errorf("bookmark %s after %s", undo.Bookmark, undo.Previous)
	}
	if out := mustFlint(t, dir, "d1", "backup", "restore", "db", id); !strings.Contains(out, "Restoring db from backup "+id+"....\nDone!\n") {
		t.Errorf("backup restore: %s", out)
	}
	notes("a")
	mustFlint(t, dir, "d1", "backup", "delete", "db", id)
	if out := mustFlint(t, dir, "d1", "backup", "list", "db", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("backup list after delete: %s", out)
	}
}

// backupOf makes a backup, finds it in the list and downloads it.
func backupOf(t *testing.T, dir string) (id string) {
	t.Helper()
	var made struct{ ID string }
	decode(t, mustFlint(t, dir, "d1", "backup", "create", "db", "--json"), &made)
	if out := mustFlint(t, dir, "d1", "backup", "list", "db"); !strings.Contains(out, made.ID) || !strings.Contains(out, " kB ") {
		t.Errorf("backup list: %s", out)
	}
	file := filepath.Join(dir, "copy.sqlite3")
	mustFlint(t, dir, "d1", "backup", "download", "db", made.ID, "--output", file)
	if b, err := os.ReadFile(file); err != nil || !strings.HasPrefix(string(b), "SQLite format 3\x00\x10\x00\x01\x01") {
		t.Errorf("download: %.24q %v", b, err)
	}
	return made.ID
}

func decode(t *testing.T, text string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

func TestPrettyBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 8192: "8.19 kB", 10_000: "10 kB", 123_456: "123 kB", 1_500_000: "1.5 MB"} {
		if got := cli.PrettyBytes(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
