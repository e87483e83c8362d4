package d1

import (
	"net/http"
	"strconv"

	"github.com/gorilla/mux"

	"flint/d1/codec"
	"flint/internal/cferr"
)

// pastRoutes are the routes of Time Travel and of backups.
// https://developers.cloudflare.com/api/resources/d1/subresources/database/subresources/time_travel/
func (a *REST) pastRoutes(r *mux.Router) {
	const database = "/d1/database/{database}"
	r.HandleFunc(database+"/time_travel/bookmark", a.with(a.bookmark)).Methods(http.MethodGet)
	r.HandleFunc(database+"/time_travel/restore", a.with(a.restore)).Methods(http.MethodPost)
	r.HandleFunc(database+"/backup", a.with(a.listBackups)).Methods(http.MethodGet)
	r.HandleFunc(database+"/backup", a.with(a.createBackup)).Methods(http.MethodPost)
	r.HandleFunc(database+"/backup/{backup}", a.with(a.deleteBackup)).Methods(http.MethodDelete)
	r.HandleFunc(database+"/backup/{backup}/restore", a.with(a.restoreBackup)).Methods(http.MethodPost)
	r.HandleFunc(database+"/backup/{backup}/download", a.with(a.downloadBackup)).Methods(http.MethodGet)
}

// bookmark: GET …/time_travel/bookmark?timestamp=
func (a *REST) bookmark(w http.ResponseWriter, r *http.Request, db *Database) error {
	var bookmark string
	var err error
	if text := r.URL.Query().Get("timestamp"); text == "" {
		bookmark, err = db.CurrentBookmark(r.Context())
	} else {
		bookmark, err = bookmarkOfText(r, db, text)
	}
	if err == nil {
		cferr.WriteResult(w, map[string]string{"bookmark": bookmark}, nil)
	}
	return err
}

func bookmarkOfText(r *http.Request, db *Database, text string) (string, error) {
	t, err := parseTimestamp(text, db.history.Clock.Now())
	if err != nil {
		return "", err
	}
	return db.bookmarkAt(r.Context(), t, text)
}

// restore: POST …/time_travel/restore?bookmark= or ?timestamp=
func (a *REST) restore(w http.ResponseWriter, r *http.Request, db *Database) error {
	bookmark, text := r.URL.Query().Get("bookmark"), r.URL.Query().Get("timestamp")
	if (bookmark == "") == (text == "") {
		return codec.Malformed("either bookmark or timestamp must be given")
	}
	if text != "" {
		var err error
		if bookmark, err = bookmarkOfText(r, db, text); err != nil {
			return err
		}
	}
	done, err := db.Restore(r.Context(), bookmark)
	if err == nil {
		cferr.WriteResult(w, done, nil)
	}
	return err
}

// listBackups: GET …/backup
func (a *REST) listBackups(w http.ResponseWriter, _ *http.Request, db *Database) error {
	list, err := db.Backups()
	if err == nil {
		cferr.WriteResult(w, list, nil)
	}
	return err
}

// createBackup: POST …/backup
func (a *REST) createBackup(w http.ResponseWriter, r *http.Request, db *Database) error {
	b, err := db.CreateBackup(r.Context())
	if err == nil {
		cferr.WriteResult(w, b, nil)
	}
	return err
}

// deleteBackup: DELETE …/backup/{backup}
func (a *REST) deleteBackup(w http.ResponseWriter, r *http.Request, db *Database) error {
	err := db.DeleteBackup(mux.Vars(r)["backup"])
	if err == nil {
		cferr.WriteResult(w, nil, nil)
	}
	return err
}

// restoreBackup: POST …/backup/{backup}/restore
func (a *REST) restoreBackup(w http.ResponseWriter, r *http.Request, db *Database) error {
	done, err := db.RestoreBackup(r.Context(), mux.Vars(r)["backup"])
	if err == nil {
		cferr.WriteResult(w, done, nil)
	}
	return err
}

// downloadBackup: GET …/backup/{backup}/download
func (a *REST) downloadBackup(w http.ResponseWriter, r *http.Request, db *Database) error {
	f, err := db.OpenBackup(mux.Vars(r)["backup"])
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/vnd.sqlite3")
	w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	_, err = f.WriteTo(w)
	if err != nil {
		a.log.Debug("d1: a download of a backup ended early", "error", err)
	}
	return nil // the answer has begun: there is no other way to say it
}
