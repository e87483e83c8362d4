package d1

import (
	"strconv"

	"flint/d1/csqlite"
)

// servedBy is how answers name the instance that gave them.
const servedBy = "flint.db"

// Meta are the figures that D1 gives with every result.
// https://developers.cloudflare.com/d1/worker-api/return-object/
//
// Duration, Changes, LastRowID, ChangedDB and SizeAfter are measured.
//
// RowsRead is what SQLite's own loop counters say (sqlite3_stmt_scanstatus):
// the rows that every loop of the plan visited, and at least one for every
// time a loop was started; for a statement that writes also the probes for an
// existing row id and the rows of RETURNING. The runtime counts single cursor
// movements instead, so a range that ends inside an index can differ by one
// for each time it is scanned. A count(*) that SQLite answers without a loop
// counts the number it returned, which is exact unless the statement computes
// something else with it.
//
// RowsWritten is the number of changed rows (triggers and foreign key actions
// included), each with the index entries that the statement's program writes
// for a row. It is an estimate where a statement takes different branches for
// different rows (an upsert, a partial index, a trigger on an indexed table),
// and for statements that change the schema.
type Meta struct {
	ServedBy    string  `json:"served_by"`
	Duration    float64 `json:"duration"` // milliseconds
	Changes     int64   `json:"changes"`
	LastRowID   int64   `json:"last_row_id"`
	ChangedDB   bool    `json:"changed_db"`
	SizeAfter   int64   `json:"size_after"` // bytes in use; free pages do not count
	RowsRead    int64   `json:"rows_read"`
	RowsWritten int64   `json:"rows_written"`
}

// count completes the row counters from a run of s.
func (m *Meta) count(s *csqlite.Stmt, st csqlite.Stats) {
	m.RowsRead = st.Read
	if s.Profile.Counts > 0 && st.Loops == 0 && st.Returned == 1 {
		m.RowsRead += max(st.First, 0)
	}
	if s.ReadOnly {
		return
	}
	if len(s.Columns) > 0 { // RETURNING reads back what it has put aside
		m.RowsRead++
	}
	if st.Loops == 0 {
		m.RowsRead += st.Changes * int64(s.Profile.Lookups)
	}
	m.RowsWritten = st.Changes * int64(1+s.Profile.IndexInserts)
	if s.Seen&csqlite.SeenSchema != 0 {
		m.RowsWritten += int64(s.Profile.RowInserts + s.Profile.IndexInserts)
	}
}

// appendMeta appends m as JSON, in the order of the peer's answer.
func appendMeta(b []byte, m *Meta) []byte {
	b = append(b, `{"served_by":"`+servedBy+`","duration":`...)
	b = appendNumber(b, m.Duration)
	b = append(b, `,"changes":`...)
	b = strconv.AppendInt(b, m.Changes, 10)
	b = append(b, `,"last_row_id":`...)
	b = appendInteger(b, m.LastRowID)
	b = append(b, `,"changed_db":`...)
	b = strconv.AppendBool(b, m.ChangedDB)
	b = append(b, `,"size_after":`...)
	b = strconv.AppendInt(b, m.SizeAfter, 10)
	b = append(b, `,"rows_read":`...)
	b = strconv.AppendInt(b, m.RowsRead, 10)
	b = append(b, `,"rows_written":`...)
	b = strconv.AppendInt(b, m.RowsWritten, 10)
	return append(b, '}')
}
