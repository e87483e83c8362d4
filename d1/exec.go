package d1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/d1/transfer"
	"flint/internal/cferr"
	"flint/internal/clock"
)

// ScriptError is a failure of one statement of a script. Nothing of the
// script has taken effect.
type ScriptError struct {
	Index int    // of the statement in the script, from 1
	Line  int    // of the script on which the statement begins, from 1
	SQL   string // the statement, shortened
	Err   error  // what D1 says about it
}

// Error implements error: D1's sentence, then the statement.
func (e *ScriptError) Error() string {
	return fmt.Sprintf("%v (statement %d, line %d: %s)", cferr.From(e.Err).Message, e.Index, e.Line, e.SQL)
}

// sentence is the error without the line.
func (e *ScriptError) sentence() string {
	return fmt.Sprintf("%v (statement %d: %s)", cferr.From(e.Err).Message, e.Index, e.SQL)
}

// Unwrap gives D1's own error.
func (e *ScriptError) Unwrap() error { return e.Err }

// Exec runs a script of any number of statements as one transaction, as
// `d1 execute --file` does. SQLite itself finds where each statement ends.
// BEGIN and COMMIT in the script are passed over, since the whole of it is one
// transaction; ROLLBACK and SAVEPOINT are refused. An error is a *ScriptError.
// https://developers.cloudflare.com/workers/wrangler/commands/d1/#d1-execute
func (db *Database) Exec(ctx context.Context, script string) ([]Result, error) {
	var out values
	if err := db.exec(ctx, script, query{}, &out); err != nil {
		return nil, err
	}
	return out.results, nil
}

// Run runs SQL of one or several statements as one transaction and gives a
// result for each. With parameters, which belong to the last statement, only
// that one gives a result. It makes *Database a Runner.
func (db *Database) Run(ctx context.Context, sql string, params ...any) ([]Result, error) {
	packed, err := packParams(params)
	if err != nil {
		return nil, err
	}
	var out values
	if err := db.exec(ctx, sql, query{params: packed, count: len(params)}, &out); err != nil {
		return nil, err
	}
	return out.results, nil
}

// exec runs a script whose last statement takes the parameters of q.
func (db *Database) exec(ctx context.Context, script string, q query, out collector) error {
	if len(script) > MaxScriptBytes {
		return codec.Malformed("the script is too long")
	}
	if q.count > 0 || db.single(script) {
		q.sql = script
		return db.run(ctx, []query{q}, out)
	}
	if err := db.lockWriter(ctx); err != nil {
		return err
	}
	defer db.unlockWriter()
	stop := db.writer.Watch(ctx)
	defer stop()
	defer db.writer.Shrink(keepBuffer)
	db.writer.Script(true)
	defer db.writer.Script(false)
	s := db.writer.OpenScript(script)
	defer s.Close()
	return translateScript(ctx, db.transaction(func() error { return db.script(s, script, out) }))
}

// single says whether script has at most one semicolon, at its end: then it
// can only be one statement, which need not wait for the writer.
func (db *Database) single(script string) bool {
	end := strings.TrimRight(script, "; \t\r\n")
	return end != "" && !strings.Contains(end, ";") && !strings.Contains(end, "--") && !strings.Contains(end, "/*")
}

// script runs what s reads.
func (db *Database) script(s *csqlite.Script, text string, out collector) error {
	ran := 0
	for n := 1; ; n++ {
		stmt, err := s.Next()
		if err == nil && stmt == nil {
			break
		}
		if err == nil && stmt.Seen&csqlite.SeenTransaction == 0 {
			err = db.scripted(stmt, out)
			ran++
		}
		if err != nil {
			db.writer.Release(stmt)
			return &ScriptError{
				Index: n, Line: 1 + strings.Count(text[:s.Where()], "\n"),
				SQL: shorten(s.Statement()), Err: err,
			}
		}
		db.writer.Release(stmt)
	}
	if ran == 0 {
		return sqlError(msgNoStatements)
	}
	return nil
}

func (db *Database) scripted(stmt *csqlite.Stmt, out collector) error {
	watch := clock.StartStopwatch()
	var m Meta
	if err := db.statement(stmt, &query{}, out, &m); err != nil {
		return err
	}
	m.Duration = milliseconds(watch)
	return out.done(stmt, &m)
}

// translateScript translates the error inside a ScriptError.
func translateScript(ctx context.Context, err error) error {
	var e *ScriptError
	if errors.As(err, &e) {
		e.Err = translate(ctx, e.Err)
		return e
	}
	return translate(ctx, err)
}

// shorten makes a statement fit on a line of an error.
func shorten(sql string) string {
	const most = 160
	sql = strings.Join(strings.Fields(sql), " ")
	if r := []rune(sql); len(r) > most {
		return string(r[:most]) + "…"
	}
	return sql
}

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
	x := &scriptRun{db: db, s: s, most: MaxSQLBytes, out: out, at: transfer.FilePlace{Line: 1}, next: transfer.FilePlace{Line: 1}}
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
