package d1

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"flint/internal/testkit"
)

func serveREST(t *testing.T, s *Store) string {
	t.Helper()
	return testkit.Serve(t, testkit.REST(NewREST(s, nil).Routes)) + "/client/v4/accounts/a"
}

func callREST(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(b))
}

func TestREST(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	s.Declare("id/1", "users")
	s.Declare("id-2", "logs")
	base := serveREST(t, s)
	status, got := callREST(t, "POST", base+"/d1/database/id%2F1/query", `{"sql":"CREATE TABLE t (a, b); INSERT INTO t VALUES (1, 'x'); SELECT * FROM t"}`)
	if status != 200 || strings.Count(got, `"success":true`) != 4 || !strings.Contains(got, `"results":[{"a":1,"b":"x"}]`) {
		t.Fatal(status, got)
	}
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/users/query", `{"sql":"SELECT ? AS v","params":["7"]}`, 200, `"results":[{"v":"7"}]`},
		{"POST", "/users/raw", `{"sql":"SELECT a, b FROM t"}`, 200, `"results":{"columns":["a","b"],"rows":[[1,"x"]]}`},
		{"POST", "/users/query", `{"batch":[{"sql":"SELECT 1 AS a"},{"sql":"SELECT ? AS a","params":[true]}]}`, 200, `"results":[{"a":1}]`},
		{"POST", "/users/query", `{"sql":"SELECT * FROM x"}`, 400, `"errors":[{"code":7500,"message":"no such table: x: SQLITE_ERROR"}]`},
		{"POST", "/users/query", `{"sql":"SELECT 1;\nSELECT * FROM x;"}`, 400, `no such table: x: SQLITE_ERROR (statement 2, line 2: SELECT * FROM x;)`},
		{"POST", "/users/query", `{"sq`, 400, `"code":7400`},
		{"POST", "/nope/query", `{"sql":"SELECT 1"}`, 404, `{"code":7404,"message":"The database nope could not be found"}`},
		{"GET", "/nope", "", 404, `"code":7404`},
		{"GET", "/users", "", 200, `{"uuid":"id/1","name":"users","created_at":"2026-11-20T12:00:00Z","version":"production","num_tables":1,`},
		{"GET", "/users", "", 200, `,"jurisdiction":null,"running_in_region":"LOCAL","read_replication":{"mode":"disabled"}}`},
		{"GET", "?name=LOG", "", 200, `,"jurisdiction":null}],`}, // no objects: wrangler d1 list shows every member as text
		{"GET", "", "", 200, `"result_info":{"count":2,"page":1,"per_page":100,"total_count":2}`},
		{"GET", "?name=LOG", "", 200, `"uuid":"id-2","name":"logs"`},
		{"GET", "?per_page=1&page=2", "", 200, `"result_info":{"count":1,"page":2,"per_page":1,"total_count":2}`},
		{"GET", "?page=99", "", 200, `"result":[]`},
		{"POST", "", `{"name":"x"}`, 501, `flint does not serve the D1 API call POST /d1/database yet`},
		{"DELETE", "/users", "", 501, `DELETE /d1/database/users yet`},
		{"POST", "/users/export", "{}", 501, `POST /d1/database/users/export yet`},
	} {
		status, got := callREST(t, c.method, base+"/d1/database"+c.path, c.body)
		if status != c.status || !strings.Contains(got, c.want) {
			t.Errorf("%s %s %s: %d %s\nwant %d %s", c.method, c.path, c.body, status, got, c.status, c.want)
		}
	}
}

// restClient is a Runner over the REST API, as the command has one.
type restClient struct{ url string }

func restRunner(t *testing.T) (Runner, *Database) {
	s := openStore(t, t.TempDir())
	s.Declare("db", "db")
	db, err := s.Database("db")
	if err != nil {
		t.Fatal(err)
	}
	return restClient{serveREST(t, s) + "/d1/database/db/raw"}, db
}

func (c restClient) Run(ctx context.Context, sql string, params ...any) ([]Result, error) {
	body, err := json.Marshal(map[string]any{"sql": sql, "params": params})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Errors []struct{ Message string }
		Result []struct {
			Results Result
			Meta    Meta
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("status %d: %w", resp.StatusCode, err)
	}
	if len(answer.Errors) > 0 {
		return nil, errors.New(answer.Errors[0].Message)
	}
	var out []Result
	for _, r := range answer.Result {
		r.Results.Meta = r.Meta
		out = append(out, r.Results)
	}
	return out, nil
}
