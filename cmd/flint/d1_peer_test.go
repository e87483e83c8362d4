package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// wrangler runs the pinned Wrangler in dir. The test is skipped without it.
func wrangler(t *testing.T, dir string, args ...string) output {
	t.Helper()
	return wranglerEnv(t, dir, nil, args...)
}

func wranglerEnv(t *testing.T, dir string, env []string, args ...string) output {
	t.Helper()
	modules, err := filepath.Abs("../../conformance/peer/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(modules, "node-linux-"+map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH], "bin")
	script := filepath.Join(modules, "wrangler", "bin", "wrangler.js")
	if _, err := os.Stat(script); err != nil {
		t.Skip("NOT COMPARED WITH WRANGLER: it is not installed; make conformance installs it")
	}
	home := filepath.Join(dir, "home")
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "node"), append([]string{script}, args...)...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + home, "CI=true", "NO_COLOR=1", "WRANGLER_SEND_METRICS=false",
		"WRANGLER_SEND_ERROR_REPORTS=false", "WRANGLER_HIDE_BANNER=true", "CLOUDFLARE_CF_FETCH_ENABLED=false", "NO_UPDATE_NOTIFIER=1"}
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // its exit code is what is compared
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// both runs the same d1 command on both sides.
func both(t *testing.T, dir string, args ...string) (ours, theirs output) {
	t.Helper()
	args = append([]string{"d1"}, args...)
	return flint(t, dir, args...), wrangler(t, dir, append(args, "--local")...)
}

// Commands print on flint what they print on the pinned Wrangler.
func TestD1LikeWrangler(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, d1Project)
	testkit.WriteFile(t, filepath.Join(dir, "migrations", "0002_bad.sql"), "CREATE TABLE u (a);\nINSERT INTO nope VALUES (1);\n")
	for _, args := range [][]string{{"migrations", "list", "db"}, {"migrations", "apply", "db"}, {"migrations", "list", "DB"}} {
		ours, theirs := both(t, dir, args...)
		if got, want := tablesOf(ours.out), tablesOf(theirs.out); got != want && args[1] == "list" {
			t.Errorf("%q: got\n%s\nwant\n%s", args, got, want)
		}
		if ours.code != theirs.code {
			t.Errorf("%q: exit %d, want %d", args, ours.code, theirs.code)
		}
	}
	script := filepath.Join(dir, "script.sql")
	testkit.WriteFile(t, script, awkward)
	for _, args := range [][]string{
		{"--file", script},
		{"--command", "SELECT name, applied_at IS NULL AS n FROM d1_migrations"},
		{"--command", "SELECT 1 AS a, NULL AS b, x'0102' AS c, 1e300 AS d, 'é\"<' AS e, 0.1 AS f; SELECT 'x' AS y WHERE 0; UPDATE users SET email = 'e' WHERE 0"},
		{"--command", "SELECT * FROM kinds ORDER BY id"},
		{"--command", "SELECT nope"},
		{"--command", "INSERT INTO users (id) VALUES ('1'), ('1')"},
		{"--command", "SELECT count(*) AS n FROM users"},
	} {
		ours, theirs := both(t, dir, append([]string{"execute", "db", "--json"}, args...)...)
		got, want := withoutMeta(t, ours.out), withoutMeta(t, theirs.out)
		if !reflect.DeepEqual(got, want) || ours.code != theirs.code {
			t.Errorf("%q: exit %d, want %d\ngot  %v\nwant %v", args, ours.code, theirs.code, got, want)
		}
	}
	for _, flags := range [][]string{nil, {"--no-schema"}, {"--no-data"}, {"--table", "kinds"}} {
		mustFlint(t, dir, append([]string{"d1", "export", "db", "--output", "ours.sql"}, flags...)...)
		if o := wrangler(t, dir, append([]string{"d1", "export", "db", "--local", "--output", "theirs.sql"}, flags...)...); o.code != 0 {
			t.Fatal(o.err)
		}
		if got, want := dumpText(t, dir, "ours.sql"), dumpText(t, dir, "theirs.sql"); got != want {
			t.Errorf("export %q: got\n%s\nwant\n%s", flags, got, want)
		}
	}
}

// The real Wrangler lists the databases of flint's REST API; flint's own command prints the same.
func TestD1ListLikeWrangler(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, d1Project)
	mustFlint(t, dir, "d1", "migrations", "apply", "db")
	startDev(t, dir)
	env := []string{"CLOUDFLARE_API_BASE_URL=" + runOf(t, dir).Control + "/client/v4", "CLOUDFLARE_API_TOKEN=any", "CLOUDFLARE_ACCOUNT_ID=00000000000000000000000000000001"}
	for _, args := range [][]string{{"d1", "list"}, {"d1", "list", "--json"}} {
		ours, theirs := flint(t, dir, args...), wranglerEnv(t, dir, env, args...)
		if ours.code != 0 || theirs.code != 0 || strings.TrimSpace(ours.out) != strings.TrimSpace(theirs.out) || !strings.Contains(ours.out, "db-id") {
			t.Errorf("%q: got\n%s%s\nwant\n%s%s", args, ours.out, ours.err, theirs.out, theirs.err)
		}
	}
}

// awkward fills tables with what dumps and JSON get wrong.
const awkward = `CREATE TABLE "kinds" (id INTEGER PRIMARY KEY AUTOINCREMENT, i INTEGER, r REAL, t TEXT, b BLOB, double INTEGER AS (i * 2));
CREATE TABLE refers (id INTEGER PRIMARY KEY, kind INTEGER REFERENCES kinds (id));
CREATE INDEX by_t ON kinds (t);
CREATE VIEW seen AS SELECT id FROM kinds; -- a comment; with a semicolon
CREATE TRIGGER tr AFTER INSERT ON refers BEGIN UPDATE kinds SET i = i + 1 WHERE id = new.kind; SELECT 1; END;
INSERT INTO kinds (i, r, t, b) VALUES (1, 1, 'a;b', x'00ff'), (NULL, 0.1, 'it''s', NULL), (-5, 1e300, '', x''), (9007199254740991, -2.5, 'zoë 😀', 'text');
INSERT INTO kinds (i, r, t) VALUES (7, 3.0, 'two
lines');
INSERT INTO refers VALUES (1, 1);
INSERT INTO refers VALUES (2, 2);
`

func dumpText(t *testing.T, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for i, line := range lines {
		if head, _, ok := strings.Cut(line, "0001_users.sql"); ok { // the moment of the migration follows
			lines[i] = head
		}
	}
	return strings.Join(lines, "\n")
}

// tablesOf is the output from the first table on.
func tablesOf(out string) string {
	_, rest, ok := strings.Cut(out, "Migrations to be applied:")
	if !ok {
		return strings.TrimSpace(out)
	}
	return strings.TrimSpace(rest)
}

// withoutMeta is a --json answer without the figures, but for their presence.
func withoutMeta(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	list, _ := v.([]any)
	for _, item := range list {
		result, _ := item.(map[string]any)
		meta, _ := result["meta"].(map[string]any)
		_, result["meta"] = meta["duration"].(float64)
	}
	return v
}
