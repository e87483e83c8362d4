package d1

import (
	"context"
	"io"

	"flint/d1/csqlite"
)

// ExecReader runs a script of any length as one transaction, with a small part
// of it in memory, as `d1 execute --file` does. each gets the result of every
// statement as the JSON that a Worker would get, before the transaction ends:
// with an error nothing of the script has taken effect. It returns the number
// of statements. An error of one is a *ScriptError.
func (db *Database) ExecReader(ctx context.Context, r io.Reader, each func(result []byte) error) (int, error) {
	if err := db.lockWriter(ctx); err != nil {
		return 0, err
	}
	defer db.unlockWriter()
	w := db.writer
	stop := w.Watch(ctx)
	defer stop()
	w.Script(true)
	defer w.Script(false)
	s := w.ReadScript(r, MaxSQLBytes)
	defer s.Close()
	out := &encoder{}
	out.reset(asObjects)
	x := &scriptRun{db: db, s: s, most: MaxSQLBytes, out: out, at: filePlace{line: 1}, next: filePlace{line: 1}}
	x.done = func(s *csqlite.Stmt, m *Meta) error {
		if err := out.done(s, m); err != nil {
			return err
		}
		err := each(out.buf[1:])
		out.reset(asObjects)
		return err
	}
	err := db.transaction(func() error {
		err := error(nil)
		for err == nil {
			err = x.step()
		}
		if err == io.EOF && x.n == 0 {
			return sqlError(msgNoStatements)
		}
		if err == io.EOF {
			err = db.measure()
		}
		return err
	})
	return x.n, translateScript(ctx, err)
}
