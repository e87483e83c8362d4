package d1

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write the answers into testdata/*.txt instead of comparing them")

// TestGolden runs the files in testdata against the binding. A file is blocks
// of a command with its request, a line ----, the answer and an empty line:
//
//	query        POST /query as rows and columns
//	execute      POST /execute
//	script       Exec, as `d1 execute --file`
//
// The request of query and execute is JSON, of script SQL. Answers leave out
// what differs from run to run.
func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			golden(t, file)
		})
	}
}

func golden(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := openStore(t, t.TempDir())
	srv := serveBinding(t, s)
	var out bytes.Buffer
	for i, block := range strings.Split(strings.TrimRight(string(text), "\n"), "\n\n") {
		if i > 0 {
			out.WriteString("\n")
		}
		if strings.HasPrefix(block, "#") {
			out.WriteString(block + "\n")
			continue
		}
		head, want, _ := strings.Cut(block+"\n", "\n----\n")
		command, request, _ := strings.Cut(head, "\n")
		got := strings.TrimSpace(answer(t, s, srv.URL, command, request))
		if got != strings.TrimSpace(want) && !*rewrite {
			t.Errorf("%s\ngot  %s\nwant %s", head, got, want)
		}
		out.WriteString(head + "\n----\n" + got + "\n")
	}
	if *rewrite {
		if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var volatile = regexp.MustCompile(`"served_by":"flint.db","served_by_primary":true,"total_attempts":1,"timings":{"sql_duration_ms":[0-9.e-]+},"duration":[0-9.e-]+,|"size_after":[0-9]+,`)

func answer(t *testing.T, s *Store, url, command, request string) string {
	switch command {
	case "query", "execute":
		got, _ := callBinding(t, url, "/"+command+map[string]string{
			"query": "?resultsFormat=ROWS_AND_COLUMNS", "execute": "?resultsFormat=NONE",
		}[command], request)
		return volatile.ReplaceAllString(got, "")
	case "script":
		db, err := s.Database("db")
		if err != nil {
			t.Fatal(err)
		}
		var out encoder
		out.reset(asObjects)
		if err := db.exec(t.Context(), request, query{}, &out); err != nil {
			return "error: " + err.Error()
		}
		return volatile.ReplaceAllString(string(out.finish()), "")
	}
	t.Fatalf("unknown command %q", command)
	return ""
}
