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
// RowsRead is, as in the runtime, how often a cursor was placed on a row: the
// steps to a next row that SQLite counts (sqlite3_stmt_status) and one for
// every time that a loop of the plan began (sqlite3_stmt_scanstatus). Ten rows
// found through an index are eleven, since the row behind them is looked at. A
// statement that writes adds its probes for an existing row id, for every
// changed row. A count(*) that SQLite answers without a loop counts the number
// it returned. It is an estimate where the counters do not tell what happened:
// an IN list on an index, the sort of an ORDER BY with a LIMIT, a join some of
// whose rows find no partner, foreign keys, upserts, and changes of the schema.
//
// RowsWritten is the number of changed rows (triggers and foreign key actions
// included), each with the index entries that the statement's program writes
// for a row. It is an estimate where a statement takes different branches for
// different rows (an upsert, a partial index, a trigger on an indexed table),
// and for statements that change the schema.
type Meta struct {
	ServedBy    string
	Duration    float64 // milliseconds
	Changes     int64
	LastRowID   int64
	ChangedDB   bool
	SizeAfter   int64 // bytes in use; free pages do not count
	RowsRead    int64
	RowsWritten int64
}

// MarshalJSON writes m as the answers to a Worker do.
func (m Meta) MarshalJSON() ([]byte, error) { return appendMeta(nil, &m), nil }

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
	m.RowsRead += st.Changes * int64(s.Profile.Lookups)
	m.RowsWritten = st.Changes * int64(1+s.Profile.IndexInserts)
	if s.Seen&csqlite.SeenSchema != 0 {
		m.RowsWritten += int64(s.Profile.RowInserts + s.Profile.IndexInserts)
	}
}

// appendMeta appends m as JSON, in the order of the peer's answer. There is one
// instance of a database and one attempt; the time is that of the SQL.
func appendMeta(b []byte, m *Meta) []byte {
	b = append(b, `{"served_by":"`+servedBy+`","served_by_primary":true,"total_attempts":1,"timings":{"sql_duration_ms":`...)
	start := len(b)
	b = appendNumber(b, m.Duration)
	end := len(b)
	b = append(b, `},"duration":`...)
	b = append(b, b[start:end]...)
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
