package d1

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// The figures are those of the runtime, taken from Miniflare.
func TestRowsRead(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, `CREATE TABLE r (a INTEGER PRIMARY KEY, b INTEGER, c TEXT); CREATE INDEX rb ON r (b);
		CREATE TABLE u (id TEXT PRIMARY KEY, n INTEGER); CREATE TABLE e (x); CREATE TABLE p (id INTEGER PRIMARY KEY);
		CREATE TABLE k (id INTEGER PRIMARY KEY, p INTEGER REFERENCES p(id)); CREATE INDEX kp ON k (p);
		INSERT INTO r WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100) SELECT i, i % 10, 'c' || i FROM n;
		INSERT INTO u VALUES ('a', 1), ('b', 2); INSERT INTO p VALUES (1), (2), (3); INSERT INTO k (p) VALUES (1), (1), (2);`)
	for _, c := range []struct {
		sql  string
		want int64
	}{
		{"SELECT 1", 0},
		{"SELECT * FROM r", 100},
		{"SELECT * FROM e", 1},
		{"SELECT count(*) FROM r", 100},
		{"SELECT max(a) FROM r", 1},
		{"SELECT * FROM r LIMIT 10 OFFSET 20", 30},
		{"SELECT * FROM r WHERE a = 5", 1},
		{"SELECT * FROM r WHERE a = 500", 1},
		{"SELECT * FROM r WHERE a IN (1, 2, 3)", 6},
		{"SELECT * FROM r WHERE a > 90", 10},
		{"SELECT * FROM r WHERE a > 90 LIMIT 3", 3},
		{"SELECT * FROM r WHERE a > 1000", 1},
		{"SELECT * FROM r WHERE a BETWEEN 10 AND 20", 12},
		{"SELECT * FROM r WHERE b = 5", 11},
		{"SELECT * FROM r WHERE b = 5 AND c = 'c15'", 11},
		{"SELECT * FROM r WHERE b = 5 LIMIT 3", 3},
		{"SELECT * FROM r WHERE b = 9", 10}, // the end of the index
		{"SELECT * FROM r WHERE b = 77", 0},
		{"SELECT * FROM r WHERE b > 2 AND b < 3", 1},
		{"SELECT * FROM r WHERE b BETWEEN 2 AND 3", 21},
		{"SELECT * FROM r ORDER BY c", 200},
		{"SELECT * FROM r ORDER BY b DESC LIMIT 5", 5},
		{"SELECT c, count(*) FROM r GROUP BY c", 200},
		{"SELECT * FROM r WHERE a = 1 OR b = 5", 12},
		{"SELECT n FROM u WHERE id = 'a'", 1},
		{"SELECT n FROM u WHERE id = 'none'", 0},
		{"SELECT * FROM p JOIN k ON k.p = p.id", 6},
		{"SELECT value FROM json_each('[1,2,3]')", 3},
		{"SELECT value FROM json_each('[]')", 0},
		{"INSERT INTO r (b) VALUES (1) RETURNING a", 1},
		{"INSERT INTO k (p) VALUES (1)", 1},
		{"INSERT INTO r (a) VALUES (1000)", 1},
		{"UPDATE r SET c = 'z' WHERE a = 5000", 1},
		{"UPDATE r SET c = 'z' WHERE b = 5", 11},
		{"DELETE FROM r WHERE a = 3", 1},
		{"DELETE FROM u WHERE id = 'none'", 0},
	} {
		runs := 1
		if strings.HasPrefix(c.sql, "SELECT") {
			runs = 2 // what one run leaves behind must not count in the next
		}
		for range runs {
			if got := mustQuery(t, db, c.sql).Meta.RowsRead; got != c.want {
				t.Errorf("%s: %d rows read, want %d", c.sql, got, c.want)
			}
		}
	}
}

// A run that was given up half-way leaves nothing for the next to count.
func TestRowsReadAfterAFailure(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	mustExec(t, db, "CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3), ('x');")
	const sql = "SELECT abs(CASE WHEN a = ? THEN -9223372036854775808 END) FROM t"
	if _, err := db.Query(t.Context(), []Statement{{sql, []any{3}}}); err == nil {
		t.Fatal("abs of the smallest integer is an integer")
	}
	if got := mustQuery(t, db, sql, 99).Meta.RowsRead; got != 4 {
		t.Errorf("%d rows read", got)
	}
}

func TestMetaKeys(t *testing.T) {
	t.Parallel()
	s := openStore(t, t.TempDir())
	var got []struct{ Meta map[string]any }
	text := post(NewBinding(s, nil, nil).ServeBinding, "/execute?resultsFormat=NONE", `{"sql": "SELECT 1"}`)
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != 1 {
		t.Fatal(text, err)
	}
	m := got[0].Meta
	keys := []string{}
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	if want := []string{
		"changed_db", "changes", "duration", "last_row_id", "rows_read", "rows_written", "served_by", "served_by_primary",
		"size_after", "timings", "total_attempts",
	}; !slices.Equal(keys, want) {
		t.Errorf("keys %q", keys)
	}
	timings, _ := m["timings"].(map[string]any)
	if m["served_by_primary"] != true || m["total_attempts"] != 1.0 || timings["sql_duration_ms"] != m["duration"] || len(timings) != 1 {
		t.Errorf("%v", m)
	}
}
