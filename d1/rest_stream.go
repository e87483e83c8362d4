package d1

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gorilla/mux"

	"flint/d1/codec"
	"flint/internal/cferr"
	"flint/internal/clock"
)

// What flint's own commands use and Cloudflare's API has in another form: files
// of any size go through as a stream. The answer of execute and import is JSON
// lines: {"result":…} or {"progress":…} while it goes on, at the end {"done":…}
// or {"error":…}.

// streams adds the routes.
func (a *REST) streams(r *mux.Router) {
	const base = "/d1/database/{database}/_flint/"
	r.HandleFunc(base+"execute", a.with(a.execute)).Methods(http.MethodPost)
	r.HandleFunc(base+"import", a.with(a.importFile)).Methods(http.MethodPost)
	r.HandleFunc(base+"import", a.with(a.finishImport)).Methods(http.MethodDelete)
	r.HandleFunc(base+"export", a.with(a.export)).Methods(http.MethodGet)
}

// jsonLines is an answer that is written while the request is read.
type jsonLines struct {
	w   http.ResponseWriter
	c   *http.ResponseController
	in  io.Reader
	buf []byte
}

func startJSONLines(w http.ResponseWriter, r *http.Request) (*jsonLines, error) {
	l := &jsonLines{w: w, c: http.NewResponseController(w), in: r.Body}
	if err := l.c.EnableFullDuplex(); err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.WriteHeader(http.StatusOK)
	return l, l.c.Flush()
}

// Read reads the request. A client that stalls loses its place: others may wait
// for the database.
func (l *jsonLines) Read(p []byte) (int, error) {
	_ = l.c.SetReadDeadline(clock.Deadline(stallTime)) // without one it waits longer
	return l.in.Read(p)
}

// write adds a line that holds one member.
func (l *jsonLines) write(name string, value []byte) error {
	l.buf = append(append(append(l.buf, `{"`...), name...), `":`...)
	l.buf = append(append(l.buf, value...), "}\n"...)
	if len(l.buf) < 32<<10 && name == "result" {
		return nil
	}
	return l.flush()
}

func (l *jsonLines) flush() error {
	_ = l.c.SetWriteDeadline(clock.Deadline(stallTime))
	_, err := l.w.Write(l.buf)
	l.buf = l.buf[:0]
	return errors.Join(err, l.c.Flush())
}

func (l *jsonLines) json(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return l.write(name, data)
}

// end writes the last line.
func (l *jsonLines) end(a *REST, database string, done any, err error) {
	defer func() { // what the client still sends is for nobody
		_ = l.c.SetReadDeadline(clock.Deadline(stallTime))
	}()
	if err == nil {
		_ = l.json("done", done) // the client is gone: nobody is left to tell
		return
	}
	var e *cferr.Error
	var script *ScriptError
	var file *ImportError
	message := cferr.From(err).Message
	switch {
	case errors.As(err, &file):
		message = file.Error()
	case errors.As(err, &script):
		message = script.Error()
	case !errors.As(err, &e) && !errors.Is(err, context.Canceled):
		a.log.Error("d1: a call of the REST API failed inside flint", "database", database, "error", err)
	}
	_ = l.json("error", map[string]any{"code": cferr.From(err).Code, "message": message})
}

// execute: POST …/_flint/execute, a script as one transaction
func (a *REST) execute(w http.ResponseWriter, r *http.Request, db *Database) error {
	l, err := startJSONLines(w, r)
	if err != nil {
		return err
	}
	n, err := db.ExecReader(r.Context(), l, func(result []byte) error { return l.write("result", result) })
	l.end(a, db.id, map[string]int{"statements": n}, err)
	return nil
}

// importOf reads what is imported from the query.
func importOf(q url.Values) (Import, error) {
	o := Import{
		Format: ImportFormat(q.Get("format")), Source: q.Get("source"), Table: q.Get("table"), Create: q.Has("create"),
		Resume: q.Has("resume"), Restart: q.Has("restart"), Defer: q.Has("defer"),
	}
	switch o.Format {
	case FormatSQL:
	case FormatCSV, FormatJSON:
		if o.Table == "" || strings.ContainsRune(o.Table, 0) {
			return o, codec.Malformed("table is missing")
		}
	default:
		return o, codec.Malformed("format must be sql, csv or json")
	}
	if text := q.Get("batch"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, codec.Malformed("batch must be a number from 1")
		}
		o.Batch = n
	}
	if text := q.Get("comma"); text != "" {
		if len(text) != 1 || strings.Contains("\"\r\n", text) {
			return o, codec.Malformed("comma must be one character")
		}
		o.Comma = text[0]
	}
	if text := q.Get("map"); text != "" {
		if err := json.Unmarshal([]byte(text), &o.Map); err != nil {
			return o, codec.Malformed("map must be an object of names")
		}
	}
	return o, nil
}

// importFile: POST …/_flint/import?format=&table=…
func (a *REST) importFile(w http.ResponseWriter, r *http.Request, db *Database) error {
	o, err := importOf(r.URL.Query())
	if err != nil {
		return err
	}
	l, err := startJSONLines(w, r)
	if err != nil {
		return err
	}
	done, err := db.Import(r.Context(), l, o, func(p Progress) { _ = l.json("progress", p) })
	l.end(a, db.id, done, err)
	return nil
}

// finishImport: DELETE …/_flint/import?format=&table=, once the client knows that the
// import is done
func (a *REST) finishImport(w http.ResponseWriter, r *http.Request, db *Database) error {
	o, err := importOf(r.URL.Query())
	if err == nil {
		err = db.FinishImport(r.Context(), o)
	}
	if err == nil {
		cferr.WriteResult(w, nil, nil)
	}
	return err
}

// export: GET …/_flint/export?table=&no_schema&no_data, SQL text. A failure
// after the first byte breaks the connection, so that half a dump is not taken
// for a whole one.
func (a *REST) export(w http.ResponseWriter, r *http.Request, db *Database) error {
	q := r.URL.Query()
	o := Export{Tables: q["table"], NoSchema: q.Has("no_schema"), NoData: q.Has("no_data")}
	out := &exportWriter{w: w, c: http.NewResponseController(w)}
	err := db.Export(r.Context(), out, o)
	if err != nil && !out.begun {
		return err
	}
	if err != nil {
		a.log.Error("d1: an export broke off", "database", db.id, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// exportWriter answers with a dump.
type exportWriter struct {
	w     http.ResponseWriter
	c     *http.ResponseController
	begun bool
}

// Write implements io.Writer.
func (e *exportWriter) Write(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		e.w.Header().Set("Content-Type", "application/sql")
	}
	_ = e.c.SetWriteDeadline(clock.Deadline(stallTime))
	return e.w.Write(p)
}
