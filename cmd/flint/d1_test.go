package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// d1Project is a project with one database and no code.
var d1Project = map[string]string{
	"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n" +
		"d1_databases = [{ binding = \"DB\", database_name = \"db\", database_id = \"db-id\" }]\n",
	"index.js": `export default {
  async fetch(request, env) {
    const { meta } = await env.DB.prepare("INSERT INTO users (id, username) VALUES (?, 'worker')").bind(crypto.randomUUID()).run();
    return Response.json(meta);
  }
}`,
	"migrations/0001_users.sql": "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE, username TEXT, created_at INTEGER, last_login INTEGER);\n",
}

// Every wrong input is one clear sentence, and leaves nothing behind.
func TestD1WrongInputs(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, d1Project)
	for name, text := range map[string]string{
		"users.csv": "id,email\na,a@example.com\nb,b@example.com,c\n", "users.json": "[{\"id\": \"a\"},\n{\"id\": oops}]", "empty.csv": "", "gone.csv": "a\n1\n",
		"column.csv": "id,phone\n1,2\n", "db.sql": "SQLite format 3\x00binary", "bad.sql": "SELECT 1;\n\nSELECT nope;\n", "empty.sql": "-- nothing\n", "users.data": "x",
	} {
		testkit.WriteFile(t, filepath.Join(dir, name), text)
	}
	mustFlint(t, dir, "d1", "migrations", "apply", "db")
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"d1 import nope users.csv", 2, `no D1 database is called "nope"; the project binds: db`},
		{"d1 export nope --output x.sql", 2, `no D1 database is called "nope"`},
		{"d1 migrations create nope x", 2, `no D1 database is called "nope"`},
		{"d1 import db missing.csv", 2, "cannot read missing.csv: no such file or directory"},
		{"d1 import db migrations --format csv", 2, "cannot read migrations: it is a directory"},
		{"d1 import db users.data", 2, "add --format sql, csv or json"},
		{"d1 import db users.csv --format xml", 2, "--format xml: want sql, csv or json"},
		{"d1 import db bad.sql --table users", 2, "--table, --create and --map are for CSV and JSON"},
		{"d1 import db users.csv --resume --restart", 2, "exclude each other"},
		{"d1 import db users.csv --map id", 2, "want NAME=COLUMN"},
		{"d1 import db users.csv --remote", 2, "--remote: flint never connects to Cloudflare"},
		{"d1 import db gone.csv", 1, `there is no table "gone"; the tables are: d1_migrations, users`},
		{"d1 import db users.csv", 1, "users.csv:3:17: more fields than the 2 of the header"},
		{"d1 import db users.json", 1, "users.json:2:8: expected null"},
		{"d1 import db empty.csv --table users", 1, "empty.csv:1:1: the file is empty"},
		{"d1 import db column.csv --table users", 1, `column.csv:2: the table "users" has no column "phone"`},
		{"d1 import db users.csv --create", 1, `the table "users" is there already`},
		{"d1 execute db --file missing.sql", 2, `Unable to read SQL text file "missing.sql". Please check the file path and try again.`},
		{"d1 execute db --file migrations", 2, `Unable to read SQL text file "migrations"`},
		{"d1 execute db --file db.sql", 2, "Provided file is a binary SQLite database file instead of an SQL text file."},
		{"d1 execute db --file bad.sql", 1, "no such column: nope at offset 7: SQLITE_ERROR (statement 2, line 3: SELECT nope;)"},
		{"d1 execute db --file empty.sql", 1, "No SQL statements detected."},
		{"d1 execute db --file bad.sql --command x", 2, "can't provide both --command and --file"},
		{"d1 export db", 2, "--output FILE"},
		{"d1 export db --output .", 2, "Please specify a file path for --output, not a directory."},
		{"d1 export db --output no/such/folder/x.sql", 2, "no such file or directory"},
		{"d1 export db --output x.sql --table nope", 1, `there is no table "nope"; the tables are: d1_migrations, users`},
		{"d1 export db --output x.sql --no-schema --no-data", 2, "Cannot use --no-schema and --no-data together"},
		{"d1 export db --output x.sql --compatibility sqlite3_cli_only", 2, "is not served"},
		{"d1 migrations create db a/b", 2, "contains a path separator"},
		{"d1 migrations create db", 2, "needs a message"},
		{"d1 info nope", 2, `no D1 database is called "nope"`},
		{"d1 list db", 2, `unknown command "db"`},
		{"d1 create x", 2, "flint d1 create is not served yet"},
		{"d1 insights db --json", 2, "flint d1 insights is not served yet"},
		{"d1 migrations list db --persist-to x", 2, "--state DIR says where flint's is; see `flint d1 migrations list --help`"},
	} {
		o := flint(t, dir, strings.Fields(c.args)...)
		if o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("flint %s: exit %d, want %d; %q, want %q in it", c.args, o.code, c.code, o.err, c.want)
		}
	}
	if o := flint(t, dir, "d1", "execute", "db", "--json", "--command", "SELECT nope"); o.code != 1 || o.err != "" ||
		o.out != "{\n  \"error\": {\n    \"text\": \"no such column: nope at offset 7: SQLITE_ERROR\"\n  }\n}\n" {
		t.Errorf("exit %d, %q, %q", o.code, o.out, o.err)
	}
	if out := mustFlint(t, dir, "d1", "export", "db", "--output", "-", "--table", "users", "--no-schema"); out != "PRAGMA defer_foreign_keys=TRUE;\n" {
		t.Errorf("rows were left:\n%s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "x.sql*")); len(left) != 0 {
		t.Errorf("files were left: %v", left)
	}
}

func TestD1ListAndInfo(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, d1Project)
	mustFlint(t, dir, "d1", "migrations", "apply", "db")
	var all []struct {
		UUID, Name string
		Tables     int `json:"num_tables"`
	}
	decode(t, mustFlint(t, dir, "d1", "list", "--json"), &all)
	if len(all) != 1 || all[0].UUID != "db-id" || all[0].Name != "db" || all[0].Tables != 2 {
		t.Errorf("list: %+v", all)
	}
	var info struct {
		UUID string
		Size int64 `json:"database_size"`
	}
	decode(t, mustFlint(t, dir, "d1", "info", "DB", "--json"), &info)
	if info.UUID != "db-id" || info.Size < 4096 {
		t.Errorf("info --json: %+v", info)
	}
	if out := mustFlint(t, dir, "d1", "info", "db"); !strings.Contains(out, "│ num_tables            │ 2 ") || !strings.Contains(out, " kB") {
		t.Errorf("info:\n%s", out)
	}
	none := testkit.WriteFiles(t, map[string]string{"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n", "index.js": "export default {}"})
	if out := mustFlint(t, none, "d1", "list"); !strings.HasPrefix(out, "There are no D1 databases") {
		t.Errorf("list of none: %s", out)
	}
	if out := mustFlint(t, none, "d1", "list", "--json"); out != "[]\n" {
		t.Errorf("list of none as JSON: %s", out)
	}
}

func TestD1Migrations(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, d1Project)
	testkit.WriteFile(t, filepath.Join(dir, "migrations", "0002_bad.sql"), "CREATE TABLE u (a);\n\nINSERT INTO nope\nVALUES (1);\n")
	out := mustFlint(t, dir, "d1", "migrations", "create", "db", "and one more")
	if !strings.Contains(out, "✅ Successfully created Migration '0003_and_one_more.sql'!\n\nThe migration is available for editing here\n"+filepath.Join(dir, "migrations")) {
		t.Errorf("create: %s", out)
	}
	if head, err := os.ReadFile(filepath.Join(dir, "migrations", "0003_and_one_more.sql")); err != nil || !strings.HasPrefix(string(head), "-- Migration number: 0003 \t 20") {
		t.Errorf("%q, %v", head, err)
	}
	o := flint(t, dir, "d1", "migrations", "apply", "db")
	want := "│ 0001_users.sql        │ ✅     │\n├───────────────────────┼────────┤\n│ 0002_bad.sql          │ ❌     │\n├───────────────────────┼────────┤\n│ 0003_and_one_more.sql │ 🕒️"
	if o.code != 1 || !strings.Contains(o.out, want) ||
		!strings.Contains(o.err, "Migration 0002_bad.sql failed with the following errors: no such table: nope: SQLITE_ERROR (statement 2, line 3: INSERT INTO nope VALUES (1)") {
		t.Errorf("exit %d\n%s%s", o.code, o.out, o.err)
	}
	out = mustFlint(t, dir, "d1", "execute", "db", "--json", "--command", "SELECT name FROM sqlite_master WHERE name = 'u'; SELECT name FROM d1_migrations")
	if strings.Contains(out, `"u"`) || !strings.Contains(out, "0001_users.sql") || strings.Contains(out, "0002") {
		t.Errorf("after the failure: %s", out)
	}
}

// migrations_pattern finds what Drizzle writes.
func TestD1MigrationsPattern(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n" +
			"d1_databases = [{ binding = \"DB\", database_id = \"x\", migrations_dir = \"drizzle\", migrations_pattern = \"drizzle/*/migration.sql\", migrations_table = \"done\" }]\n",
		"drizzle/10_b/migration.sql": "CREATE TABLE b (a REFERENCES a (a));", "drizzle/9_a/migration.sql": "CREATE TABLE a (a PRIMARY KEY);",
		"drizzle/0_no.sql": "nonsense", "drizzle/.git/migration.sql": "nonsense", "drizzle/9_a/deep/migration.sql": "nonsense",
	})
	mustFlint(t, dir, "d1", "migrations", "apply", "DB")
	out := mustFlint(t, dir, "d1", "execute", "DB", "--json", "--command", "SELECT group_concat(name, ' ') AS n FROM (SELECT name FROM done ORDER BY id)")
	if !strings.Contains(out, `"n": "9_a/migration.sql 10_b/migration.sql"`) {
		t.Error(out)
	}
	if o := flint(t, dir, "d1", "migrations", "create", "DB", "x"); o.code != 1 || !strings.Contains(o.err, "does not take in") {
		t.Errorf("create: %d %s", o.code, o.err)
	}
	testkit.WriteFile(t, filepath.Join(dir, "wrangler.toml"), "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n"+
		"d1_databases = [{ binding = \"DB\", database_id = \"x\", migrations_pattern = \"drizzle/*/migration.sql\" }]\n")
	if o := flint(t, dir, "d1", "migrations", "list", "DB"); o.code != 2 || !strings.Contains(o.err, "begins with migrations_dir") {
		t.Errorf("without migrations_dir: %d %s", o.code, o.err)
	}
}

// A file is imported, exported and executed again, with flint running and
// without, and a Worker that writes meanwhile loses nothing.
func TestD1Files(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{false, true} {
		t.Run(fmt.Sprintf("running=%v", running), func(t *testing.T) {
			t.Parallel()
			dir := testkit.WriteFiles(t, d1Project)
			mustFlint(t, dir, "d1", "migrations", "apply", "db")
			written := func() int { return 0 }
			if running {
				written = keepWriting(t, startDev(t, dir))
			}
			seed, err := os.ReadFile("../../fixtures/personality-spark/seeds/export/users.json")
			if err != nil {
				t.Fatal(err)
			}
			testkit.WriteFile(t, filepath.Join(dir, "users.json"), string(seed))
			testkit.WriteFile(t, filepath.Join(dir, "many.csv"), manyUsers(5000))
			if out := mustFlint(t, dir, "d1", "import", "db", "users.json"); !strings.HasPrefix(out, "imported 3 rows of users.json in ") {
				t.Error(out)
			}
			mustFlint(t, dir, "d1", "import", "db", "many.csv", "--table", "users", "--batch", "500")
			mustFlint(t, dir, "d1", "export", "db", "--output", "dump.sql")
			workers := written()
			again := testkit.WriteFiles(t, d1Project)
			mustFlint(t, again, "d1", "execute", "db", "--file", filepath.Join(dir, "dump.sql"))
			if n := count(t, again, "id GLOB 'user*' OR username IN ('ada', 'grace', 'Zoë O''Neil')"); n != 5003 {
				t.Errorf("%d rows in the dump", n)
			}
			if n := count(t, dir, "username = 'worker'"); n != workers {
				t.Errorf("%d rows of the Worker, which was told of %d", n, workers)
			}
		})
	}
}

func manyUsers(n int) string {
	var b bytes.Buffer
	b.WriteString("id,email,username,created_at,last_login\n")
	for i := range n {
		fmt.Fprintf(&b, "user%d,u%d@example.com,\"User, %d\",17,\n", i, i, i)
	}
	return b.String()
}

func count(t *testing.T, dir, where string) int {
	t.Helper()
	var results []struct{ Results []struct{ N int } }
	out := mustFlint(t, dir, "d1", "execute", "db", "--json", "--command", "SELECT count(*) AS n FROM users WHERE "+where)
	if err := json.Unmarshal([]byte(out), &results); err != nil || len(results) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	return results[0].Results[0].N
}
