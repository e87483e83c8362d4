package d1

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// exported is a database with everything that is awkward in a dump.
const exportedSchema = `
CREATE TABLE child (id INTEGER PRIMARY KEY AUTOINCREMENT, parent TEXT REFERENCES parent (k), half REAL GENERATED ALWAYS AS (id / 2.0) VIRTUAL, twice INTEGER AS (id * 2) STORED);
CREATE TABLE "parent" (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
CREATE TABLE 'order "by' ("select" TEXT, [group] BLOB, real REAL, int INTEGER, untyped, num NUMERIC);
CREATE TABLE strict_one (a INTEGER, b TEXT) STRICT;
CREATE INDEX "an index" ON 'order "by' ("select") WHERE "select" > 'a';
CREATE VIEW seen AS SELECT k, v FROM parent;
CREATE TRIGGER into_view INSTEAD OF INSERT ON seen BEGIN INSERT INTO parent VALUES (new.k, new.v); END;
CREATE TRIGGER "after" AFTER INSERT ON parent BEGIN UPDATE parent SET v = coalesce(v, ';') WHERE k = new.k; END;
`

func fillExported(t *testing.T, db *Database) {
	t.Helper()
	mustExec(t, db, exportedSchema)
	mustExec(t, db, `INSERT INTO parent VALUES ('p', 1), ('', 'it''s');
		INSERT INTO child (id, parent) VALUES (7, 'p'), (9007199254740993, NULL);
		INSERT INTO child (parent) VALUES ('');
		INSERT INTO strict_one VALUES (1, 'x')`)
	row := `INSERT INTO 'order "by' VALUES (?, CAST(? AS BLOB), ?, ?, ?, ?)`
	for _, text := range []string{"", "plain", "two\nlines\r\n", `back\nslash`, "both \\n and\n", "NUL\x00within", "zoë 😀", "'quoted' \"twice\" `tick` --;"} {
		mustQuery(t, db, row, text, []byte(text), 0.1, 12, text, text)
	}
	mustQuery(t, db, row, nil, []byte{0, 255, 39, 10}, 1.0, -1, 1.0, 1e300)
	mustQuery(t, db, row, "x", nil, math.MaxFloat64, nil, math.SmallestNonzeroFloat64, -0.5)
	mustExec(t, db, `INSERT INTO 'order "by' VALUES (X'ff', x'', 9e999, 9223372036854775807, -9e999, -9223372036854775808);
		INSERT INTO 'order "by' VALUES (CAST(X'61ff' AS TEXT), 'text in a blob', -0.0, 'text in an int', 123456789012345678, 2.0)`)
}

func exportText(t *testing.T, db *Database, o Export) string {
	t.Helper()
	var b bytes.Buffer
	if err := db.Export(t.Context(), &b, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A dump loads into D1, by execute and by import, and into sqlite3, and what
// is there then is the same to the byte.
func TestExportRoundTrip(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	fillExported(t, db)
	text := exportText(t, db, Export{})
	for name, load := range map[string]func(db *Database) error{
		"exec":    func(db *Database) error { _, err := db.Exec(t.Context(), text); return err },
		"execute": func(db *Database) error { return execAll(t.Context(), db, text) },
		"import": func(db *Database) error {
			_, err := importText(db, text, Import{Format: FormatSQL, Batch: 3})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again := openTest(t)
			if err := load(again); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			if err := again.FinishImport(t.Context(), Import{Format: FormatSQL}); err != nil {
				t.Fatal(err)
			}
			if got := exportText(t, again, Export{}); got != text {
				t.Errorf("got\n%s\nwant\n%s", got, text)
			}
			for table, columns := range map[string][]string{
				`order "by`: {"select", "group", "real", "int", "untyped", "num"}, "child": {"id", "parent", "half", "twice"},
			} {
				if got, want := dump(t, again, table, slices.Clone(columns)...), dump(t, db, table, slices.Clone(columns)...); got != want {
					t.Errorf("%s: got\n%s\nwant\n%s", table, got, want)
				}
			}
			integrity(t, again)
		})
	}
}

func execAll(ctx context.Context, db *Database, text string) error {
	_, err := db.ExecReader(ctx, strings.NewReader(text), func([]byte) error { return nil })
	return err
}

func TestExportIntoSQLite3(t *testing.T) {
	t.Parallel()
	sqlite3, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("sqlite3 is not installed, so that it was not tried whether it loads a dump")
	}
	db := openTest(t)
	fillExported(t, db)
	file := filepath.Join(t.TempDir(), "db-id.sqlite")
	cmd := exec.Command(sqlite3, "-bail", file)
	cmd.Stdin = strings.NewReader(exportText(t, db, Export{}))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	again, err := openStore(t, filepath.Dir(file)).Database("db-id")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := exportText(t, again, Export{}), exportText(t, db, Export{}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestExportParts(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE a (x INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE b (y); CREATE INDEX i ON b (y); INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)")
	for want, o := range map[string]Export{
		"PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE b (y);\nINSERT INTO \"b\" (\"y\") VALUES(2);\n":                                                                                     {Tables: []string{"b"}},
		"PRAGMA defer_foreign_keys=TRUE;\nINSERT INTO \"a\" (\"x\") VALUES(1);\nINSERT INTO \"b\" (\"y\") VALUES(2);\nINSERT INTO \"sqlite_sequence\" (\"name\",\"seq\") VALUES('a',1);\n": {NoSchema: true},
		"PRAGMA defer_foreign_keys=TRUE;\nCREATE TABLE a (x INTEGER PRIMARY KEY AUTOINCREMENT);\nCREATE TABLE b (y);\nDELETE FROM sqlite_sequence;\nCREATE INDEX i ON b (y);\n":            {NoData: true},
	} {
		if got := exportText(t, db, o); got != want {
			t.Errorf("%+v: got\n%s\nwant\n%s", o, got, want)
		}
	}
	if err := db.Export(t.Context(), &bytes.Buffer{}, Export{Tables: []string{"c"}}); err == nil || !strings.Contains(err.Error(), `there is no table "c"; the tables are: a, b`) {
		t.Errorf("got %v", err)
	}
	mustExec(t, db, "CREATE VIRTUAL TABLE f USING fts5 (body)")
	if err := db.Export(t.Context(), &bytes.Buffer{}, Export{}); err == nil || !strings.Contains(err.Error(), "cannot export databases with Virtual Tables (fts5)") {
		t.Errorf("got %v", err)
	}
	exportText(t, db, Export{Tables: []string{"a"}})
}

// Any value goes through a dump unchanged, in any column.
func TestExportValues(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE a (i INTEGER, r REAL, t TEXT, b BLOB, n NUMERIC)")
	again := openTest(t)
	value := rapid.OneOf(
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) any { return b }),
		rapid.Map(rapid.SampledFrom([]string{"\n", `\n`, "\r", `\r`, "'", "\x00", "1.0", "1e5", "0x10"}), func(s string) any { return s }),
		rapid.Just(any(nil)))
	rapid.Check(t, func(r *rapid.T) {
		mustExec(t, db, "DELETE FROM a")
		v := value.Draw(r, "value")
		mustQuery(t, db, "INSERT INTO a VALUES (?1, ?1, ?1, ?1, ?1)", v)
		mustExec(t, again, "DROP TABLE IF EXISTS a")
		text := exportText(t, db, Export{})
		if err := execAll(t.Context(), again, text); err != nil {
			r.Fatalf("%v\n%s", err, text)
		}
		want, got := exactRow(t, db), exactRow(t, again)
		if got != want {
			r.Errorf("%v: got %s want %s\n%s", v, got, want, text)
		}
	})
}

// exactRow tells values apart that print alike.
func exactRow(t *testing.T, db *Database) string {
	t.Helper()
	var b strings.Builder
	for _, v := range mustQuery(t, db, "SELECT * FROM a").Rows[0] {
		if f, ok := v.(float64); ok {
			b.WriteString("real ")
			v = int64(math.Float64bits(f))
		}
		b.WriteString(strings.ReplaceAll(dumpValue(v), "\n", "|") + "\n")
	}
	return b.String()
}

func dumpValue(v any) string { return fmt.Sprintf("%T %x", v, v) }
