package d1

import (
	"regexp"
	"strings"

	"flint/d1/csqlite"
)

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
func createSQL(table string, names []string, sample []*chunk) string {
	spelled := names != nil
	kinds := map[string]byte{}
	for _, c := range sample {
		for p, i := c.packed, 0; len(p) > 0; i++ {
			name := c.set.names[i%len(c.set.names)]
			old, known := kinds[name]
			if !spelled && !known {
				names = append(names, name)
			}
			kinds[name] = max(old, kindOf(p, spelled)) // Null < Integer < Real < Text
			p = skipValue(p)
		}
	}
	columns := make([]string, len(names))
	for i, name := range names {
		columns[i] = quoteName(name) + map[byte]string{csqlite.Integer: " INTEGER", csqlite.Real: " REAL"}[kinds[name]]
		if k := kinds[name]; k != csqlite.Integer && k != csqlite.Real {
			columns[i] = quoteName(name) + " TEXT"
		}
	}
	return "CREATE TABLE " + quoteName(table) + " (" + strings.Join(columns, ", ") + ")"
}
