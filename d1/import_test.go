package d1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"flint/d1/transfer"
)

func importText(db *Database, text string, o Import) (Progress, error) {
	o.Source = "file"
	// The smallest reads there are: every record is cut at every place.
	return db.Import(context.Background(), iotest.OneByteReader(strings.NewReader(text)), o, nil)
}

func mustImport(t *testing.T, db *Database, text string, o Import) Progress {
	t.Helper()
	p, err := importText(db, text, o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// dump is all rows of a query, as SQLite would quote them.
func dump(t *testing.T, db *Database, table string, columns ...string) string {
	t.Helper()
	for i, c := range columns {
		columns[i] = "quote(" + transfer.QuoteName(c) + ")"
	}
	var b strings.Builder
	for _, row := range mustQuery(t, db, "SELECT "+strings.Join(columns, ",")+" FROM "+transfer.QuoteName(table)+" ORDER BY rowid").Rows {
		fmt.Fprintln(&b, row...)
	}
	return b.String()
}

func TestImportCSV(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, `CREATE TABLE t (id INTEGER PRIMARY KEY, "a b" TEXT, r REAL, untyped)`)
	text := "\uFEFFid,\"a b\",R,ignored,raw\r\n" +
		"1,plain,1.5,x,7\r\n" +
		"\r\n" +
		"2,\"with \"\"quotes\"\", comma\nand line\",,x,\"\"\n" +
		"3,zoë,1e3,x,\n" +
		"4,last,2,x,end" // no line break at the end
	p := mustImport(t, db, text, Import{Format: FormatCSV, Table: "T", Map: map[string]string{"ignored": "", "raw": "untyped"}})
	if p.Rows != 4 || p.Bytes != int64(len(text)) {
		t.Errorf("%+v of %d bytes", p, len(text))
	}
	want := "1 'plain' 1.5 '7'\n2 'with \"quotes\", comma\nand line' NULL ''\n3 'zoë' 1000.0 NULL\n4 'last' 2.0 'end'\n"
	if got := dump(t, db, "t", "id", "a b", "r", "untyped"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestImportJSON(t *testing.T) {
	t.Parallel()
	const values = `{"id": 1, "n": 9007199254740993, "r": 1.5, "b": true, "o": {"a": [1, 2 ], "b":"c d"}, "s": "é\u00e9\n\"", "z": null}`
	for name, text := range map[string]string{
		"array": " [\n" + values + " ,\n {\"n\": 2, \"o\": [ ], \"id\": 2}, {\"id\": 3, \"skip\": {\"x\": 1}} ] \n",
		"lines": values + "\n{\"n\": 2, \"o\": [ ], \"id\": 2}\n\n{\"id\": 3, \"skip\": {\"x\": 1}}",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openTest(t)
			mustExec(t, db, `CREATE TABLE t (id INTEGER PRIMARY KEY, n, r, b, o TEXT, s TEXT DEFAULT 'none', z)`)
			if p := mustImport(t, db, text, Import{Format: FormatJSON, Table: "t", Map: map[string]string{"skip": ""}}); p.Rows != 3 {
				t.Errorf("%+v", p)
			}
			want := "1 9007199254740993 1.5 1 '{\"a\":[1,2],\"b\":\"c d\"}' 'éé\n\"' NULL\n2 2 NULL NULL '[]' 'none' NULL\n3 NULL NULL NULL NULL 'none' NULL\n"
			if got := dump(t, db, "t", "id", "n", "r", "b", "o", "s", "z"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestImportSQL(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	text := `-- a dump; of sqlite3
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES parent (id));
CREATE TABLE parent (id TEXT PRIMARY KEY, v, w BLOB);
CREATE TRIGGER tr AFTER INSERT ON parent BEGIN
  UPDATE parent SET w = x'00' WHERE id = new.id; END;
insert into child values (1, 'p');
INSERT INTO child(id,parent) VALUES(2,'it''s; so');
INSERT INTO "parent" ("id", "v") VALUES ('p', -1.5e3), ('it''s; so', NULL);
INSERT INTO parent (id,v) VALUES ('big', 9223372036854775808);
INSERT INTO parent (id,v) VALUES ('small',-9223372036854775808);
INSERT INTO parent (id,v) VALUES (X'61',+.5) ;
INSERT INTO parent (id,v) VALUES ('text','1.0');
INSERT OR IGNORE INTO parent (id) VALUES ('p');
COMMIT;
`
	p := mustImport(t, db, text, Import{Format: FormatSQL, Batch: 1})
	if p.Rows != 12 || p.Bytes != int64(len(text)) {
		t.Errorf("%+v of %d bytes", p, len(text))
	}
	want := "'p' -1500.0 X'00'\n'it''s; so' NULL X'00'\n'big' 9223372036854775808.0 X'00'\n'small' -9223372036854775808 X'00'\nX'61' 0.5 X'00'\n'text' '1.0' X'00'\n"
	got := strings.ReplaceAll(dump(t, db, "parent", "id", "v", "w"), "9.2233720368547758e+18", "9223372036854775808.0")
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if n := oneValue(t, db, "SELECT count(*) FROM child JOIN parent ON parent.id = parent"); n != int64(2) {
		t.Errorf("%v children with a parent", n)
	}
}

func TestImportErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format     ImportFormat
		text, want string
	}{
		"empty CSV":         {FormatCSV, "", "file:1:1: the file is empty"},
		"empty JSON":        {FormatJSON, " \n", "the file is empty"},
		"no SQL":            {FormatSQL, "nonsense;", `file:1: near "nonsense": syntax error at offset 0: SQLITE_ERROR (statement 1: nonsense)`},
		"too few fields":    {FormatCSV, "id,v\n1,a\n2\n", "file:3:2: 1 fields, and the header has 2"},
		"too many fields":   {FormatCSV, "id,v\n1,a,b\n", "file:2:5: more fields than the 2"},
		"open quote":        {FormatCSV, "id,v\n1,\"a\n2,b\n", "file:2:3: the quote that begins here is never closed"},
		"quote within":      {FormatCSV, "id,v\n1,é\"b\n", "file:2:4: a quote in the middle"},
		"text after quote":  {FormatCSV, "id,v\n1,\"a\"b\n", "file:2:6: text after the closing quote"},
		"not UTF-8":         {FormatCSV, "id,v\n1,ok\n2,a\xff\n", "file:3:4: the text is not UTF-8"},
		"twice":             {FormatCSV, "id,ID\n1,2\n", `file:1:1: the column "ID" is there twice`},
		"no name":           {FormatCSV, "id,\n1,2\n", "file:1:1: field 2 of the header has no name"},
		"unknown column":    {FormatCSV, "id,w\n1,2\n", `file:2: the table "t" has no column "w" (it has: id, v, u)`},
		"generated":         {FormatJSON, `{"id":1,"g":2}`, `file:1: the column "g" of "t" is generated`},
		"unique":            {FormatCSV, "id,v\n1,a\n2,b\n\n1,c\n", "file:5: UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT"},
		"not objects":       {FormatJSON, "[\n 1]", `file:2:2: want an object, found "1"`},
		"a number":          {FormatJSON, "17", "want an array of objects"},
		"broken JSON":       {FormatJSON, "[{\"id\":1},\n {\"id\":}]", "file:2:8: expected null"},
		"no comma":          {FormatJSON, `[{"id":1} {"id":2}]`, "file:1:11: want a comma or the end of the array"},
		"comma at the end":  {FormatJSON, `[{"id":1},]`, "a comma before the end of the array"},
		"cut off":           {FormatJSON, `[{"id":1},{"id":2`, "file:1:18: expected ',' or '}'"},
		"after the array":   {FormatJSON, `[{"id":1}] x`, "file:1:12: text after the end of the array"},
		"NUL":               {FormatSQL, "SELECT 1;\nSELECT '\x00';", "NUL byte"},
		"third statement":   {FormatSQL, "SELECT 1;\nINSERT INTO t (id) VALUES (1);\n\nINSERT INTO t (id) VALUES (1);\n", "file:4: UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY) (statement 3: INSERT INTO t (id) VALUES(1);)"},
		"transaction":       {FormatSQL, "SAVEPOINT a;", "To execute a transaction, please use"},
		"platform's tables": {FormatSQL, "CREATE TABLE _cf_x (a);", "not authorized"},
		"foreign key":       {FormatSQL, "CREATE TABLE c (a REFERENCES t (id));\nINSERT INTO c VALUES (7);", "FOREIGN KEY constraint failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openTest(t)
			mustExec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, v, u, g AS (v || 'x'))")
			_, err := importText(db, c.text, Import{Format: c.format, Table: "t"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v\nwant %s", err, c.want)
			}
			if n := oneValue(t, db, "SELECT count(*) FROM t"); n != int64(0) {
				t.Errorf("%v rows were left", n)
			}
			integrity(t, db)
		})
	}
}

func TestImportTable(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE there (a); CREATE TABLE other (a)")
	for want, o := range map[string]Import{
		`there is no table "gone"; the tables are: other, there`: {Table: "gone"},
		`the table "there" is there already`:                     {Table: "there", Create: true},
		`is not one that an import may write`:                    {Table: "_CF_flint_import"},
		`the table "sqlite_master" is not one`:                   {Table: "sqlite_master"},
	} {
		o.Format = FormatCSV
		if _, err := importText(db, "a\n1\n", o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	csv := "i,r,t,zip,none,\"say \"\"it\"\"\"\n1,1,a,007,,1\n-20,2.5,2,1,,\n"
	mustImport(t, db, csv, Import{Format: FormatCSV, Table: "made", Create: true})
	mustImport(t, db, `[{"a":1,"b":2.5},{"b":1,"c":"x","a":2}, {"a":true,"d":[1]}]`, Import{Format: FormatJSON, Table: "made too", Create: true})
	for name, want := range map[string]string{
		"made":     `CREATE TABLE "made" ("i" INTEGER, "r" REAL, "t" TEXT, "zip" TEXT, "none" TEXT, "say ""it""" INTEGER)`,
		"made too": `CREATE TABLE "made too" ("a" INTEGER, "b" REAL, "c" TEXT, "d" TEXT)`,
	} {
		if got := oneValue(t, db, "SELECT sql FROM sqlite_master WHERE name = ?", name); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	if got := dump(t, db, "made", "i", "r", "t", "zip", "none"); got != "1 1.0 'a' '007' NULL\n-20 2.5 '2' '1' NULL\n" {
		t.Errorf("rows: %s", got)
	}
}

// A file that fails leaves the batches before; mended, it goes on behind them.
func TestImportResume(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format             ImportFormat
		head, broken, tail string
	}{
		{FormatCSV, "id,v\n1,a\n2,b\n3,c\n4,d\n", "5,\"e\"x\n", "5,e\n6,f\n"},
		{FormatJSON, `[{"id":1,"v":"a"},{"id":2,"v":"b"},{"v":"c","id":3},` + "\n" + `{"id":4,"v":"d"}`, `{"id":5}]`, `,{"id":5,"v":"e"},{"id":6,"v":"f"}]`},
		{FormatSQL, "INSERT INTO t VALUES (1,'a');\nINSERT INTO t VALUES (2,'b');INSERT INTO t (v,id) VALUES ('c',3);\nINSERT INTO t VALUES (4,'d');", "INSERT INTO t VALUES (4,'d');", "\nINSERT INTO t VALUES (5,'e');INSERT INTO t VALUES (6,'f');"},
	} {
		t.Run(string(c.format), func(t *testing.T) {
			t.Parallel()
			db := openTest(t)
			mustExec(t, db, "CREATE TABLE t (id INTEGER, v TEXT); CREATE UNIQUE INDEX i ON t (id)")
			o := Import{Format: c.format, Table: "t", Batch: 2}
			p, err := db.Import(t.Context(), strings.NewReader(c.head+c.broken), o, nil)
			if err == nil {
				t.Fatal("imported a broken file")
			}
			if p.Rows != oneValue(t, db, "SELECT count(*) FROM t") || c.format != FormatSQL && !strings.Contains(fmt.Sprint(err), "--resume") && p.Rows > 0 {
				t.Errorf("%+v, %v", p, err)
			}
			whole := c.head + c.tail
			if p.Rows > 0 {
				if _, err := importText(db, whole, o); err == nil || !strings.Contains(err.Error(), "--resume") {
					t.Errorf("again without resume: %v", err)
				}
				o.Resume = true
				if _, err := importText(db, strings.Replace(whole, "a", "A", 1), o); err == nil || !strings.Contains(err.Error(), "are not those") {
					t.Errorf("another file: %v", err)
				}
				if _, err := importText(db, whole[:4], o); err == nil || !strings.Contains(err.Error(), "are not those") {
					t.Errorf("a shorter file: %v", err)
				}
			}
			o.Resume = true
			if again := mustImport(t, db, whole, o); again.Rows != 6 || again.Skipped != p.Rows {
				t.Errorf("%+v after %+v", again, p)
			}
			if again := mustImport(t, db, whole, o); again.Rows != 6 || again.Skipped != 6 {
				t.Errorf("once more: %+v", again)
			}
			if got := oneValue(t, db, "SELECT group_concat(id || v, ' ') FROM (SELECT * FROM t ORDER BY id)"); got != "1a 2b 3c 4d 5e 6f" {
				t.Errorf("rows %v", got)
			}
			noteGoes(t, db, o)
		})
	}
}

// noteGoes checks that a Worker cannot touch the note, and that it goes.
func noteGoes(t *testing.T, db *Database, o Import) {
	t.Helper()
	if _, err := db.Run(t.Context(), "DELETE FROM _cf_flint_import"); err == nil {
		t.Error("a Worker's SQL can write the note")
	}
	mustExec(t, db, "ALTER TABLE t ADD COLUMN more")
	if err := db.FinishImport(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if n := oneValue(t, db, "SELECT count(*) FROM sqlite_master WHERE name LIKE '%flint%'"); n != int64(0) {
		t.Errorf("%v objects of flint's are left", n)
	}
	integrity(t, db)
}

func TestImportStops(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (id)")
	gone := errors.New("the connection is gone")
	r := io.MultiReader(strings.NewReader("id\n1\n2\n"), iotest.ErrReader(gone))
	if _, err := db.Import(t.Context(), r, Import{Format: FormatCSV, Table: "t"}, nil); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	endless := &endlessRows{after: 5000, then: cancel}
	if _, err := db.Import(ctx, endless, Import{Format: FormatCSV, Table: "t", Batch: 1000, Restart: true}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	mustExec(t, db, "INSERT INTO t VALUES (1)") // the writer is free
}

// endlessRows is a file without an end.
type endlessRows struct {
	n, after int
	then     func()
}

func (e *endlessRows) Read(p []byte) (int, error) {
	if e.n++; e.n == e.after {
		e.then()
	}
	if e.n == 1 {
		return copy(p, "id\n"), nil
	}
	return copy(p, fmt.Sprintf("%d\n", e.n)), nil
}

// A Worker reads and writes between two batches, and rows may refer to later
// ones when foreign keys are deferred.
func TestImportForeignKeys(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t (id))")
	const csv = "id,parent\n1,4\n2,4\n3,\n4,\n5,\n"
	if _, err := importText(db, csv, Import{Format: FormatCSV, Table: "t"}); err == nil || !strings.Contains(err.Error(), "file:2: FOREIGN KEY constraint failed") {
		t.Fatalf("got %v", err)
	}
	var seen []int64
	_, err := db.Import(t.Context(), strings.NewReader(csv), Import{Format: FormatCSV, Table: "t", Batch: 1, Defer: true}, func(p Progress) { seen = append(seen, p.Rows) })
	if err != nil || len(seen) == 0 || seen[len(seen)-1] != 5 {
		t.Fatalf("%v, batches end at %v", err, seen)
	}
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("a,b\n1,\"x\"\"y\"\r\n,\n"), true)
	f.Add([]byte(`[{"a":1,"b":{"c":[null]}},{"b":"\ud83d\ude00"}]`), false)
	f.Fuzz(func(t *testing.T, text []byte, csv bool) {
		read := func(r io.Reader) ([]byte, int, error) {
			w := transfer.NewWindow(r)
			var rr transfer.RowReader
			var err error
			if csv {
				rr, err = transfer.NewCSV(w, ',', nil)
			} else {
				rr, err = transfer.NewJSON(w, nil)
			}
			var all []byte
			rows := 0
			for err == nil {
				var c transfer.Chunk
				err = transfer.Fill(w, rr, &c)
				all = append(all, c.Packed...)
				rows += len(c.Lines)
			}
			return all, rows, err
		}
		a, rowsA, errA := read(bytes.NewReader(text))
		b, rowsB, errB := read(iotest.HalfReader(bytes.NewReader(text)))
		if !bytes.Equal(a, b) || rowsA != rowsB || fmt.Sprint(errA) != fmt.Sprint(errB) {
			t.Errorf("in pieces: %d rows, %v; whole: %d rows, %v", rowsB, errB, rowsA, errA)
		}
	})
}
