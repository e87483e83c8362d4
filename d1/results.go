package d1

import (
	"bytes"
	"encoding/binary"
	"math"

	"flint/d1/codec"
	"flint/d1/csqlite"
)

// format is how the rows of a result are written.
type format int

const (
	asObjects format = iota // ARRAY_OF_OBJECTS, and NONE: [{"a":1}]
	asRows                  // ROWS_AND_COLUMNS: {"columns":["a"],"rows":[[1]]}
)

// formatOf reads the parameter resultsFormat of the runtime. NONE gets objects,
// as the peer answers: Workers rely on the rows of run().
func formatOf(name string) format {
	if name == "ROWS_AND_COLUMNS" {
		return asRows
	}
	return asObjects
}

// encoder collects results as the JSON array that the runtime and REST clients
// read.
type encoder struct {
	format format
	buf    []byte
	count  int   // results begun
	inside bool  // rows of the current result have begun
	first  bool  // no row of the current result is written yet
	read   int64 // rows read and written by all statements
	write  int64

	cells [][]byte // scratch: the values of a row
}

// rowShape is what encoding needs of a statement's columns, kept with it.
type rowShape struct {
	columns []byte   // the names as a JSON array
	keys    [][]byte // every name as a JSON key with its colon
	order   []int    // which value each key of an object takes, where names repeat; else nil
}

func shapeOf(s *csqlite.Stmt) *rowShape {
	if sh, ok := s.Extra.(*rowShape); ok {
		return sh
	}
	sh := &rowShape{columns: []byte{'['}}
	last := map[string]int{}
	for i, name := range s.Columns {
		if i > 0 {
			sh.columns = append(sh.columns, ',')
		}
		sh.columns = codec.AppendString(sh.columns, []byte(name))
		sh.keys = append(sh.keys, append(codec.AppendString(nil, []byte(name)), ':'))
		last[name] = i
	}
	sh.columns = append(sh.columns, ']')
	if len(last) < len(s.Columns) {
		sh.order = make([]int, len(s.Columns))
		seen := map[string]bool{}
		for i, name := range s.Columns {
			sh.order[i] = last[name]
			if seen[name] {
				sh.order[i] = -1
			}
			seen[name] = true
		}
	}
	s.Extra = sh
	return sh
}

func (e *encoder) reset(f format) {
	*e = encoder{format: f, buf: append(e.buf[:0], '['), cells: e.cells[:0]}
}

func (e *encoder) begin(sh *rowShape) {
	if e.inside {
		return
	}
	if e.count > 0 {
		e.buf = append(e.buf, ',')
	}
	e.count++
	e.inside, e.first = true, true
	if e.format == asObjects {
		e.buf = append(e.buf, `{"success":true,"results":[`...)
		return
	}
	e.buf = append(e.buf, `{"success":true,"results":{"columns":`...)
	e.buf = append(e.buf, sh.columns...)
	e.buf = append(e.buf, `,"rows":[`...)
}

// form implements collector: rows as arrays come as JSON, and objects are made
// here of packed values.
func (e *encoder) form() csqlite.Form {
	if e.format == asRows {
		return csqlite.JSON
	}
	return csqlite.Packed
}

// Rows implements csqlite.Rows.
func (e *encoder) Rows(s *csqlite.Stmt, data []byte, n, reals int) error {
	sh := shapeOf(s)
	e.begin(sh)
	if e.format == asRows {
		e.arrays(data, reals)
	} else {
		e.objects(data, n, sh)
	}
	if len(e.buf) > MaxResponseBytes {
		return sqlError(msgMemory)
	}
	return nil
}

// arrays appends rows that are JSON but for some of their numbers.
func (e *encoder) arrays(data []byte, reals int) {
	b := e.buf
	if !e.first {
		b = append(b, ',')
	}
	e.first = false
	for range reals {
		at := bytes.IndexByte(data, csqlite.JSONReal)
		b = append(b, data[:at]...)
		b = codec.AppendNumber(b, math.Float64frombits(binary.NativeEndian.Uint64(data[at+1:])))
		data = data[at+9:]
	}
	e.buf = append(b, data...)
}

func (e *encoder) objects(packed []byte, n int, sh *rowShape) {
	for range n {
		if !e.first {
			e.buf = append(e.buf, ',')
		}
		e.first = false
		if sh.order == nil {
			packed = e.object(packed, sh)
		} else {
			packed = e.collapsed(packed, sh)
		}
	}
}

func (e *encoder) object(packed []byte, sh *rowShape) []byte {
	b := append(e.buf, '{')
	for i, key := range sh.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b, packed = codec.AppendValue(append(b, key...), packed)
	}
	e.buf = append(b, '}')
	return packed
}

// collapsed writes an object of a row in which names repeat: as in
// JavaScript, the first one keeps its place and the last one its value.
func (e *encoder) collapsed(packed []byte, sh *rowShape) []byte {
	e.cells = e.cells[:0]
	for range sh.keys {
		e.cells = append(e.cells, packed)
		packed = codec.SkipValue(packed)
	}
	b := append(e.buf, '{')
	for i, from := range sh.order {
		if from < 0 {
			continue
		}
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = codec.AppendValue(append(b, sh.keys[i]...), e.cells[from])
	}
	e.buf = append(b, '}')
	return packed
}

// done implements collector.
func (e *encoder) done(s *csqlite.Stmt, m *Meta) error {
	e.begin(shapeOf(s))
	if e.format == asRows {
		e.buf = append(e.buf, `]},"meta":`...)
	} else {
		e.buf = append(e.buf, `],"meta":`...)
	}
	e.buf = append(appendMeta(e.buf, m), '}')
	e.inside = false
	e.read += m.RowsRead
	e.write += m.RowsWritten
	return nil
}

// finish ends the array and gives the JSON text.
func (e *encoder) finish() []byte {
	e.buf = append(e.buf, ']')
	return e.buf
}

// failure is the answer to a request that failed: one object, not an array.
func failure(b []byte, message string) []byte {
	b = append(b[:0], `{"success":false,"error":`...)
	b = codec.AppendString(b, []byte(message))
	return append(b, '}')
}

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
			row[i], packed = codec.GoValue(packed)
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
