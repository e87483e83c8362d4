package d1

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// columnSet is which columns a row has.
type columnSet struct {
	names []string // of the table's columns, in the order of the values
	sql   string   // the statement that inserts such a row, once it is made
}

// chunk is rows of one set of columns, packed for one call into SQLite.
type chunk struct {
	set    *columnSet
	packed []byte
	lines  []int     // the line on which each row begins
	end    filePlace // behind the last row
}

func (c *chunk) reset() { c.set, c.packed, c.lines = nil, c.packed[:0], c.lines[:0] }

func (c *chunk) full() bool { return len(c.packed) >= chunkBytes || len(c.lines) >= chunkRows }

// rowReader reads the rows of a file. row packs the next one into c and takes
// it from the window. It returns io.EOF at the end, and errOtherColumns,
// with nothing taken, for a row that needs a chunk of its own.
type rowReader interface {
	row(c *chunk) error
	// names are the columns known before the first row; nil if each row has its own.
	names() []string
}

var errOtherColumns = errors.New("the next row has other columns")

// fill packs rows into c until it is full. io.EOF comes with the last rows.
func fill(w *window, r rowReader, c *chunk) error {
	c.reset()
	for !c.full() {
		switch err := r.row(c); {
		case err == errOtherColumns:
			return nil
		case err != nil:
			return err
		}
		c.end = w.at
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

// insertSQL is the statement for rows of these columns.
func insertSQL(table string, columns []string) string {
	quoted := make([]string, len(columns))
	for i, c := range columns {
		quoted[i] = quoteName(c)
	}
	marks := strings.TrimSuffix(strings.Repeat("?,", len(columns)), ",")
	return "INSERT INTO " + quoteName(table) + " (" + strings.Join(quoted, ",") + ") VALUES (" + marks + ")"
}

// quoteName writes a name so that it can be any.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// hasName finds a name as SQLite compares them.
func hasName(names []string, name string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// incomplete turns a record that the file ends in into an error.
func incomplete(err error) error {
	if err == io.ErrUnexpectedEOF {
		return &placeError{why: msgImportEnds}
	}
	return err
}
