package d1

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"flint/internal/clock"
)

var testTime = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func openStore(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, Clock: clock.NewFrozen(testTime)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openTest(t testing.TB) *Database {
	t.Helper()
	db, err := openStore(t, t.TempDir()).Database("db")
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func mustExec(t testing.TB, db *Database, script string) []Result {
	t.Helper()
	results, err := db.Exec(context.Background(), script)
	if err != nil {
		t.Fatal(err)
	}
	return results
}

func mustQuery(t testing.TB, db *Database, sql string, params ...any) Result {
	t.Helper()
	results, err := db.Query(context.Background(), []Statement{{sql, params}})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return results[0]
}

// oneValue is the first value of the first row.
func oneValue(t testing.TB, db *Database, sql string, params ...any) any {
	t.Helper()
	r := mustQuery(t, db, sql, params...)
	if len(r.Rows) == 0 {
		t.Fatalf("%s: no rows", sql)
	}
	return r.Rows[0][0]
}

// callBinding speaks the runtime's protocol over a socket; header is a name and
// its value, and so on.
func callBinding(t testing.TB, url, path, body string, header ...string) (string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b), resp.Header
}

func serveBinding(t testing.TB, s *Store) *httptest.Server {
	t.Helper()
	b := NewBinding(s, nil, nil)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.ServeBinding(w, r, "db")
	}))
	t.Cleanup(func() {
		srv.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return srv
}

// integrity runs SQLite's own check of the file.
func integrity(t testing.TB, db *Database) {
	t.Helper()
	if got := oneValue(t, db, "PRAGMA quick_check"); got != "ok" {
		t.Fatalf("quick_check: %v", got)
	}
	if err := db.lockWriter(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer db.unlockWriter()
	n, err := db.writer.TrustedInt("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
	if err != nil || n != 0 {
		t.Fatalf("integrity_check: %d complaints, %v", n, err)
	}
}

func unmarshal(t testing.TB, text []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%v: %.200s", err, text)
	}
}

// post calls a handler of the binding without a socket.
func post(serve func(http.ResponseWriter, *http.Request, string), path, body string) string {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	serve(w, r, "db")
	return w.Body.String()
}
