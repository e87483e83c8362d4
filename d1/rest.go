package d1

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"flint/d1/codec"
	"flint/internal/cferr"
)

// REST serves D1's part of Cloudflare's REST API.
// https://developers.cloudflare.com/api/resources/d1/
type REST struct {
	store *Store
	log   *slog.Logger
}

// NewREST serves the databases of store. log nil is silent.
func NewREST(store *Store, log *slog.Logger) *REST {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &REST{store, log}
}

// Routes adds the routes to r, the router of an account.
func (a *REST) Routes(r *mux.Router) {
	r.HandleFunc("/d1/database", a.list).Methods(http.MethodGet)
	r.HandleFunc("/d1/database/{database}", a.with(a.get)).Methods(http.MethodGet)
	r.HandleFunc("/d1/database/{database}/query", a.with(a.query)).Methods(http.MethodPost)
	r.HandleFunc("/d1/database/{database}/raw", a.with(a.raw)).Methods(http.MethodPost)
	a.pastRoutes(r)
	a.streams(r)
	r.PathPrefix("/d1/").HandlerFunc(notServed)
	r.HandleFunc("/d1/database", notServed)
}

func notServed(w http.ResponseWriter, r *http.Request) {
	what := r.URL.Path
	if i := strings.Index(what, "/d1/"); i >= 0 {
		what = what[i:]
	}
	cferr.WriteError(w, cferr.NotServed("the D1 API call "+r.Method+" "+what))
}

// with finds the database that the path names, by id or name.
func (a *REST) with(f func(w http.ResponseWriter, r *http.Request, db *Database) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, err := url.PathUnescape(mux.Vars(r)["database"])
		if err != nil {
			cferr.WriteError(w, codec.Malformed("the database in the path is not escaped properly"))
			return
		}
		db, err := a.store.ByName(name)
		if err == nil {
			err = f(w, r, db)
		}
		if err != nil {
			a.fail(w, err, name)
		}
	}
}

// fail answers with err. A failed script says which statement it was.
func (a *REST) fail(w http.ResponseWriter, err error, database string) {
	var script *ScriptError
	var e *cferr.Error
	switch {
	case !errors.As(err, &e):
		a.log.Error("d1: a call of the REST API failed inside flint", "database", database, "error", err)
	case errors.As(err, &script):
		err = cferr.New(e.Status, e.Code, script.Error())
	}
	cferr.WriteError(w, err)
}

// entry is a database as the API lists it. It has no jurisdiction: null.
type entry struct {
	UUID         string  `json:"uuid"`
	Name         string  `json:"name"`
	CreatedAt    string  `json:"created_at"`
	Version      string  `json:"version"`
	NumTables    int64   `json:"num_tables"`
	FileSize     int64   `json:"file_size"`
	Jurisdiction *string `json:"jurisdiction"`
}

// description is a database as the API describes it by itself.
type description struct {
	entry
	RunningInRegion string            `json:"running_in_region"`
	ReadReplication map[string]string `json:"read_replication"`
}

// countTables counts a database's tables, less those of SQLite and of the
// platform.
const countTables = `SELECT count(*) FROM sqlite_master WHERE type = 'table'
	AND name NOT LIKE 'sqlite\_%' ESCAPE '\' AND name NOT LIKE '\_cf\_%' ESCAPE '\'`

func (a *REST) entry(r *http.Request, db *Database) (entry, error) {
	results, err := db.Query(r.Context(), []Statement{{SQL: countTables}})
	if err != nil {
		return entry{}, err
	}
	n, _ := results[0].Rows[0][0].(int64)
	return entry{
		UUID: db.id, Name: a.store.nameOf(db.id), CreatedAt: db.created.Format(time.RFC3339Nano),
		Version: "production", NumTables: n, FileSize: db.Size(),
	}, nil
}

// list: GET /d1/database?name=&page=&per_page=
func (a *REST) list(w http.ResponseWriter, r *http.Request) {
	name := strings.ToLower(r.URL.Query().Get("name"))
	var found []Info
	for _, info := range a.store.List() {
		if strings.Contains(strings.ToLower(info.Name), name) {
			found = append(found, info)
		}
	}
	page := positive(r, "page", 1, len(found)+1)
	per := positive(r, "per_page", 100, 10_000)
	from := min((page-1)*per, len(found))
	out := []entry{}
	for _, info := range found[from:min(from+per, len(found))] {
		db, err := a.store.Database(info.ID)
		if err != nil {
			a.fail(w, err, info.ID)
			return
		}
		e, err := a.entry(r, db)
		if err != nil {
			a.fail(w, err, info.ID)
			return
		}
		out = append(out, e)
	}
	cferr.WriteResult(w, out, cferr.Info{"page": page, "per_page": per, "count": len(out), "total_count": len(found)})
}

// positive reads a parameter that counts from 1.
func positive(r *http.Request, key string, otherwise, most int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(key))
	if err != nil || n < 1 {
		return otherwise
	}
	return min(n, most)
}

// get: GET /d1/database/{database}
func (a *REST) get(w http.ResponseWriter, r *http.Request, db *Database) error {
	e, err := a.entry(r, db)
	if err == nil {
		cferr.WriteResult(w, description{e, "LOCAL", map[string]string{"mode": "disabled"}}, nil)
	}
	return err
}

// query: POST /d1/database/{database}/query, rows as objects
func (a *REST) query(w http.ResponseWriter, r *http.Request, db *Database) error {
	return a.run(w, r, db, asObjects)
}

// raw: POST /d1/database/{database}/raw, rows as arrays
func (a *REST) raw(w http.ResponseWriter, r *http.Request, db *Database) error {
	return a.run(w, r, db, asRows)
}

// run runs {"sql","params"} or {"batch":[…]}. SQL without parameters may hold
// several statements: they run as one transaction and give a result each.
func (a *REST) run(w http.ResponseWriter, r *http.Request, db *Database, f format) error {
	c := calls.Get().(*call)
	defer c.free()
	body, err := c.read(r)
	if err != nil {
		return err
	}
	qs, single, err := parseRequest(body)
	if err != nil {
		return err
	}
	c.out.reset(f)
	if single {
		err = db.exec(r.Context(), qs[0].sql, qs[0], &c.out)
	} else {
		err = db.run(r.Context(), qs, &c.out)
	}
	if err != nil {
		return err
	}
	cferr.WriteResult(w, json.RawMessage(c.out.finish()), nil)
	return nil
}
