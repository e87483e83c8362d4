package csqlite

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func openNumbers(t *testing.T) *Conn {
	t.Helper()
	c := open(t, filepath.Join(t.TempDir(), "a"), false)
	mustRun(t, c, "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
	mustRun(t, c, "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i, -i FROM n")
	return c
}

func number(t *testing.T, c *Conn, sql string) int64 {
	t.Helper()
	n, err := c.TrustedInt(sql)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What the clause changes is compared with the peer (conformance/cases/d1/order-limit).
func TestDeleteAndUpdateWithLimit(t *testing.T) {
	t.Parallel()
	c := openNumbers(t)
	mustRun(t, c, "DELETE FROM t ORDER BY a LIMIT 2")
	if left := number(t, c, "SELECT max(id) * 100 + count(*) FROM t"); left != 707 {
		t.Errorf("after DELETE: %d", left)
	}
	mustRun(t, c, "UPDATE t SET a = 0 WHERE id > 1 ORDER BY id LIMIT 2 OFFSET 1")
	if changed := number(t, c, "SELECT sum(id) * 100 + count(*) FROM t WHERE a = 0"); changed != 702 {
		t.Errorf("after UPDATE: %d", changed)
	}
	s := mustPrepare(t, c, "UPDATE t SET a = ? RETURNING ?, id AS n ORDER BY id LIMIT ?")
	if s.Params != 3 || strings.Join(s.Columns, " ") != "? n" {
		t.Errorf("%d parameters, columns %q", s.Params, s.Columns)
	}
}

// A statement that is kept is compiled anew when the table is another: the
// text that SQLite keeps has the clause.
func TestLimitOutlivesItsTable(t *testing.T) {
	t.Parallel()
	c := openNumbers(t)
	const sql = "DELETE FROM t ORDER BY a LIMIT 1"
	mustRun(t, c, sql)
	mustRun(t, c, "DROP TABLE t")
	mustRun(t, c, "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID")
	mustRun(t, c, "INSERT INTO t VALUES ('a'), ('b'), ('c')")
	if st := mustRun(t, c, sql); st.Changes != 1 {
		t.Errorf("%+v", st)
	}
	if left := number(t, c, "SELECT count(*) FROM t WHERE a > 'a'"); left != 2 {
		t.Errorf("%d rows left", left)
	}
}

func TestScriptSplitsBehindLimit(t *testing.T) {
	t.Parallel()
	c := openNumbers(t)
	s := c.OpenScript("DELETE FROM t LIMIT 1; /* ; */ UPDATE t SET a = ';' ORDER BY id LIMIT 1 -- ;\n; SELECT 1")
	defer s.Close()
	var texts []string
	for {
		stmt, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if stmt == nil {
			break
		}
		texts = append(texts, s.Statement())
		c.Release(stmt)
	}
	want := []string{"DELETE FROM t LIMIT 1;", "/* ; */ UPDATE t SET a = ';' ORDER BY id LIMIT 1 -- ;\n;", "SELECT 1"}
	if strings.Join(texts, "|") != strings.Join(want, "|") {
		t.Errorf("%q", texts)
	}
}

func TestLimitCountsAsText(t *testing.T) {
	t.Parallel()
	c, err := Open(filepath.Join(t.TempDir(), "a"), Options{Policy: testPolicy(), Limits: map[int]int{1: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	mustRun(t, c, "CREATE TABLE t (a)")
	for length, code := range map[int]int{1000: 0, 1001: 18} {
		sql := "DELETE FROM t LIMIT 1"
		s := c.OpenScript(sql + strings.Repeat(" ", length-len(sql)-1) + ";")
		stmt, err := s.Next()
		var e *Error
		if errors.As(err, &e); (e == nil) != (code == 0) || e != nil && e.Code != code {
			t.Errorf("%d bytes: %v", length, err)
		}
		c.Release(stmt)
		s.Close()
	}
}

// Statements that are broken anywhere are errors or statements, never worse.
func TestBrokenLimits(t *testing.T) {
	t.Parallel()
	c := openNumbers(t)
	words := strings.Fields("EXPLAIN WITH x ( a ) AS ( SELECT 1 ORDER BY 1 LIMIT 2 ) UPDATE t AS y SET a = ? FROM x " +
		"WHERE id = ( SELECT ?2 ) RETURNING a , ? ORDER BY row_number ( ) OVER ( ORDER BY id ) , :n LIMIT 1 OFFSET ? ; DELETE FROM t LIMIT 1")
	prepared := 0
	try := func(words ...[]string) {
		var all []string
		for _, w := range words {
			all = append(all, w...)
		}
		s, _, err := c.Prepare(strings.Join(all, " "))
		if err == nil && s != nil {
			prepared++
		}
		c.Release(s)
	}
	for i := range words {
		try(words[:i])
		try(words[i:])
		for j := i + 1; j < len(words); j++ {
			try(words[:i], words[j:])                      // without some
			try(words[:i], words[j:j+1], words[i:])        // with one more
			try(words[:i], []string{"LIMIT", words[j]})    // another end
			try(words[:i], []string{"ORDER BY", words[j]}) // another clause
		}
	}
	if prepared < 10 {
		t.Errorf("only %d were statements", prepared)
	}
	if n := number(t, c, "SELECT count(*) FROM t"); n != 9 {
		t.Errorf("%d rows", n)
	}
}
