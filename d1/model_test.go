package d1

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// model is what the table of TestBatchesAgainstAModel should hold.
type model map[int64]string

// step is a statement and what it does to the model: rows changed, false when
// the statement fails.
type step struct {
	s    Statement
	does func(m model) (changes int64, ok bool)
}

func insertStep(k int64, v string) step {
	return step{Statement{"INSERT INTO t VALUES (?, ?)", []any{k, v}}, func(m model) (int64, bool) {
		if _, there := m[k]; there || v == "" {
			return 0, false
		}
		m[k] = v
		return 1, true
	}}
}

func upsertStep(k int64, v string) step {
	return step{Statement{"INSERT INTO t VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = v || excluded.v", []any{k, v}}, func(m model) (int64, bool) {
		if v == "" {
			return 0, false // CHECK, before the conflict is looked at
		}
		m[k] += v
		return 1, true
	}}
}

func deleteStep(k int64) step {
	return step{Statement{"DELETE FROM t WHERE k <= ?", []any{k}}, func(m model) (n int64, ok bool) {
		for at := range m {
			if at <= k {
				delete(m, at)
				n++
			}
		}
		return n, true
	}}
}

func brokenStep(sql string) step {
	return step{Statement{SQL: sql}, func(model) (int64, bool) { return 0, false }}
}

func drawStep(t *rapid.T) step {
	k, v := int64(rapid.IntRange(0, 6).Draw(t, "k")), rapid.SampledFrom([]string{"a", "b", "c", ""}).Draw(t, "v")
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0, 1, 2, 3:
		return insertStep(k, v)
	case 4, 5, 6:
		return upsertStep(k, v)
	case 7, 8:
		return deleteStep(k - 3)
	}
	return brokenStep(rapid.SampledFrom([]string{"SELECT nope", "INSERT INTO", "ROLLBACK", "SELECT ?", "ATTACH 'x' AS x", "CREATE TABLE t (a)"}).Draw(t, "sql"))
}

// TestBatchesAgainstAModel: a batch takes effect as a whole, in order, or not
// at all, whatever is in it; each result tells of its own statement.
func TestBatchesAgainstAModel(t *testing.T) {
	t.Parallel()
	db := openTest(t)
	rapid.Check(t, func(t *rapid.T) {
		if _, err := db.Exec(t.Context(), "DROP TABLE IF EXISTS t; CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT CHECK (v <> ''));"); err != nil {
			t.Fatal(err)
		}
		want := model{}
		for range rapid.IntRange(1, 12).Draw(t, "batches") {
			batch := rapid.SliceOfN(rapid.Custom(drawStep), 1, 6).Draw(t, "batch")
			next, statements, changes, whole := maps.Clone(want), []Statement{}, []int64{}, true
			for _, s := range batch {
				n, ok := s.does(next)
				whole = whole && ok
				statements, changes = append(statements, s.s), append(changes, n)
			}
			results, err := db.Query(t.Context(), statements)
			if whole != (err == nil) {
				t.Fatalf("%v: %v", statements, err)
			}
			if whole {
				want = next
				for i, r := range results {
					if r.Meta.Changes != changes[i] {
						t.Fatalf("%v: statement %d changed %d rows, want %d", statements, i, r.Meta.Changes, changes[i])
					}
				}
			}
			if got := contents(t, db); got != describe(want) {
				t.Fatalf("after %v: %s, want %s", statements, got, describe(want))
			}
		}
	})
}

func contents(t *rapid.T, db *Database) string {
	r, err := db.Query(t.Context(), []Statement{{SQL: "SELECT k, v FROM t ORDER BY k"}})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(r[0].Rows)
}

func describe(m model) string {
	rows := [][]any{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		rows = append(rows, []any{k, m[k]})
	}
	return fmt.Sprint(rows)
}
