package d1

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"flint/internal/cferr"
	"flint/internal/intercept"
)

func TestBindingBookmarks(t *testing.T) {
	t.Parallel()
	srv := serveBinding(t, openStore(t, t.TempDir()))
	token := func(sent, sql string) string {
		body, h := callBinding(t, srv.URL, "/query", `{"sql":"`+sql+`"}`, "x-cf-d1-session-commit-token", sent)
		if strings.HasPrefix(body, `[{"success":true`) == strings.Contains(sql, "nowhere") {
			t.Fatal(body)
		}
		return h.Get("x-cf-d1-session-commit-token")
	}
	a := token("first-unconstrained", "CREATE TABLE t (a)")
	b := token(a, "INSERT INTO t VALUES (1)")
	c := token("first-primary", "SELECT * FROM t")
	if len(a) != 59 || !(a < b) || b != c {
		t.Errorf("tokens %s, %s, %s", a, b, c)
	}
	without := []string{token("", "INSERT INTO t VALUES (2)"), token("  ", "SELECT 1"), token(b, "INSERT INTO nowhere VALUES (1)")}
	if strings.Join(without, "") != "" {
		t.Errorf("to calls without a session, and one that failed: %q", without)
	}
	if d := token(b, "SELECT 1"); !(d > b) {
		t.Errorf("the session does not see the write that no session made: %s after %s", d, b)
	}
}

func TestBindingRefuses(t *testing.T) {
	t.Parallel()
	srv := serveBinding(t, openStore(t, t.TempDir()))
	resp, err := http.Post(srv.URL+"/dump", "application/json", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("dump: %d", resp.StatusCode)
	}
}

func TestBindingPassesTheChain(t *testing.T) {
	t.Parallel()
	var seen []intercept.Op
	var chain intercept.Chain
	fault := cferr.New(503, 0, "a fault")
	chain.Use(func(ctx context.Context, op *intercept.Op, next func(context.Context) error) error {
		if op.Key == "SELECT 'fault'" {
			return fault
		}
		err := next(ctx)
		seen = append(seen, *op)
		return err
	})
	b := NewBinding(openStore(t, t.TempDir()), &chain, nil)
	for _, body := range []string{`{"sql":"SELECT 1"}`, `[{"sql":"SELECT 2"},{"sql":"SELECT 3"}]`, `{"sql":"SELECT 'fault'"}`} {
		got := post(b.ServeBinding, "/query", body)
		if strings.Contains(body, "fault") != (got == `{"success":false,"error":"a fault"}`) {
			t.Errorf("%s: %s", body, got)
		}
	}
	if len(seen) != 2 || seen[0].Action != "query" || seen[1].Action != "batch" || seen[0].Resource != "db" || seen[0].Bytes < 100 {
		t.Fatalf("%+v", seen)
	}
}

func TestForeignErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	var chain intercept.Chain
	chain.Use(func(context.Context, *intercept.Op, func(context.Context) error) error {
		return errors.New("the secret reason")
	})
	b := NewBinding(openStore(t, t.TempDir()), &chain, nil)
	got := post(b.ServeBinding, "/query", `{"sql":"SELECT 1"}`)
	if strings.Contains(got, "secret") || !strings.Contains(got, cferr.Internal.Message) {
		t.Fatal(got)
	}
}

// TestWriters has 64 writers and some readers at once: nothing is lost, and
// no reader sees half of a batch.
func TestWriters(t *testing.T) {
	t.Parallel()
	const writers, each = 64, 15
	s := openStore(t, t.TempDir())
	db, _ := s.Database("db")
	mustExec(t, db, "CREATE TABLE t (w INTEGER, n INTEGER, PRIMARY KEY (w, n)); CREATE TABLE sums (half INTEGER PRIMARY KEY, n INTEGER); INSERT INTO sums VALUES (0, 0), (1, 0);")
	b := NewBinding(s, nil, nil)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				body := fmt.Sprintf(`[{"sql":"INSERT INTO t VALUES (?, ?)","params":[%d,%d]},
					{"sql":"UPDATE sums SET n = n + 1 WHERE half = 0"},{"sql":"UPDATE sums SET n = n + 1 WHERE half = 1"}]`, w, n)
				if got := post(b.ServeBinding, "/query", body); !strings.HasPrefix(got, `[{"success":true`) {
					t.Error(got)
				}
				got := post(b.ServeBinding, "/query?resultsFormat=ROWS_AND_COLUMNS", `{"sql":"SELECT n FROM sums ORDER BY half"}`)
				var answer []struct{ Results struct{ Rows [][]int } }
				if err := json.Unmarshal([]byte(got), &answer); err != nil {
					t.Error(err, got)
					return
				}
				if rows := answer[0].Results.Rows; rows[0][0] != rows[1][0] {
					t.Errorf("half a batch: %v", rows)
				}
			}
		})
	}
	wg.Wait()
	if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(writers*each) {
		t.Errorf("%v rows", n)
	}
	if n := oneValue(t, db, "SELECT min(n) FROM sums"); n != int64(writers*each) {
		t.Errorf("sum %v", n)
	}
	integrity(t, db)
}

func TestWriteQueueIsBounded(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	if err := db.lockWriter(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.waiting.Add(maxQueuedWrites)
	_, err := db.Exec(t.Context(), "CREATE TABLE t (a); SELECT 1")
	if cferr.From(err).Message != msgQueueFull {
		t.Errorf("got %v", err)
	}
	db.waiting.Add(-maxQueuedWrites)
	db.unlockWriter()
	mustExec(t, db, "CREATE TABLE t (a)")
}
