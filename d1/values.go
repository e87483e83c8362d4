package d1

import "flint/d1/csqlite"

// values collects results as Go values.
type values struct {
	results []Result
	current [][]any
	size    int
}

func (v *values) form() csqlite.Form { return csqlite.Packed }

// Rows implements csqlite.Rows.
func (v *values) Rows(s *csqlite.Stmt, packed []byte, n, _ int) error {
	v.size += len(packed)
	if v.size > MaxResponseBytes {
		return sqlError(msgMemory)
	}
	cells := make([]any, n*len(s.Columns))
	for range n {
		row := cells[:len(s.Columns):len(s.Columns)]
		cells = cells[len(s.Columns):]
		for i := range row {
			row[i], packed = goValue(packed)
		}
		v.current = append(v.current, row)
	}
	return nil
}

func (v *values) done(s *csqlite.Stmt, m *Meta) error {
	v.results = append(v.results, Result{Columns: s.Columns, Rows: v.current, Meta: *m})
	v.current = nil
	return nil
}
