package d1

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/d1/transfer"
	"flint/internal/cferr"
)

// tableInfo is what an import needs to know of its table.
type tableInfo struct {
	columns   []string
	generated []string
}

// rows imports CSV or JSON: one goroutine reads, this one writes.
func (im *importer) rows(ctx context.Context) error {
	var err error
	if im.o.Format == FormatCSV {
		im.reader, err = transfer.NewCSV(im.w, cmp.Or(im.o.Comma, ','), im.o.Map)
	} else {
		im.reader, err = transfer.NewJSON(im.w, im.o.Map)
	}
	if err != nil {
		return err
	}
	sample, ended, err := im.prepareTable(ctx)
	if err != nil {
		return err
	}
	if im.skipped > 0 {
		if err := im.w.SkipTo(im.note.at); err != nil {
			return err
		}
		if j, ok := im.reader.(*transfer.JSONReader); ok {
			j.First = false
		}
	}
	f := startChunkReader(ctx, im, sample, ended)
	defer f.stop()
	for more := true; more && err == nil; {
		more, err = im.batch(ctx, f)
	}
	return err
}

// batch imports rows in one transaction, up to the size of a batch. It waits
// for the first rows before it takes the writer, and not long for others after.
func (im *importer) batch(ctx context.Context, f *chunkReader) (more bool, err error) {
	c, err := f.next(ctx)
	if err != nil && err != io.EOF {
		return false, err
	}
	if err := im.db.lockWriter(ctx); err != nil {
		return false, err
	}
	defer im.db.unlockWriter()
	stop := im.db.writer.Watch(ctx)
	defer stop()
	note := im.note
	err = im.db.transaction(func() error {
		if im.o.Defer {
			if err := im.db.writer.Trusted("PRAGMA defer_foreign_keys = ON"); err != nil {
				return err
			}
		}
		for start := note.rows; c != nil; {
			if err := im.insert(c); err != nil {
				return err
			}
			note.at, note.rows = c.End, note.rows+int64(len(c.Lines))
			f.recycle(c)
			open := im.o.Defer && im.db.writer.OpenForeignKeys()
			if note.rows-start >= int64(im.o.Batch) && !open {
				break
			}
			if c, err = f.soon(ctx, open); err != nil && err != io.EOF {
				return err
			}
		}
		note.done = err == io.EOF
		if err := note.write(im.db, im.o.key()); err != nil {
			return err
		}
		return im.db.measure()
	})
	if err != nil {
		return false, err
	}
	im.note = note
	im.tell(im.progress())
	return !note.done, nil
}

// insert writes the rows of c.
func (im *importer) insert(c *transfer.Chunk) error {
	if c.Set.SQL == "" {
		if err := im.check(c.Set); err != nil {
			im.line = c.Lines[0]
			return err
		}
		c.Set.SQL = transfer.InsertSQL(im.o.Table, c.Set.Names)
	}
	s, _, err := im.db.writer.Prepare(c.Set.SQL)
	if err != nil {
		im.line = c.Lines[0]
		return err
	}
	defer im.db.writer.Release(s)
	done, err := im.db.writer.InsertMany(s, c.Packed, len(c.Lines), MaxQueryTime, nil)
	if err != nil {
		im.line = c.Lines[min(done, len(c.Lines)-1)]
	}
	return err
}

// check compares columns of the file with those of the table.
func (im *importer) check(set *transfer.ColumnSet) error {
	for _, name := range set.Names {
		if transfer.HasName(im.table.generated, name) {
			return sqlError(fmt.Sprintf(msgImportGenerated, name, im.o.Table, name))
		}
		if !transfer.HasName(im.table.columns, name) {
			return sqlError(fmt.Sprintf(msgImportNoColumn, im.o.Table, name, strings.Join(im.table.columns, ", "), name, name))
		}
	}
	return nil
}

// prepareTable looks at the table, or makes it from the first rows, which it
// returns then.
func (im *importer) prepareTable(ctx context.Context) (sample []*transfer.Chunk, ended bool, err error) {
	if strings.HasPrefix(strings.ToLower(im.o.Table), "_cf_") || strings.HasPrefix(strings.ToLower(im.o.Table), "sqlite_") {
		return nil, false, sqlError(fmt.Sprintf(msgImportRefused, im.o.Table))
	}
	there, err := im.lookAtTable(ctx)
	if err != nil {
		return nil, false, err
	}
	switch {
	case there && im.o.Create && im.skipped == 0:
		return nil, false, cferr.Newf(409, codec.CodeSQL, msgImportThere, im.o.Table)
	case there:
		return nil, false, nil
	case !im.o.Create:
		return nil, false, im.noTable(ctx)
	}
	if sample, ended, err = im.sample(); err != nil {
		return nil, false, err
	}
	if _, err := im.db.Run(ctx, createSQL(im.o.Table, im.reader.Names(), sample)); err != nil {
		return nil, false, err
	}
	_, err = im.lookAtTable(ctx)
	return sample, ended, err
}

// lookAtTable reads the columns of the table.
func (im *importer) lookAtTable(ctx context.Context) (bool, error) {
	im.table = tableInfo{}
	results, err := im.db.Run(ctx, "PRAGMA table_xinfo("+transfer.QuoteName(im.o.Table)+")")
	if err != nil || len(results) == 0 {
		return false, err
	}
	for _, row := range results[0].Rows {
		name, _ := row[1].(string)
		switch hidden, _ := row[len(row)-1].(int64); hidden {
		case 0:
			im.table.columns = append(im.table.columns, name)
		case 2, 3: // https://www.sqlite.org/pragma.html#pragma_table_xinfo
			im.table.generated = append(im.table.generated, name)
		}
	}
	return len(results[0].Rows) > 0, nil
}

// noTable says which tables there are.
func (im *importer) noTable(ctx context.Context) error {
	names, err := im.db.tableNames(ctx)
	if err != nil {
		return err
	}
	return cferr.Newf(404, codec.CodeSQL, msgImportNoTable, im.o.Table, strings.Join(names, ", "))
}

// tableNames are the tables of the database's user.
func (db *Database) tableNames(ctx context.Context) ([]string, error) {
	results, err := db.Run(ctx, `SELECT name FROM sqlite_master WHERE type = 'table'
		AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_cf\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, row := range results[0].Rows {
		names = append(names, fmt.Sprint(row[0]))
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	return names, nil
}

// sample reads the first rows.
func (im *importer) sample() (sample []*transfer.Chunk, ended bool, err error) {
	for rows := 0; rows < sampleRows && !ended; {
		c := &transfer.Chunk{}
		err := transfer.Fill(im.w, im.reader, c)
		if ended = err == io.EOF; err != nil && !ended {
			return nil, false, err
		}
		if len(c.Lines) > 0 {
			sample = append(sample, c)
		}
		rows += len(c.Lines)
	}
	return sample, ended, nil
}

// kindOf is the kind of the packed value at the head of p: of a text, that of
// the number which it spells.
func kindOf(p []byte, spelled bool) byte {
	if p[0] != csqlite.Text || !spelled {
		return p[0]
	}
	v, _ := codec.GoValue(p)
	return spelledKind(v.(string))
}

var (
	integerText = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,17})$`)
	realText    = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
)

// spelledKind is the kind of number that a text spells. One that would not be
// written the same way again (007, +1) is a text.
func spelledKind(text string) byte {
	switch {
	case integerText.MatchString(text):
		return csqlite.Integer
	case realText.MatchString(text):
		return csqlite.Real
	}
	return csqlite.Text
}

// createSQL makes a table for the rows of a sample: INTEGER where all values
// are whole numbers, REAL where all are numbers, else TEXT. names, if not nil,
// are the columns of CSV, where numbers are spelled.
func createSQL(table string, names []string, sample []*transfer.Chunk) string {
	spelled := names != nil
	kinds := map[string]byte{}
	for _, c := range sample {
		for p, i := c.Packed, 0; len(p) > 0; i++ {
			name := c.Set.Names[i%len(c.Set.Names)]
			old, known := kinds[name]
			if !spelled && !known {
				names = append(names, name)
			}
			kinds[name] = max(old, kindOf(p, spelled)) // Null < Integer < Real < Text
			p = codec.SkipValue(p)
		}
	}
	columns := make([]string, len(names))
	for i, name := range names {
		columns[i] = transfer.QuoteName(name) + map[byte]string{csqlite.Integer: " INTEGER", csqlite.Real: " REAL"}[kinds[name]]
		if k := kinds[name]; k != csqlite.Integer && k != csqlite.Real {
			columns[i] = transfer.QuoteName(name) + " TEXT"
		}
	}
	return "CREATE TABLE " + transfer.QuoteName(table) + " (" + strings.Join(columns, ", ") + ")"
}
