package d1

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/d1/codec"
)

// FuzzScript: whatever the text, a script takes effect as a whole or not at
// all, an error names a statement that is in the text, and the database lives on.
func FuzzScript(f *testing.F) {
	for _, s := range []string{
		"INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", "INSERT INTO t VALUES (1); SELECT nope;", "-- one; two\nSELECT ';' AS a; /* ; */ SELECT 2",
		"CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM t; END; INSERT INTO t VALUES (3);", "BEGIN; COMMIT; ROLLBACK;", "SELECT 'open",
		"SELECT [a;b] FROM \"t;\"; `;`", ";;;\x00;", "EXPLAIN SELECT 1;", "DROP TABLE t; SELECT 1;",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, script string) {
		db := openTest(t)
		db.limit = 50 * time.Millisecond // a recursive query can be endless
		mustExec(t, db, "CREATE TABLE t (a); INSERT INTO t VALUES (7);")
		const state = "SELECT (SELECT group_concat(sql) FROM sqlite_master), (SELECT count(*) || total(a) FROM t)"
		before := fmt.Sprint(mustQuery(t, db, state).Rows)
		_, err := db.Exec(t.Context(), script)
		if err == nil {
			return
		}
		if after := fmt.Sprint(mustQuery(t, db, state).Rows); after != before {
			t.Errorf("%q failed with %v, and changed %s to %s", script, err, before, after)
		}
		var e *ScriptError
		if errors.As(err, &e) && (e.Line < 1 || e.Line > 1+strings.Count(script, "\n") || e.Index < 1) {
			t.Errorf("%q: statement %d, line %d", script, e.Index, e.Line)
		}
	})
}

// FuzzParseRequest: never a panic, only text that is JSON is accepted, and what
// is understood is what encoding/json understands.
func FuzzParseRequest(f *testing.F) {
	for _, s := range []string{
		`{"sql":"x","params":[1,"a",null,[1]]}`, `[{"sql":"\ud83d\ude48"}]`, `{"batch":[]}`, `[[[[`, `{"sql":"\`, `{"sql":"a","params":[-]}`,
		`{"sql":"","x":{"y":[1e5,true]}}`, `{"params":[true,false,-0.5e-3,12345678901234567890,[255,0]],"sql":"\ud83d\u0041"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		qs, single, err := parseRequest(in)
		if err != nil {
			return
		}
		if !json.Valid(in) {
			t.Fatalf("accepted %q", in)
		}
		var want map[string]any
		if !single || json.Unmarshal(in, &want) != nil { // a number beyond float64 is an error there
			return
		}
		if qs[0].sql != want["sql"] {
			t.Errorf("%q: sql %q", in, qs[0].sql)
		}
		params, _ := want["params"].([]any)
		if got := unpack(qs[0]); fmt.Sprint(got) != fmt.Sprint(asBound(params)) {
			t.Errorf("%q: parameters %v", in, got)
		}
	})
}

// unpack gives the parameters of q as Go values.
func unpack(q query) []any {
	out, rest := []any{}, q.params
	for range q.count {
		var v any
		v, rest = codec.GoValue(rest)
		out = append(out, v)
	}
	return out
}

// asBound are values of JSON as D1 binds them.
func asBound(params []any) []any {
	out := []any{}
	for _, p := range params {
		switch v := p.(type) {
		case bool:
			p = map[bool]float64{true: 1}[v]
		case []any:
			blob := []byte{}
			for _, n := range v {
				f, _ := n.(float64)
				blob = append(blob, toByte(f))
			}
			p = blob
		}
		out = append(out, p)
	}
	return out
}
