package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/testkit"
)

func TestExitCodesAndMessages(t *testing.T) {
	t.Parallel()
	good := testkit.WriteFiles(t, everything)
	broken := testkit.WriteFiles(t, map[string]string{"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\nvars = [\n"})
	wrongType := testkit.WriteFiles(t, map[string]string{"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = 2026\n", "index.js": "export default {}"})
	noRuntime := []string{"FLINT_WORKERD=", "FLINT_CACHE=" + t.TempDir()}
	for name, c := range map[string]struct {
		dir  string
		env  []string
		args []string
		code int
		want string
	}{
		"unknown command":     {good, nil, []string{"serve"}, 2, `unknown command "serve" for "flint"`},
		"unknown flag":        {good, nil, []string{"dev", "--prot", "1"}, 2, "unknown flag: --prot"},
		"flag without number": {good, nil, []string{"dev", "--port", "x"}, 2, "--port"},
		"unknown environment": {good, nil, []string{"config", "--env", "staging"}, 2, "staging"},
		"no project":          {t.TempDir(), nil, []string{"dev"}, 2, "wrangler"},
		"broken TOML":         {broken, nil, []string{"dev"}, 2, "wrangler.toml:"},
		"wrong type":          {wrongType, nil, []string{"dev"}, 2, "wrangler.toml:3"},
		"no runtime":          {good, noRuntime, []string{"dev", "--no-install", "--port", "0", "--control-port", "0", "--s3-port", "0"}, 1, "flint doctor --install"},
		"runtime that is none": {good, []string{"FLINT_WORKERD=/bin/false"}, []string{"dev"}, 1,
			"FLINT_WORKERD=/bin/false does not run"},
		"unknown database": {good, nil, []string{"d1", "execute", "nope", "--command", "select 1"}, 2, `no D1 database is called "nope"; the project binds: db`},
		"bad SQL":          {good, nil, []string{"d1", "execute", "db", "--command", "selec 1"}, 1, `near "selec": syntax error`},
		"remote":           {good, nil, []string{"d1", "execute", "db", "--remote", "--command", "select 1"}, 2, "never connects to Cloudflare"},
		"no SQL":           {good, nil, []string{"d1", "execute", "db"}, 2, "Missing required option --command or --file"},
		"time to come":     {good, nil, []string{"d1", "time-travel", "info", "db", "--timestamp", "2099-01-01T00:00:00Z"}, 1, "Invalid timestamp '2099-01-01T00:00:00Z'. Please provide a timestamp in the past"},
		"time long past":   {good, nil, []string{"d1", "time-travel", "restore", "db", "--timestamp", "1700000000"}, 1, "Invalid timestamp '1700000000'. Please provide a timestamp within the last 30 days"},
		"no time":          {good, nil, []string{"d1", "time-travel", "info", "db", "--timestamp", "yesterday"}, 1, "Invalid timestamp 'yesterday'. Please provide a valid Unix timestamp or ISO string, for example: 2"},
		"no bookmark":      {good, nil, []string{"d1", "time-travel", "restore", "db"}, 2, "Missing required option --timestamp or --bookmark."},
		"two bookmarks":    {good, nil, []string{"d1", "time-travel", "restore", "db", "--timestamp", "1", "--bookmark", "2"}, 2, "Cannot use --timestamp and --bookmark together."},
		"not a bookmark":   {good, nil, []string{"d1", "time-travel", "restore", "db", "--bookmark", "2"}, 1, "Bookmark '2' is invalid"},
		"unknown backup":   {good, nil, []string{"d1", "backup", "restore", "db", "2"}, 1, "No backup has the id '2'"},
		"unknown binding":  {good, nil, []string{"kv", "key", "get", "k", "--binding", "NOPE"}, 2, `"NOPE"; the project binds: KV`},
		"missing key":      {good, nil, []string{"kv", "key", "get", "nope"}, 1, "key not found"},
		"ttl too short":    {good, nil, []string{"kv", "key", "put", "k", "v", "--ttl", "5"}, 1, "60"},
		"object name":      {good, nil, []string{"r2", "object", "get", "bucket"}, 2, "BUCKET/KEY"},
		"missing object":   {good, nil, []string{"r2", "object", "get", "bucket/nope", "--pipe"}, 1, "bucket/nope: The specified key does not exist."},
		"flag of letters":  {good, nil, []string{"dev", "--port", "abc"}, 2, "--port: found \"abc\", want a whole number; see"},
		"flag of no truth": {good, nil, []string{"dev", "--ephemeral=perhaps"}, 2, "--ephemeral: found \"perhaps\", want true or false; see"},
		"two folders":      {good, nil, []string{"dev", "a", "b"}, 2, "flint dev: unexpected argument \"b\""},
		"no model":         {good, nil, []string{"ai", "models", "--task", "nope"}, 1, "`flint ai models` lists all"},
		"no inputs":        {good, nil, []string{"ai", "run", "m", "--input", "nope.json"}, 2, "cannot read nope.json: no such file"},
		"message not JSON": {good, nil, []string{"queues", "send", "kept", "hello"}, 2, "--text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if c.code == 1 && args[0] != "dev" { // each opens the state: none may be in another's way
				args = append(args, "--state", t.TempDir())
			}
			o := flintEnv(t, c.dir, c.env, args...)
			if o.code != c.code || !strings.Contains(o.err, c.want) {
				t.Errorf("exit %d, want %d; message %q, want %q in it", o.code, c.code, o.err, c.want)
			}
			if lines := strings.Count(strings.TrimSpace(o.err), "\n"); lines > 8 {
				t.Errorf("the message has %d lines:\n%s", lines+1, o.err)
			}
		})
	}
}

// stoppedAndRunning runs a test of commands on a project of its own where no
// flint runs, and on one where it does.
func stoppedAndRunning(t *testing.T, more map[string]string, test func(t *testing.T, dir string, running bool)) {
	t.Helper()
	for name, running := range map[string]bool{"stopped": false, "running": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := testkit.WriteFiles(t, everything)
			for file, content := range more {
				testkit.WriteFile(t, filepath.Join(dir, file), content)
			}
			if running {
				startDev(t, dir)
			}
			test(t, dir, running)
		})
	}
}

// The data commands give the same answers with flint running and without.
func TestDataCommands(t *testing.T) {
	t.Parallel()
	stoppedAndRunning(t, nil, func(t *testing.T, dir string, _ bool) {
		t.Run("d1", func(t *testing.T) { d1Commands(t, dir) })
		t.Run("d1 past", func(t *testing.T) { d1PastCommands(t, dir) })
		t.Run("kv", func(t *testing.T) { kvCommands(t, dir) })
		t.Run("r2", func(t *testing.T) { r2Commands(t, dir) })
		t.Run("queues", func(t *testing.T) { queuesCommands(t, dir) })
	})
}

func d1Commands(t *testing.T, dir string) {
	if out := mustFlint(t, dir, "d1", "migrations", "list", "db"); !strings.Contains(out, "│ 0001_init.sql │") {
		t.Errorf("migrations list: %q", out)
	}
	if out := mustFlint(t, dir, "d1", "migrations", "apply", "db"); !strings.Contains(out, "│ 0001_init.sql │ ✅") {
		t.Errorf("migrations apply: %q", out)
	}
	if out := mustFlint(t, dir, "d1", "migrations", "apply", "db"); out != "✅ No migrations to apply!\n" {
		t.Errorf("migrations apply again: %q", out)
	}
	script := filepath.Join(dir, "script.sql")
	testkit.WriteFile(t, script, "INSERT INTO notes (note) VALUES ('a;b'); -- one\nINSERT INTO notes (note) VALUES ('c');\n")
	mustFlint(t, dir, "d1", "execute", "db", "--file", script)
	out := mustFlint(t, dir, "d1", "execute", "DB", "--json", "--command", "SELECT id, note FROM notes ORDER BY id")
	var results []struct {
		Results []map[string]any
		Success bool
		Meta    map[string]any
	}
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 1 || len(results[0].Results) != 2 ||
		results[0].Results[0]["note"] != "a;b" || !results[0].Success || results[0].Meta["rows_read"] == nil {
		t.Errorf("execute --json: %v %s", err, out)
	}
	if out := mustFlint(t, dir, "d1", "execute", "db", "--command", "SELECT note FROM notes WHERE id = 2"); !strings.Contains(out, "🚣 1 command executed successfully.\n[\n  {\n    \"results\": [\n      {\n        \"note\": \"c\"\n") {
		t.Errorf("execute: %s", out)
	}
}

func kvCommands(t *testing.T, dir string) {
	mustFlint(t, dir, "kv", "key", "put", "a/b c%é", "value", "--ttl", "3600", "--metadata", `{"m":1}`)
	file := filepath.Join(dir, "value.bin")
	testkit.WriteFile(t, file, "\x00binary\xff")
	mustFlint(t, dir, "kv", "key", "put", "bin", "--path", file, "--binding", "KV")
	if out := mustFlint(t, dir, "kv", "key", "get", "bin", "--namespace-id", "kv-id"); out != "\x00binary\xff" {
		t.Errorf("get: %q", out)
	}
	var keys []struct {
		Name       string
		Expiration int64
		Metadata   map[string]any
	}
	out := mustFlint(t, dir, "kv", "key", "list", "--prefix", "a")
	if err := json.Unmarshal([]byte(out), &keys); err != nil || len(keys) != 1 || keys[0].Name != "a/b c%é" || keys[0].Expiration == 0 || keys[0].Metadata["m"] != 1.0 {
		t.Errorf("list: %v %s", err, out)
	}
	mustFlint(t, dir, "kv", "key", "delete", "a/b c%é")
	if out := mustFlint(t, dir, "kv", "key", "list", "--prefix", "a"); strings.TrimSpace(out) != "[]" {
		t.Errorf("list after delete: %s", out)
	}
}

func r2Commands(t *testing.T, dir string) {
	file := filepath.Join(dir, "card.png")
	testkit.WriteFile(t, file, "not really a picture")
	mustFlint(t, dir, "r2", "object", "put", "bucket/shares/a b.png", "--file", file, "--content-type", "image/png")
	mustFlint(t, dir, "r2", "object", "get", "bucket/shares/a b.png", "--file", filepath.Join(dir, "copy"))
	if data, err := os.ReadFile(filepath.Join(dir, "copy")); err != nil || string(data) != "not really a picture" {
		t.Errorf("get: %q %v", data, err)
	}
	if out := mustFlint(t, dir, "r2", "object", "list", "bucket", "--prefix", "shares/"); !strings.Contains(out, "shares/a b.png") {
		t.Errorf("list: %s", out)
	}
	mustFlint(t, dir, "r2", "object", "delete", "bucket/shares/a b.png")
	if o := flint(t, dir, "r2", "object", "get", "bucket/shares/a b.png", "--pipe"); o.code != 1 || o.out != "" {
		t.Errorf("get after delete: exit %d %q", o.code, o.out)
	}
}

func queuesCommands(t *testing.T, dir string) {
	mustFlint(t, dir, "queues", "send", "kept", `{"n":1}`)
	mustFlint(t, dir, "queues", "send", "kept", "plain", "--text")
	if out := mustFlint(t, dir, "queues", "list"); !strings.Contains(out, "│ kept  │ 2        │") {
		t.Errorf("list:\n%s", out)
	}
}

func TestConfigCommand(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	testkit.WriteFile(t, filepath.Join(dir, ".dev.vars"), "API_KEY=very-secret\n")
	out := mustFlint(t, dir, "config")
	for _, want := range []string{`"every"`, "# workerd", `kvNamespace = "kv:kv-id"`, "flint:d1-api", `className = "Keeper", uniqueKey = "every-Keeper", enableSql = true`} {
		if !strings.Contains(out, want) {
			t.Errorf("flint config lacks %s:\n%s", want, out)
		}
	}
	if strings.Contains(out, "very-secret") {
		t.Error("flint config prints a secret")
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	if out := mustFlint(t, dir, "doctor"); !strings.Contains(out, "ok       workerd") || !strings.Contains(out, "(every)") || !strings.Contains(out, "ok       KV        memory") {
		t.Errorf("doctor: %s", out)
	}
	o := flintEnv(t, dir, []string{"FLINT_WORKERD=", "FLINT_CACHE=" + t.TempDir()}, "doctor")
	if o.code != 1 || !strings.Contains(o.out, "missing  workerd") || !strings.Contains(o.out, "-> flint doctor --install") {
		t.Errorf("doctor without workerd: exit %d %s", o.code, o.out)
	}
	o = flintEnv(t, dir, []string{"FLINT_KV_DRIVER=redis://:s3cret@127.0.0.1:1"}, "doctor")
	if o.code != 1 || !strings.Contains(o.out, "missing  KV        KV cannot reach Redis at 127.0.0.1:1 (connection refused)") || strings.Contains(o.out, "s3cret") {
		t.Errorf("doctor without Redis: exit %d %s", o.code, o.out)
	}
}
