package d1

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/d1/transfer"
	"flint/internal/clock"
)

// scriptRun runs the statements of a stream on the writer, inside a transaction
// that its caller began. INSERTs of literals that follow one another run
// together.
type scriptRun struct {
	db   *Database
	s    *csqlite.ScriptReader
	most int                                  // bytes of an INSERT that runs with others
	done func(s *csqlite.Stmt, m *Meta) error // told of each statement; nil: nobody counts
	out  collector                            // takes rows

	n    int                // statements begun
	at   transfer.FilePlace // behind the last statement that ran
	head []byte             // of the INSERTs at hand
	sql  string             // the INSERT with parameters
	rows transfer.Chunk     // their values, not yet inserted
	each []csqlite.Row
	next transfer.FilePlace // behind the INSERTs at hand
}

// step reads one statement and runs it, or puts it aside. io.EOF comes at the
// end, when all have run.
func (x *scriptRun) step() error {
	text, err := x.s.Text()
	if err != nil {
		return x.failed(x.next.Line, "", err)
	}
	if n := blank(text); n > 0 {
		x.take(text[:n])
		return nil
	}
	if len(text) == 0 {
		if err := x.flush(); err != nil {
			return err
		}
		return io.EOF
	}
	before := len(x.rows.Packed)
	in, packed, ok := transfer.ParseInsert(text, x.rows.Packed)
	x.rows.Packed = packed[:before]
	if !ok || in.Values > MaxBoundParams || in.Length > x.most {
		if err := x.flush(); err != nil {
			return err
		}
		return x.general(text)
	}
	return x.literal(in, packed, text)
}

// blank is the length of the white space and semicolons at the head of text.
func blank(text []byte) int {
	n := transfer.SkipSpace(text, 0)
	for n < len(text) && text[n] == ';' {
		n = transfer.SkipSpace(text, n+1)
	}
	return n
}

func (x *scriptRun) take(text []byte) {
	x.next.Bytes += int64(len(text))
	x.next.Line += bytes.Count(text, []byte{'\n'})
	x.next.Sum = transfer.UpdateSum(x.next.Sum, text)
	x.s.Take(len(text))
	if len(x.rows.Lines) == 0 {
		x.at = x.next
	}
}

// literal puts an INSERT of literals aside, with those like it.
func (x *scriptRun) literal(in transfer.LiteralInsert, packed, text []byte) error {
	if !bytes.Equal(in.Head, x.head) || x.rows.Full() {
		values := packed[len(x.rows.Packed):]
		if len(x.rows.Lines) > 0 {
			values = bytes.Clone(values)
			if err := x.flush(); err != nil {
				return err
			}
			packed = append(x.rows.Packed, values...)
		}
		x.head = append(x.head[:0], in.Head...)
		marks := strings.TrimSuffix(strings.Repeat("?,", in.Values), ",")
		x.sql = string(in.Head) + " (" + marks + ")"
		x.rows.Set = &transfer.ColumnSet{Names: make([]string, in.Values)}
	}
	if in.Values != len(x.rows.Set.Names) { // SQLite has something to say about it
		if err := x.flush(); err != nil {
			return err
		}
		return x.general(text)
	}
	x.rows.Packed = packed
	x.rows.Lines = append(x.rows.Lines, x.next.Line)
	x.take(text[:in.Length])
	return nil
}

// flush inserts the rows at hand.
func (x *scriptRun) flush() error {
	count := len(x.rows.Lines)
	if count == 0 {
		return nil
	}
	watch := clock.StartStopwatch()
	w := x.db.writer
	s, _, err := w.Prepare(x.sql)
	if err != nil {
		x.n++
		return x.failed(x.rows.Lines[0], x.text(0), err)
	}
	defer w.Release(s)
	if x.done != nil {
		x.each = append(x.each[:0], make([]csqlite.Row, count)...)
	}
	ran, err := w.InsertMany(s, x.rows.Packed, count, MaxQueryTime, x.each)
	if err != nil {
		x.n += ran + 1
		return x.failed(x.rows.Lines[ran], x.text(ran), err)
	}
	x.n += count
	err = x.count(s, milliseconds(watch)/float64(count))
	x.rows.Packed, x.rows.Lines, x.at = x.rows.Packed[:0], x.rows.Lines[:0], x.next
	return err
}

// count tells of the INSERTs that ran together, each with its share of the time.
func (x *scriptRun) count(s *csqlite.Stmt, each float64) error {
	if x.done == nil {
		return nil
	}
	if err := x.db.measure(); err != nil {
		return err
	}
	for _, row := range x.each {
		m := Meta{ServedBy: servedBy, Duration: each, Changes: row.Changes, LastRowID: row.LastRowID,
			ChangedDB: row.Changes != 0, SizeAfter: x.db.size.Load(), RowsRead: row.Read, RowsWritten: row.Written}
		x.db.lastRow.Store(row.LastRowID)
		if err := x.done(s, &m); err != nil {
			return err
		}
	}
	return nil
}

// text is the INSERT at hand with index i, as it stood in the script or nearly so.
func (x *scriptRun) text(i int) string {
	p := x.rows.Packed
	for range i * len(x.rows.Set.Names) {
		p = codec.SkipValue(p)
	}
	b := append([]byte(string(x.head)), '(')
	for i := range x.rows.Set.Names {
		if i > 0 {
			b = append(b, ',')
		}
		b, p = transfer.AppendLiteral(b, p, false)
	}
	return string(append(b, ");"...))
}

// general runs any other statement.
func (x *scriptRun) general(text []byte) error {
	x.n++
	w := x.db.writer
	s, n, err := x.s.Prepare()
	if err == nil && s == nil { // a comment
		x.n--
		x.take(text[:max(n, 1)])
		return nil
	}
	if err == nil && s.Seen&csqlite.SeenTransaction == 0 {
		err = x.run(s, text[:n])
	} else if err == nil {
		x.n-- // BEGIN and COMMIT are passed over
	}
	if err != nil {
		err = x.failed(x.next.Line, statementText(text, n), err)
	}
	w.Release(s)
	if err == nil {
		x.take(text[:n])
	}
	return err
}

func (x *scriptRun) run(s *csqlite.Stmt, text []byte) error {
	if x.done == nil {
		return x.db.statement(s, &query{}, discard{}, &Meta{})
	}
	watch := clock.StartStopwatch()
	var m Meta
	if err := x.db.statement(s, &query{}, x.out, &m); err != nil {
		return err
	}
	m.Duration = milliseconds(watch)
	return x.done(s, &m)
}

// statementText is the statement at the head of text, of which n bytes were read.
func statementText(text []byte, n int) string {
	if n > 0 {
		return string(text[:n])
	}
	return csqlite.FirstStatement(string(text[:min(len(text), 4096)]))
}

// failed says which statement an error is about.
func (x *scriptRun) failed(line int, sql string, err error) error {
	var known *ScriptError
	if errors.As(err, &known) {
		return err
	}
	if err == csqlite.ErrNUL {
		err = sqlError(err.Error())
	}
	return &ScriptError{Index: max(x.n, 1), Line: line, SQL: shorten(sql), Err: err}
}
