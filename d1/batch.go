package d1

import (
	"context"
	"errors"

	"flint/d1/csqlite"
	"flint/internal/clock"
)

// write runs queries on the writer, as one transaction.
// https://developers.cloudflare.com/d1/worker-api/d1-database/#batch
func (db *Database) write(ctx context.Context, qs []query, out collector) error {
	if err := db.lockWriter(ctx); err != nil {
		return err
	}
	defer db.unlockWriter()
	stop := db.writer.Watch(ctx)
	defer stop()
	defer db.writer.Shrink(keepBuffer)
	if len(qs) == 1 {
		alone, err := db.autocommit(&qs[0], out)
		if alone || err != nil {
			return err
		}
	}
	return db.transaction(func() error {
		for i := range qs {
			if err := db.text(&qs[i], out); err != nil {
				return err
			}
		}
		return nil
	})
}

// autocommit runs a query of a single statement without a transaction around
// it, which SQLite makes as atomic. It reports false, with nothing done, for a
// query that needs one: several statements, a pragma, or a write to a virtual
// table, where D1 does not count the changes that are put off to the commit.
func (db *Database) autocommit(q *query, out collector) (alone bool, err error) {
	watch := clock.StartStopwatch()
	s, tail, err := db.writer.Prepare(q.sql)
	if err != nil || s == nil {
		if seen, ok := refused(err); ok && seen&(csqlite.SeenPragma|csqlite.SeenAlter) != 0 {
			return false, nil
		}
		return false, orNoStatement(err)
	}
	defer db.writer.Release(s)
	if s.Seen&csqlite.SeenVirtual != 0 || csqlite.SkipSpace(q.sql, tail) < len(q.sql) {
		return false, nil
	}
	m := Meta{}
	if err := db.statement(s, q, out, &m); err != nil {
		if _, ok := refused(err); ok {
			return false, nil // VACUUM: the transaction will say what is wrong with it
		}
		return true, err
	}
	m.Duration = milliseconds(watch)
	db.committed(m.ChangedDB)
	return true, out.done(s, &m)
}

// refused says whether err is the authorizer's, and what the statement asked for.
func refused(err error) (seen csqlite.Seen, ok bool) {
	var e *csqlite.Error
	if err == nil || !errors.As(err, &e) || e.Code != sqliteAuth {
		return 0, false
	}
	return e.Seen, true
}

func orNoStatement(err error) error {
	if err == nil {
		return sqlError(msgNoStatement)
	}
	return err
}

// transaction runs f between BEGIN and COMMIT, or ROLLBACK if it fails.
func (db *Database) transaction(f func() error) error {
	w := db.writer
	if err := w.Begin(true); err != nil {
		return err
	}
	size := db.size.Load()
	err := f()
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		db.size.Store(size)
		return errors.Join(err, w.Rollback())
	}
	db.committed(true)
	return nil
}

// committed notes a commit, and with it the new bookmark.
func (db *Database) committed(changed bool) {
	if changed {
		db.history.Committed()
	}
}

// text runs the SQL of one query inside a transaction. It may hold several
// statements: those before the last have no parameters and their rows are
// dropped.
func (db *Database) text(q *query, out collector) error {
	watch := clock.StartStopwatch()
	total := Meta{}
	for sql := q.sql; ; {
		s, tail, err := db.writer.Prepare(sql)
		if err != nil || s == nil {
			return orNoStatement(err)
		}
		next := csqlite.SkipSpace(sql, tail)
		if next == len(sql) {
			defer db.writer.Release(s)
			if err := db.statement(s, &query{sql, q.params, q.count}, out, &total); err != nil {
				return err
			}
			total.Duration = milliseconds(watch)
			return out.done(s, &total)
		}
		err = db.prelude(s, &total)
		db.writer.Release(s)
		if err != nil {
			return err
		}
		sql = sql[next:]
	}
}

// prelude runs a statement that others follow in the same text.
func (db *Database) prelude(s *csqlite.Stmt, total *Meta) error {
	if s.Params != 0 {
		return sqlError(msgParamsOnlyAtLast)
	}
	return db.statement(s, &query{}, discard{}, total)
}

// statement runs s on the writer and adds its figures to m: changes and
// changed_db of the whole text, rows read and written of the last statement.
func (db *Database) statement(s *csqlite.Stmt, q *query, out collector, m *Meta) error {
	st, err := db.step(db.writer, s, q, out)
	if err != nil {
		return err
	}
	if s.Seen&csqlite.SeenAlter != 0 {
		if err := db.checkNames(); err != nil {
			return err
		}
	}
	m.ServedBy = servedBy
	m.Changes += st.Changes
	before, last := db.size.Load(), db.lastRow.Swap(st.LastRowID)
	if st.Pages > 0 {
		db.size.Store((st.Pages - st.Free) * db.pageSize)
	}
	m.LastRowID, m.SizeAfter = st.LastRowID, db.size.Load()
	m.ChangedDB = m.ChangedDB || st.Changes != 0 || st.LastRowID != last || m.SizeAfter != before
	m.RowsRead, m.RowsWritten = st.Read, st.Written
	return nil
}

// checkNames refuses a table that was renamed to a name of the platform's:
// SQLite does not tell the authorizer the new name.
func (db *Database) checkNames() error {
	const foreign = `SELECT count(*) FROM sqlite_master WHERE name LIKE '\_cf\_%' ESCAPE '\' AND name <> '` + importTable + `'`
	n, err := db.writer.TrustedInt(foreign)
	if err == nil && n != 0 {
		return sqlError(msgNotAuthorized)
	}
	return err
}

// discard drops results.
type discard struct{}

func (discard) Rows(*csqlite.Stmt, []byte, int, int) error { return nil }
func (discard) form() csqlite.Form                         { return csqlite.Packed }
func (discard) done(*csqlite.Stmt, *Meta) error            { return nil }
