package d1

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// restResult calls the API and gives the result of the envelope.
func restResult[T any](t *testing.T, method, url string) (out T) {
	t.Helper()
	status, got := callREST(t, method, url, "")
	var env struct {
		Result T
	}
	if err := json.Unmarshal([]byte(got), &env); err != nil || status != 200 {
		t.Fatalf("%s %s: %d %s %v", method, url, status, got, err)
	}
	return env.Result
}

func TestRESTTimeTravel(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	s.Declare("db", "name")
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	base := serveREST(t, s) + "/d1/database/name"
	mustExec(t, db, "CREATE TABLE t (a); INSERT INTO t VALUES (1)")
	at := restResult[map[string]string](t, "GET", base+"/time_travel/bookmark")
	same := restResult[map[string]string](t, "GET", base+"/time_travel/bookmark?timestamp="+url.QueryEscape(testTime.Format("2006-01-02T15:04:05Z07:00")))
	if at["bookmark"] != db.Bookmark() || same["bookmark"] != at["bookmark"] || len(at) != 1 {
		t.Errorf("%v, %v; now %s", at, same, db.Bookmark())
	}
	mustQuery(t, db, "DELETE FROM t")
	last := db.Bookmark()
	done := restResult[map[string]string](t, "POST", base+"/time_travel/restore?bookmark="+at["bookmark"])
	if done["previous_bookmark"] != last || done["bookmark"] != db.Bookmark() || done["message"] == "" || oneValue(t, db, "SELECT a FROM t") != int64(1) {
		t.Errorf("%v", done)
	}
	undone := restResult[map[string]string](t, "POST", fmt.Sprintf("%s/time_travel/restore?timestamp=%d", base, testTime.Unix()))
	if undone["previous_bookmark"] != done["bookmark"] { // the clock stands: the latest of this second is now
		t.Errorf("%v", undone)
	}
	for path, want := range map[string]string{
		"GET /time_travel/bookmark?timestamp=x":            `400 "code":7400,"message":"Invalid timestamp 'x'. Please provide a valid Unix timestamp or ISO string`,
		"POST /time_travel/restore":                        `400 "code":7400,"message":"The request is malformed: either bookmark or timestamp must be given"`,
		"POST /time_travel/restore?bookmark=a&timestamp=1": `400 "code":7400`,
		"POST /time_travel/restore?bookmark=a":             `400 "code":7400,"message":"Bookmark 'a' is invalid"`,
		"GET /backup/none/download":                        `404 "code":7404,"message":"No backup has the id 'none'"`,
		"DELETE /backup/none":                              `404 "code":7404`,
	} {
		method, path, _ := strings.Cut(path, " ")
		status, got := callREST(t, method, base+path, "")
		if code, text, _ := strings.Cut(want, " "); fmt.Sprint(status) != code || !strings.Contains(got, text) {
			t.Errorf("%s %s: %d %s", method, path, status, got)
		}
	}
}

func TestRESTBackups(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	s.Declare("db", "name")
	base := serveREST(t, s) + "/d1/database/name/backup"
	made := restResult[Backup](t, "POST", base)
	if list := restResult[[]Backup](t, "GET", base); len(list) != 1 || list[0] != made || made.State != "done" {
		t.Errorf("%+v, %+v", made, list)
	}
	status, file := callREST(t, "GET", base+"/"+made.ID+"/download", "")
	if status != 200 || int64(len(file)) < made.FileSize-100 || !strings.HasPrefix(file, "SQLite format 3") { // the end is trimmed
		t.Errorf("%d, %d bytes of %d", status, len(file), made.FileSize)
	}
	if done := restResult[Restored](t, "POST", base+"/"+made.ID+"/restore"); done.Bookmark <= done.Previous {
		t.Errorf("%+v", done)
	}
	restResult[any](t, "DELETE", base+"/"+made.ID)
	if list := restResult[[]Backup](t, "GET", base); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}
