package d1

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"flint/d1/history"
	"flint/internal/clock"
)

// pastState is a state that the model knows the database to have had.
type pastState struct {
	bookmark string
	at, next time.Time // when it began, and when another one followed
	content  string
}

// pastMachine drives a database and a list of its states side by side.
type pastMachine struct {
	*rapid.T
	tb     testing.TB
	dir    string
	clock  *clock.Virtual
	store  *Store
	db     *Database
	states []pastState
	gate   *baseGate
	exact  int // the times of states before are only known to a second: a crash came
}

func newPastMachine(tb testing.TB, t *rapid.T) *pastMachine {
	m := &pastMachine{T: t, tb: tb, dir: tb.TempDir(), clock: clock.NewFrozen(testTime), gate: &baseGate{}}
	m.open()
	m.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b BLOB); CREATE INDEX ta ON t (a)")
	m.states = m.states[len(m.states)-1:] // all that follows needs the table
	return m
}

func (m *pastMachine) open() {
	s, err := Open(Options{
		Dir: m.dir, Clock: m.clock, checkpointFrames: 40, minChainBytes: 20_000, baseGate: m.gate.wait,
		Log: slog.New(slog.NewTextHandler(rapidLog{m.T}, nil)),
	})
	if err == nil {
		m.store = s
		m.db, err = s.Database("db")
	}
	m.must(err)
	m.know()
}

// rapidLog shows what flint logs, for a case that fails.
type rapidLog struct{ *rapid.T }

func (l rapidLog) Write(p []byte) (int, error) { l.Logf("flint: %s", p); return len(p), nil }

func (m *pastMachine) must(err error) {
	if err != nil {
		m.Helper()
		m.Fatal(err)
	}
}

// content is everything that SQL can see, but for what each opening changes.
func (m *pastMachine) content() string {
	r, err := m.db.Query(context.Background(), []Statement{
		{SQL: "SELECT type, name, sql FROM sqlite_master ORDER BY name"},
		{SQL: "SELECT id, a, length(b), hex(substr(b, 1, 20)) FROM t ORDER BY id"},
	})
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(r[0].Rows, r[1].Rows)
}

// reachable looks whether the history still holds every state that it has
// been given.
func (m *pastMachine) reachable() {
	m.mayAsk()
	h := m.db.history
	for i, s := range m.states {
		pos, _ := history.ParseBookmark(s.bookmark)
		if h.IsInLog(pos) {
			continue // still in the log
		}
		if p, err := h.Find(pos); p == nil || err != nil {
			m.Fatalf("state %d of %d, %s, is gone: %v", i, len(m.states), s.bookmark, err)
		}
	}
}

// mayAsk lets a first base be copied: until then a history cannot be asked.
func (m *pastMachine) mayAsk() {
	if m.db.history.ChainNumber() < 0 {
		m.gate.release()
		m.db.history.Finish(true)
	}
}

// baseGate keeps bases from being copied while it is held.
type baseGate struct {
	mu   sync.Mutex
	open chan struct{} // nil: open
}

func (g *baseGate) wait(stop <-chan struct{}) {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	if open == nil {
		return
	}
	select {
	case <-open:
	case <-stop:
	}
}

func (g *baseGate) hold() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = make(chan struct{})
	}
}

func (g *baseGate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil {
		close(g.open)
		g.open = nil
	}
}

// know appends the state of now to the list.
func (m *pastMachine) know() {
	bookmark, err := m.db.CurrentBookmark(context.Background())
	m.must(err)
	now := m.clock.Now()
	if n := len(m.states); n > 0 {
		last := &m.states[n-1]
		if bookmark < last.bookmark {
			m.Fatalf("bookmark %s after %s", bookmark, last.bookmark)
		}
		if bookmark == last.bookmark {
			return
		}
		last.next = now
	}
	m.states = append(m.states, pastState{bookmark, now, time.Time{}, m.content()})
}

func (m *pastMachine) exec(script string) {
	_, err := m.db.Exec(context.Background(), script)
	m.must(err)
	m.know()
}

func (m *pastMachine) write() string {
	a := rapid.IntRange(0, 50).Draw(m.T, "a")
	return rapid.SampledFrom([]string{
		fmt.Sprintf("INSERT INTO t (a, b) VALUES (%d, randomblob(30))", a),
		fmt.Sprintf("INSERT INTO t (a, b) VALUES (%d, randomblob(20000))", a),
		fmt.Sprintf("INSERT INTO t (a, b) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) SELECT i, zeroblob(50) FROM n", a*4+1),
		fmt.Sprintf("UPDATE t SET b = randomblob(40) WHERE a <= %d", a),
		fmt.Sprintf("DELETE FROM t WHERE a >= %d", a),
		"DELETE FROM t",
		fmt.Sprintf("CREATE TABLE IF NOT EXISTS x%d (y)", a%5),
		fmt.Sprintf("DROP TABLE IF EXISTS x%d", a%5),
	}).Draw(m.T, "sql")
}

// outside runs SQL on a connection that knows nothing of flint.
func (m *pastMachine) outside(statements ...string) {
	c, err := sql.Open("sqlite3", filepath.Join(m.dir, "db.sqlite")+"?_busy_timeout=5000")
	m.must(err)
	for _, s := range statements {
		_, err := c.Exec(s)
		m.must(err)
	}
	m.must(c.Close())
}

func (m *pastMachine) reopen(between func()) {
	m.gate.release()
	m.must(m.store.Close())
	between()
	m.open()
}

// crash goes on with a copy of the files as they are: what a kill leaves.
func (m *pastMachine) crash() {
	to := m.tb.TempDir()
	err := filepath.WalkDir(m.dir, func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(m.dir, path)
		switch {
		case err != nil || strings.HasSuffix(path, "-shm"):
			return err
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		b, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, rel), b, 0o644)
		}
		if info, e := d.Info(); err == nil && e == nil {
			err = os.Chtimes(filepath.Join(to, rel), info.ModTime(), info.ModTime())
		}
		return err
	})
	m.must(err)
	m.gate.release()
	m.must(m.store.Close())
	m.dir, m.exact = to, len(m.states)
	m.open()
}

// restore goes back to a known state, by its bookmark or by a moment at which
// it was there.
func (m *pastMachine) restore() {
	m.mayAsk()
	i := rapid.IntRange(0, len(m.states)-1).Draw(m.T, "state")
	want, bookmark := m.states[i], m.states[i].bookmark
	if rapid.Bool().Draw(m.T, "by time") && i >= m.exact && (want.next.IsZero() || want.next.After(want.at)) {
		got, err := m.db.BookmarkAt(context.Background(), want.at)
		if err != nil || got != want.bookmark {
			m.Fatalf("at %v: %s, %v; want %s", want.at, got, err, want.bookmark)
		}
		bookmark = got
	}
	previous := m.states[len(m.states)-1]
	r, err := m.db.Restore(context.Background(), bookmark)
	if err != nil {
		m.Fatalf("state %d of %d: %v", i, len(m.states), err)
	}
	if r.Previous != previous.bookmark || r.Bookmark <= r.Previous {
		m.Fatalf("%+v after %s", r, previous.bookmark)
	}
	m.know()
	if got := m.content(); got != want.content {
		m.Fatalf("restored %d: %.300s\nwant %.300s", i, got, want.content)
	}
	integrity(m.tb, m.db)
}

// TestHistoryModel runs 20 of rapid's checks, which write many files; asked
// for another number than rapid's own 100 (-rapid.checks) it runs that many.
func TestHistoryModel(t *testing.T) {
	t.Parallel()
	most, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil {
		t.Fatal(err)
	}
	if most == 100 {
		most = 20
	}
	ran := 0
	rapid.Check(t, func(rt *rapid.T) {
		if ran++; ran > most && !rt.Failed() {
			return
		}
		m := newPastMachine(t, rt)
		defer func() { m.gate.release(); m.must(m.store.Close()) }()
		rt.Repeat(map[string]func(*rapid.T){
			"":       func(*rapid.T) { m.reachable() },
			"write":  func(*rapid.T) { m.exec(m.write()) },
			"write2": func(*rapid.T) { m.exec(m.write()) },
			"script": func(*rapid.T) { m.exec(m.write() + ";" + m.write() + ";" + m.write()) },
			"advance": func(rt *rapid.T) {
				d := time.Duration(rapid.IntRange(1, 5000).Draw(rt, "ms")) * time.Millisecond
				m.must(m.clock.Advance(context.Background(), d))
			},
			"outside": func(*rapid.T) { m.outside(m.write()); m.know() },
			"outside checkpoint": func(*rapid.T) {
				m.outside("PRAGMA busy_timeout = 0", m.write())
				m.know()
				m.outside("PRAGMA busy_timeout = 0", rapid.SampledFrom([]string{"PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA wal_checkpoint(PASSIVE)"}).Draw(m.T, "checkpoint"))
				m.know()
			},
			"vacuum":     func(*rapid.T) { m.outside("VACUUM"); m.know() },
			"restart":    func(*rapid.T) { m.reopen(func() {}) },
			"crash":      func(*rapid.T) { m.crash() },
			"restore":    func(*rapid.T) { m.restore() },
			"hold bases": func(*rapid.T) { m.gate.hold() },
			"copy bases": func(*rapid.T) { m.gate.release() },
			"changed while closed": func(*rapid.T) {
				m.reopen(func() { m.outside(m.write()) })
			},
		})
	})
}
