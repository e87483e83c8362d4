package d1

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/d1/transfer"
	"flint/internal/cferr"
)

// Export says what is exported.
type Export struct {
	Tables   []string // only these; none: all
	NoSchema bool     // no CREATE statements
	NoData   bool     // no rows
}

// Export writes the database as SQL that D1 and sqlite3 load again, with one
// INSERT for each row, in the order and the form of D1's own export. It is the
// state of one moment; others write meanwhile. Virtual tables are refused, as
// D1 refuses them.
//
// Where D1's own export changes a value (integers beyond 2^53, 1.0 in a column
// without a type, texts with NUL bytes or with both a line break and a
// backslash before n) this one does not.
// https://developers.cloudflare.com/d1/best-practices/import-export-data/
func (db *Database) Export(ctx context.Context, w io.Writer, o Export) error {
	c, err := db.acquireReader(ctx, true)
	if err != nil {
		return err
	}
	defer db.returnReader(c)
	stop := c.Watch(ctx)
	defer stop()
	if err := c.Begin(false); err != nil {
		return translate(ctx, err)
	}
	x := &exporter{c: c, w: w, o: o}
	err = x.all()
	_ = c.Rollback() // nothing was written
	return translate(ctx, err)
}

// exporter writes one dump.
type exporter struct {
	c   *csqlite.Conn
	w   io.Writer
	o   Export
	buf []byte
}

// schemaObject is a row of sqlite_schema.
type schemaObject struct{ kind, name, table, sql string }

func (x *exporter) all() error {
	tables, err := x.objects("type = 'table' AND sql NOT NULL ORDER BY tbl_name = 'sqlite_sequence', rowid")
	if err != nil {
		return err
	}
	if err := x.known(tables); err != nil {
		return err
	}
	x.line("PRAGMA defer_foreign_keys=TRUE;")
	tables = slices.DeleteFunc(tables, func(t schemaObject) bool {
		return !x.chosen(t.name) || internalName(t.name) && t.name != "sqlite_sequence" && !statTable.MatchString(t.name)
	})
	apart, err := x.refersAhead(tables)
	if err != nil {
		return err
	}
	for _, t := range tables {
		if apart && t.name != "sqlite_sequence" { // the counters come after the rows that move them
			x.schemaOf(t)
		}
	}
	for _, t := range tables {
		if !apart || t.name == "sqlite_sequence" {
			x.schemaOf(t)
		}
		if err := x.rowsOf(t.name); err != nil {
			return err
		}
	}
	if !x.o.NoSchema {
		if err := x.rest(); err != nil {
			return err
		}
	}
	return x.flush()
}

// known refuses tables that are not there.
func (x *exporter) known(tables []schemaObject) error {
	var names []string
	for _, t := range tables {
		if !internalName(t.name) {
			names = append(names, t.name)
		}
	}
	for _, want := range x.o.Tables {
		if !slices.Contains(names, want) && want != "sqlite_sequence" {
			return cferr.Newf(404, codec.CodeSQL, msgExportNoTable, want, strings.Join(names, ", "))
		}
	}
	for _, t := range tables {
		if x.chosen(t.name) && strings.HasPrefix(t.sql, "CREATE VIRTUAL TABLE") {
			return sqlError(msgExportVirtual)
		}
	}
	return nil
}

func internalName(name string) bool {
	return strings.HasPrefix(name, "_cf_") || strings.HasPrefix(name, "sqlite_")
}

func (x *exporter) chosen(name string) bool {
	return len(x.o.Tables) == 0 || slices.Contains(x.o.Tables, name)
}

var (
	statTable   = regexp.MustCompile(`^sqlite_stat.`)
	quotedTable = regexp.MustCompile(`^CREATE TABLE ['"]`)
)

// refersAhead says that a table refers to one that is made after it. SQLite
// takes no row of such a table before both are there, so all tables are made
// before the first row; else the order is that of D1's own export.
func (x *exporter) refersAhead(tables []schemaObject) (bool, error) {
	made := map[string]bool{}
	for _, t := range tables {
		made[strings.ToLower(t.name)] = true
		ahead := false
		err := x.query("PRAGMA foreign_key_list("+transfer.QuoteName(t.name)+")", func(row []any) error {
			parent := strings.ToLower(fmt.Sprint(row[2]))
			ahead = ahead || !made[parent] && slices.ContainsFunc(tables, func(t schemaObject) bool { return strings.EqualFold(t.name, parent) })
			return nil
		})
		if ahead || err != nil {
			return ahead, err
		}
	}
	return false, nil
}

// schemaOf writes how a table is made.
func (x *exporter) schemaOf(t schemaObject) {
	switch {
	case x.o.NoSchema:
	case t.name == "sqlite_sequence":
		x.line("DELETE FROM sqlite_sequence;")
	case statTable.MatchString(t.name):
		x.line("ANALYZE sqlite_schema;")
	case quotedTable.MatchString(t.sql):
		x.line("CREATE TABLE IF NOT EXISTS " + t.sql[len("CREATE TABLE "):] + ";")
	default:
		x.line(t.sql + ";")
	}
}

// rowsOf writes the rows of a table. Generated columns are left out.
func (x *exporter) rowsOf(table string) error {
	if x.o.NoData {
		return nil
	}
	var names []string
	var real []bool
	err := x.query("PRAGMA table_info("+transfer.QuoteName(table)+")", func(row []any) error {
		name, _ := row[1].(string)
		names = append(names, transfer.QuoteName(name))
		real = append(real, isReal(fmt.Sprint(row[2])))
		return nil
	})
	if err != nil {
		return err
	}
	head := "INSERT INTO " + transfer.QuoteName(table) + " (" + strings.Join(names, ",") + ") VALUES("
	s, _, err := x.c.Prepare("SELECT " + strings.Join(names, ", ") + " FROM " + transfer.QuoteName(table))
	if err != nil {
		return err
	}
	defer x.c.Release(s)
	_, err = x.c.Run(s, 0, csqlite.Packed, rowsFunc(func(packed []byte, n int) error {
		for range n {
			x.buf = append(x.buf, head...)
			for i := range names {
				if i > 0 {
					x.buf = append(x.buf, ',')
				}
				x.buf, packed = transfer.AppendLiteral(x.buf, packed, real[i])
			}
			x.line(");")
		}
		return x.full()
	}))
	return err
}

// isReal says that a column of this type has REAL affinity.
// https://www.sqlite.org/datatype3.html#determination_of_column_affinity
func isReal(decl string) bool {
	decl = strings.ToUpper(decl)
	for _, first := range []string{"INT", "CHAR", "CLOB", "TEXT", "BLOB"} {
		if strings.Contains(decl, first) {
			return false
		}
	}
	return strings.Contains(decl, "REAL") || strings.Contains(decl, "FLOA") || strings.Contains(decl, "DOUB")
}

// rest writes indexes, triggers and views. D1 writes them in this order; a
// trigger of a view comes behind the views, because it cannot be made before.
func (x *exporter) rest() error {
	objects, err := x.objects("sql NOT NULL AND type IN ('index', 'trigger', 'view') ORDER BY type COLLATE NOCASE")
	if err != nil {
		return err
	}
	views := map[string]bool{}
	for _, o := range objects {
		views[strings.ToLower(o.name)] = o.kind == "view"
	}
	var last []schemaObject
	for _, o := range objects {
		switch {
		case !x.chosen(o.name):
		case o.kind == "trigger" && views[strings.ToLower(o.table)]:
			last = append(last, o)
		default:
			x.line(o.sql + ";")
		}
	}
	for _, o := range last {
		x.line(o.sql + ";")
	}
	return nil
}

// objects reads the schema.
func (x *exporter) objects(where string) ([]schemaObject, error) {
	var out []schemaObject
	err := x.query("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE "+where, func(row []any) error {
		o := schemaObject{fmt.Sprint(row[0]), fmt.Sprint(row[1]), fmt.Sprint(row[2]), fmt.Sprint(row[3])}
		if !strings.HasPrefix(o.table, "_cf_") {
			out = append(out, o)
		}
		return nil
	})
	return out, err
}

func (x *exporter) query(sql string, each func(row []any) error) error {
	s, _, err := x.c.Prepare(sql)
	if err != nil {
		return err
	}
	defer x.c.Release(s)
	_, err = x.c.Run(s, 0, csqlite.Packed, rowsFunc(func(packed []byte, n int) error {
		for range n {
			row := make([]any, len(s.Columns))
			for i := range row {
				row[i], packed = codec.GoValue(packed)
			}
			if err := each(row); err != nil {
				return err
			}
		}
		return nil
	}))
	return err
}

// rowsFunc takes packed rows.
type rowsFunc func(packed []byte, n int) error

// Rows implements csqlite.Rows.
func (f rowsFunc) Rows(_ *csqlite.Stmt, packed []byte, n, _ int) error { return f(packed, n) }

func (x *exporter) line(text string) { x.buf = append(append(x.buf, text...), '\n') }

// full writes what there is when it is enough.
func (x *exporter) full() error {
	if len(x.buf) < transfer.ChunkBytes {
		return nil
	}
	return x.flush()
}

func (x *exporter) flush() error {
	_, err := x.w.Write(x.buf)
	x.buf = x.buf[:0]
	return err
}
