package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// keepWriting lets the Worker write until the returned function is called, which
// says how many writes it acknowledged.
func keepWriting(t *testing.T, d *dev) func() int {
	t.Helper()
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				done <- n
				return
			default:
			}
			res, err := http.Get(d.ready.URL)
			if err != nil {
				t.Error(err)
				continue
			}
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				n++
			} else {
				t.Errorf("the Worker answers %s", res.Status)
			}
		}
	}()
	return func() int { close(stop); return <-done }
}

// An import that is killed goes on where it was: no row is there twice and none
// is missing, whether the command dies or flint does.
func TestD1ImportKilled(t *testing.T) {
	t.Parallel()
	const rows = 150_000
	for _, running := range []bool{false, true} {
		t.Run(fmt.Sprintf("running=%v", running), func(t *testing.T) {
			t.Parallel()
			dir := testkit.WriteFiles(t, d1Project)
			mustFlint(t, dir, "d1", "execute", "db", "--command", "CREATE TABLE users (id TEXT, email TEXT, username TEXT, created_at INTEGER, last_login INTEGER)")
			testkit.WriteFile(t, filepath.Join(dir, "users.csv"), manyUsers(rows))
			var d *dev
			if running {
				d = startDev(t, dir)
			}
			kills, finished := 0, false
			for ; kills < 6 && !finished; kills++ {
				if running && kills%2 == 1 {
					d.cmd.Process.Kill()
					<-d.ended
					d = startDev(t, dir)
				}
				finished = killedImport(t, dir)
			}
			if !finished {
				if out := mustFlint(t, dir, "d1", "import", "db", "users.csv", "--batch", "500", "--resume"); !strings.Contains(out, "behind the") && !strings.Contains(out, "already") {
					t.Errorf("nothing was there to go on with: %s", out)
				}
			}
			out := mustFlint(t, dir, "d1", "execute", "db", "--json", "--command", "SELECT count(*) AS n, count(DISTINCT id) AS d FROM users")
			if !strings.Contains(out, fmt.Sprintf(`"n": %d,`, rows)) || !strings.Contains(out, fmt.Sprintf(`"d": %d`, rows)) {
				t.Errorf("after %d kills: %s", kills, out)
			}
			if out := mustFlint(t, dir, "d1", "execute", "db", "--json", "--command", "SELECT name FROM sqlite_master"); strings.Contains(out, "_cf_") {
				t.Errorf("the note is still there: %s", out)
			}
		})
	}
}

// killedImport starts an import and kills it once some of it is committed. It
// reports true if the import had told the user by then that it was done.
func killedImport(t *testing.T, dir string) bool {
	t.Helper()
	cmd := command(t, dir, nil, "d1", "import", "db", "users.csv", "--batch", "500", "--resume")
	var out bytes.Buffer
	cmd.Stdout = &out
	file := filepath.Join(dir, ".flint", "d1", "db-id.sqlite")
	log, data := max(size(file+"-wal"), 0), size(file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { defer close(gone); _ = cmd.Wait() }()
	for size(file+"-wal") < log+64<<10 && size(file) == data {
		select {
		case <-gone:
			return out.Len() > 0
		default:
		}
	}
	_ = cmd.Process.Kill()
	<-gone
	return out.Len() > 0
}

func size(file string) int64 {
	info, err := os.Stat(file)
	if err != nil {
		return -1
	}
	return info.Size()
}
