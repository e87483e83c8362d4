package transfer

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// ColumnSet is which columns a row has.
type ColumnSet struct {
	Names []string // of the table's columns, in the order of the values
	SQL   string   // the statement that inserts such a row, once it is made
}

// Chunk is rows of one set of columns, packed for one call into SQLite.
type Chunk struct {
	Set    *ColumnSet
	Packed []byte
	Lines  []int     // the line on which each row begins
	End    FilePlace // behind the last row
}

func (c *Chunk) reset() { c.Set, c.Packed, c.Lines = nil, c.Packed[:0], c.Lines[:0] }

// Full reports whether the chunk is to be handed over.
func (c *Chunk) Full() bool { return len(c.Packed) >= ChunkBytes || len(c.Lines) >= ChunkRows }

// RowReader reads the rows of a file. row packs the next one into c and takes
// it from the window. It returns io.EOF at the end, and errOtherColumns,
// with nothing taken, for a row that needs a chunk of its own.
type RowReader interface {
	row(c *Chunk) error
	// Names are the columns known before the first row; nil if each row has its own.
	Names() []string
}

var errOtherColumns = errors.New("the next row has other columns")

// Fill packs rows into c until it is full. io.EOF comes with the last rows.
func Fill(w *Window, r RowReader, c *Chunk) error {
	c.reset()
	for !c.Full() {
		switch err := r.row(c); {
		case err == errOtherColumns:
			return nil
		case err != nil:
			return err
		}
		c.End = w.at
	}
	return nil
}

// rename applies the mapping of columns: the second result is false for one
// that is left out. SQLite does not tell capital letters in names apart.
func rename(mapping map[string]string, name string) (string, bool) {
	to, ok := mapping[name]
	if !ok {
		return name, true
	}
	return to, to != ""
}

// InsertSQL is the statement for rows of these columns.
func InsertSQL(table string, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = QuoteName(c)
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
	return "INSERT INTO " + QuoteName(table) + " (" + strings.Join(quoted, ",") + ") VALUES (" + marks + ")"
}

// QuoteName writes a name so that it can be any.
func QuoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// HasName finds a name as SQLite compares them.
func HasName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// incomplete turns a record that the file ends in into an error.
func incomplete(err error) error {
	if err == io.ErrUnexpectedEOF {
		return &PlaceError{Reason: msgImportEnds}
	}
	return err
}
