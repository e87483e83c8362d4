package d1

import (
	"context"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/internal/clock"
)

// Statement is SQL text with its parameters: nil, bool, numbers, string or
// []byte. https://developers.cloudflare.com/d1/worker-api/prepared-statements/
type Statement struct {
	SQL    string
	Params []any
}

// Result is what one statement gave. Values are nil, int64, float64, string
// or []byte.
type Result struct {
	Columns []string
	Rows    [][]any
	Meta    Meta
}

// query is a statement with packed parameters.
type query struct {
	sql    string
	params []byte
	count  int // of parameters
}

// collector takes the results of statements, one after the other, the rows in
// its form. Rows may be called several times for one result, or never.
type collector interface {
	csqlite.Rows
	form() csqlite.Form
	done(s *csqlite.Stmt, m *Meta) error
}

// Query runs statements, several as one transaction: all of them take effect
// or none. It fails with D1's own sentence (*cferr.Error) for what SQLite does
// not accept, and with ctx's error when ctx ends.
func (db *Database) Query(ctx context.Context, statements []Statement) ([]Result, error) {
	qs := make([]query, len(statements))
	for i, s := range statements {
		packed, err := packParams(s.Params)
		if err != nil {
			return nil, err
		}
		qs[i] = query{s.SQL, packed, len(s.Params)}
	}
	var out values
	if err := db.run(ctx, qs, &out); err != nil {
		return nil, err
	}
	return out.results, nil
}

// run runs queries where they can run: on a reader if that is enough.
func (db *Database) run(ctx context.Context, qs []query, out collector) error {
	if len(qs) == 0 {
		return sqlError(msgNoStatements)
	}
	if len(qs) > maxBatch {
		return codec.Malformed("too many statements in one batch")
	}
	if db.mayRead(qs) {
		ran, err := db.read(ctx, qs, out)
		if ran || err != nil {
			return translate(ctx, err)
		}
	}
	return translate(ctx, db.write(ctx, qs, out))
}

func (db *Database) mayRead(qs []query) bool {
	for i := range qs {
		if db.writes.has(qs[i].sql) {
			return false
		}
	}
	return true
}

// read runs queries on a reader. It reports false, with nothing done, when
// they need the writer, or the writer's word on what is wrong with them.
func (db *Database) read(ctx context.Context, qs []query, out collector) (ran bool, err error) {
	c, err := db.freeReader(ctx, qs)
	if c == nil {
		return false, err
	}
	defer db.returnReader(c)
	stop := c.Watch(ctx)
	defer stop()
	if len(qs) == 1 {
		return db.readOne(c, &qs[0], out)
	}
	for i := range qs {
		if !db.readable(c, &qs[i]) {
			return false, nil
		}
	}
	if err := c.Begin(false); err != nil {
		return true, err
	}
	for i := range qs {
		if _, err := db.readOne(c, &qs[i], out); err != nil {
			_ = c.Rollback() // the error that led here is the one to report
			return true, err
		}
	}
	return true, c.Commit()
}

// freeReader waits for a reader, but only with queries known to be reads: a
// write must not wait behind slow reads just to be looked at. It returns nil
// for queries that need the writer.
func (db *Database) freeReader(ctx context.Context, qs []query) (*csqlite.Conn, error) {
	c, err := db.acquireReader(ctx, false)
	if c != nil || err != nil {
		return c, err
	}
	if err := db.lockWriter(ctx); err != nil {
		return nil, err
	}
	reads := true
	for i := 0; i < len(qs) && reads; i++ {
		reads = db.readable(db.writer, &qs[i])
	}
	db.unlockWriter()
	if !reads {
		return nil, nil
	}
	return db.acquireReader(ctx, true)
}

// readable says whether a reader can run q to its end.
func (db *Database) readable(c *csqlite.Conn, q *query) bool {
	s := db.prepareRead(c, q)
	c.Release(s)
	return s != nil
}

// prepareRead prepares q, or returns nil if a reader cannot run it to its end.
func (db *Database) prepareRead(c *csqlite.Conn, q *query) *csqlite.Stmt {
	s, tail, err := c.Prepare(q.sql)
	if err != nil || s == nil {
		return nil
	}
	if s.ReadOnly && csqlite.SkipSpace(q.sql, tail) == len(q.sql) {
		return s
	}
	if !s.ReadOnly {
		db.writes.add(q.sql)
	}
	c.Release(s)
	return nil
}

// readOne runs a query of one statement on a reader. It reports false, with
// nothing done, if that cannot be.
func (db *Database) readOne(c *csqlite.Conn, q *query, out collector) (ran bool, err error) {
	watch := clock.StartStopwatch()
	s := db.prepareRead(c, q)
	if s == nil {
		return false, nil
	}
	defer c.Release(s)
	st, err := db.step(c, s, q, out)
	if err != nil {
		return true, err
	}
	m := Meta{ServedBy: servedBy, LastRowID: db.lastRow.Load(), SizeAfter: db.size.Load()}
	m.RowsRead, m.RowsWritten = st.Read, st.Written
	m.Duration = milliseconds(watch)
	return true, out.done(s, &m)
}

// step binds the parameters of q and runs s.
func (db *Database) step(c *csqlite.Conn, s *csqlite.Stmt, q *query, out collector) (csqlite.Stats, error) {
	if q.count != s.Params {
		return csqlite.Stats{}, sqlError(msgParamCount)
	}
	if len(q.params) > 0 {
		buffer := c.ParamBuffer(len(q.params))
		if buffer == nil {
			return csqlite.Stats{}, sqlError(msgMemory)
		}
		copy(buffer, q.params)
	}
	return c.Run(s, db.limit, out.form(), out)
}

func milliseconds(w clock.Stopwatch) float64 {
	return float64(w.Elapsed().Microseconds()) / 1000
}
