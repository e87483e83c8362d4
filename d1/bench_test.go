package d1

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"flint/d1/codec"
	"flint/d1/csqlite"
)

// benchDatabase has a table of 1000 people.
func benchDatabase(b *testing.B) (*Store, *Database) {
	b.Helper()
	s, err := Open(Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	db, err := s.Database("db")
	if err != nil {
		b.Fatal(err)
	}
	_, err = db.Exec(context.Background(), `
		CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		INSERT INTO people SELECT i, 'person ' || i, i % 90 FROM n;
		CREATE TABLE log (id INTEGER PRIMARY KEY, text TEXT);`)
	if err != nil {
		b.Fatal(err)
	}
	return s, db
}

type benchCase struct{ name, path, body string }

func benchCases() []benchCase {
	insert := `{"sql":"INSERT INTO log (text) VALUES (?)","params":["hello world"]}`
	return []benchCase{
		{"select-one", "/query?resultsFormat=ROWS_AND_COLUMNS", `{"sql":"SELECT id, name, age FROM people WHERE id = ?","params":[42]}`},
		{"select-100", "/query?resultsFormat=ROWS_AND_COLUMNS", `{"sql":"SELECT id, name, age FROM people WHERE id > ? LIMIT 100","params":[42]}`},
		{"insert", "/execute?resultsFormat=NONE", insert},
		{"batch-10", "/query?resultsFormat=ROWS_AND_COLUMNS", "[" + strings.Repeat(insert+",", 9) + insert + "]"},
	}
}

// BenchmarkBinding is a whole call of the binding but for HTTP.
func BenchmarkBinding(b *testing.B) {
	for _, c := range benchCases() {
		b.Run(c.name, func(b *testing.B) {
			s, _ := benchDatabase(b)
			binding := NewBinding(s, nil, nil)
			body := strings.NewReader(c.body)
			r := httptest.NewRequest(http.MethodPost, c.path, body)
			ctx, cancel := context.WithCancel(b.Context()) // as a server's
			defer cancel()
			r = r.WithContext(ctx)
			w := lastAnswer{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				body.Reset(c.body)
				binding.ServeBinding(&w, r, "db")
				if !bytes.HasPrefix(w.body, []byte(`[{"success":true`)) {
					b.Fatal(string(w.body))
				}
			}
		})
	}
}

// lastAnswer keeps the body of the last answer.
type lastAnswer struct {
	header http.Header
	body   []byte
}

func (a *lastAnswer) Header() http.Header { return a.header }
func (a *lastAnswer) WriteHeader(int)     {}
func (a *lastAnswer) Write(p []byte) (int, error) {
	a.body = append(a.body[:0], p...)
	return len(p), nil
}

// BenchmarkBareSQLite is what SQLite itself needs for the same: the statement is
// prepared, its parameters lie packed, the rows are packed and left alone. The
// difference is what the binding costs.
func BenchmarkBareSQLite(b *testing.B) {
	for _, c := range benchCases() {
		b.Run(c.name, func(b *testing.B) {
			_, db := benchDatabase(b)
			qs, _, err := parseRequest([]byte(c.body))
			if err != nil {
				b.Fatal(err)
			}
			s, _, err := db.writer.Prepare(qs[0].sql)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := bare(db.writer, s, qs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// bare runs s with the parameters of each query, several as a transaction.
func bare(c *csqlite.Conn, s *csqlite.Stmt, qs []query) error {
	if len(qs) > 1 {
		if err := c.Begin(true); err != nil {
			return err
		}
	}
	for i := range qs {
		copy(c.ParamBuffer(len(qs[i].params)), qs[i].params)
		if _, err := c.Run(s, 0, csqlite.Packed, discard{}); err != nil {
			return err
		}
	}
	if len(qs) > 1 {
		return c.Commit()
	}
	return nil
}

// BenchmarkRun is the same below the protocol: packed parameters in, JSON out.
func BenchmarkRun(b *testing.B) {
	for _, c := range benchCases() {
		b.Run(c.name, func(b *testing.B) {
			_, db := benchDatabase(b)
			qs, _, err := parseRequest([]byte(c.body))
			if err != nil {
				b.Fatal(err)
			}
			var out encoder
			b.ReportAllocs()
			for b.Loop() {
				out.reset(asRows)
				if err := db.run(context.Background(), qs, &out); err != nil {
					b.Fatal(err)
				}
				out.finish()
			}
		})
	}
}

// BenchmarkIndexedLookup is one row found by an index, in a table that fits the
// processor's cache and in one that does not.
func BenchmarkIndexedLookup(b *testing.B) {
	for _, rows := range []int{1_000, 1_000_000} {
		b.Run(strconv.Itoa(rows), func(b *testing.B) {
			_, db := benchDatabase(b)
			if _, err := db.Exec(b.Context(), fmt.Sprintf(`CREATE TABLE big (id INTEGER PRIMARY KEY, code TEXT, n INTEGER);
				INSERT INTO big WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i, printf('code-%%07d', i), i FROM c;
				CREATE INDEX big_code ON big (code);`, rows)); err != nil {
				b.Fatal(err)
			}
			var out encoder
			for i := 0; b.Loop(); i++ {
				out.reset(asRows)
				packed := codec.PackBytes(nil, csqlite.Text, fmt.Sprintf("code-%07d", 1+i*7919%rows))
				if err := db.run(b.Context(), []query{{"SELECT id, n FROM big WHERE code = ?", packed, 1}}, &out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParallel has 16 callers at once.
func BenchmarkParallel(b *testing.B) {
	for _, c := range benchCases()[:3] {
		b.Run(c.name, func(b *testing.B) {
			_, db := benchDatabase(b)
			qs, _, err := parseRequest([]byte(c.body))
			if err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				var out encoder
				for pb.Next() {
					out.reset(asRows)
					if err := db.run(context.Background(), qs, &out); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, c := range benchCases()[:1] {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := parseRequest([]byte(c.body)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
