package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"flint/d1"
	"flint/internal/testkit"
	"flint/worker"
)

// d1Calls are path and body that a D1 binding sends for the bench's operations.
var d1Calls = map[string][2]string{
	"d1-select":     {"/query?resultsFormat=", `{"sql":"SELECT id, name, score FROM items WHERE id = ?","params":[1]}`},
	"d1-select-100": {"/query?resultsFormat=", `{"sql":"SELECT id, name, score FROM items LIMIT 100","params":[]}`},
	"d1-insert":     {"/execute?resultsFormat=NONE", `{"sql":"INSERT INTO log (at, note) VALUES (?, ?)","params":[1234,"note"]}`},
	"d1-batch":      {"/query?resultsFormat=", "[" + strings.TrimSuffix(strings.Repeat(`{"sql":"INSERT INTO log (at, note) VALUES (?, ?)","params":[1234,"note"]},`, 10), ",") + "]"},
}

// The stub's D1 responses are those of the service except for numbers, and as long, so
// that workerd parses the same.
func TestStubAnswersAsD1(t *testing.T) {
	t.Parallel()
	store, err := d1.Open(d1.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	service := d1.NewBinding(store, nil, nil)
	call := func(path, body string) (real, stub string) {
		answer := func(serve http.HandlerFunc) string {
			w := testkit.Call(serve, http.MethodPost, path, body, worker.HeaderBinding, "d1/bench-d1")
			if w.Code != http.StatusOK {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			return w.Body.String()
		}
		return answer(func(w http.ResponseWriter, r *http.Request) { service.ServeBinding(w, r, "bench-d1") }), answer(serveStub)
	}
	for _, sql := range []string{
		"CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL, score REAL)",
		"CREATE TABLE log (id INTEGER PRIMARY KEY, at INTEGER, note TEXT)",
		"INSERT INTO items WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000) SELECT i, 'name ' || i, i * 1.5 FROM c",
		"INSERT INTO log (id) VALUES (1000)",
	} {
		if real, _ := call("/query", fmt.Sprintf(`{"sql":%q}`, sql)); !strings.Contains(real, `"success":true`) {
			t.Fatal(real)
		}
	}
	for name, c := range d1Calls {
		for _, format := range formats(c[0]) {
			compareAnswers(t, name+" "+format, call, c[0]+format, c[1])
		}
	}
}

// formats returns the result formats of a path: flint's D1 binding asks for objects,
// workerd's own for rows and columns.
func formats(path string) []string {
	if strings.HasSuffix(path, "=") {
		return []string{"ARRAY_OF_OBJECTS", "ROWS_AND_COLUMNS"}
	}
	return []string{""}
}

func compareAnswers(t *testing.T, name string, call func(path, body string) (real, stub string), path, body string) {
	real, stub := call(path, body)
	if numberPattern.ReplaceAllString(real, "0") != numberPattern.ReplaceAllString(stub, "0") {
		t.Errorf("%s:\nthe service %.400s\nthe stub    %.400s", name, real, stub)
	}
	if n, m := len(real), len(stub); n-m > n/20 || m-n > n/20 {
		t.Errorf("%s: %d bytes, and the stub's answer is %d:\n%.400s\n%.400s", name, n, m, real, stub)
	}
}

var numberPattern = regexp.MustCompile(`-?\d+(\.\d+)?(e-?\d+)?|true|false`)
