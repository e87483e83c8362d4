package d1

import (
	"strconv"

	"flint/d1/codec"
)

// servedBy is how answers name the instance that gave them.
const servedBy = "flint.db"

// Meta are the figures that D1 gives with every result.
// https://developers.cloudflare.com/d1/worker-api/return-object/
//
// Duration, Changes, LastRowID, ChangedDB and SizeAfter are measured.
//
// RowsRead and RowsWritten are counted inside SQLite at the places where the
// runtime counts (csqlite/rowcount). A row is read whenever a cursor is placed
// on one: by the beginning of a scan or a sort, a step, or a look-up by row id,
// found or not. So ten rows found through an index are eleven, since the row
// behind them is looked at. A row is written for every table row inserted or
// deleted and every index entry inserted; a row that is updated is one.
// https://developers.cloudflare.com/d1/platform/pricing/
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

// appendMeta appends m as JSON, in the order of the peer's answer. There is one
// instance of a database and one attempt; the time is that of the SQL.
func appendMeta(b []byte, m *Meta) []byte {
	b = append(b, `{"served_by":"`+servedBy+`","served_by_primary":true,"total_attempts":1,"timings":{"sql_duration_ms":`...)
	start := len(b)
	b = codec.AppendNumber(b, m.Duration)
	end := len(b)
	b = append(b, `},"duration":`...)
	b = append(b, b[start:end]...)
	b = append(b, `,"changes":`...)
	b = strconv.AppendInt(b, m.Changes, 10)
	b = append(b, `,"last_row_id":`...)
	b = codec.AppendInteger(b, m.LastRowID)
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
