package d1

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// Rows as arrays are written in C, rows as objects in Go: both write a value
// alike, bytes that are not UTF-8 among them.
func TestArraysAndObjectsAgree(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	value := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.String(), toAny[string]), rapid.Map(rapid.Float64(), toAny[float64]),
		rapid.Map(rapid.Int64(), toAny[int64]), rapid.Map(rapid.SliceOf(rapid.Byte()), toAny[[]byte]),
		rapid.SampledFrom([]any{0.0, math.Copysign(0, -1), math.Inf(1), 1e21, 1e-7, 9007199254740991.0, 9007199254740992.0, -0.5, "\x00\x01\x1f\"\\/\u2028", []byte("\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf\xe2\x82")}))
	rapid.Check(t, func(t *rapid.T) {
		v := value.Draw(t, "value")
		for _, sql := range []string{"SELECT ? AS v", "SELECT CAST(? AS TEXT) AS v", "SELECT CAST(? AS INTEGER) AS v"} {
			packed, err := packParams([]any{v})
			if err != nil {
				t.Fatal(err)
			}
			q := []query{{sql: sql, params: packed, count: 1}}
			arrays, objects := resultsOf(t, db, q, asRows), resultsOf(t, db, q, asObjects)
			const head, tail = `{"columns":["v"],"rows":[[`, `]]}`
			if len(arrays) < len(head+tail) || len(objects) < len(`[{"v":}]`) {
				t.Fatalf("%s, %#v: %s, %s", sql, v, arrays, objects)
			}
			a, o := arrays[len(head):len(arrays)-len(tail)], objects[len(`[{"v":`):len(objects)-len(`}]`)]
			if a != o {
				t.Fatalf("%s, %#v: %s as an array, %s as an object", sql, v, a, o)
			}
		}
	})
}

// resultsOf is the JSON of "results".
func resultsOf(t *rapid.T, db *Database, q []query, f format) string {
	var out encoder
	out.reset(f)
	if err := db.run(t.Context(), q, &out); err != nil {
		t.Fatal(err)
	}
	const head = `[{"success":true,"results":`
	text := string(out.finish())
	end := len(text) - 1
	for text[end-1:end+1] != ",\"" || text[end:end+6] != `"meta"` {
		end--
	}
	return text[len(head) : end-1]
}

// A result larger than one piece of the buffer is as whole as a small one.
func TestManyRowsAsJSON(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	q := []query{{sql: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000) SELECT i, i + 0.5, 'row ' || i FROM n"}}
	var got []struct {
		Results struct{ Rows [][3]any }
	}
	var out encoder
	out.reset(asRows)
	if err := db.run(t.Context(), q, &out); err != nil {
		t.Fatal(err)
	}
	unmarshal(t, out.finish(), &got)
	rows := got[0].Results.Rows
	if len(rows) != 30_000 || rows[29_999] != [3]any{30000.0, 30000.5, "row 30000"} {
		t.Fatalf("%d rows, the last is %v", len(rows), rows[len(rows)-1])
	}
}
