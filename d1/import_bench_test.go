package d1

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

// importedSchemas are the tables that the figures are about. Personality Spark's
// has a random key and a unique email: two indexes whose rows come in no order.
var importedSchemas = map[string]string{
	"spark":   "CREATE TABLE users (id TEXT PRIMARY KEY, email TEXT UNIQUE, username TEXT, created_at INTEGER, last_login INTEGER)",
	"1-index": "CREATE TABLE users (id TEXT, email TEXT, username TEXT, created_at INTEGER, last_login INTEGER); CREATE INDEX i ON users (created_at)",
}

// writeUsers makes a file of n rows in a format.
func writeUsers(format ImportFormat, n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	switch format {
	case FormatCSV:
		b.WriteString("id,email,username,created_at,last_login\n")
	case FormatJSON:
		b.WriteByte('[')
	}
	for i := range n {
		id, created := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()), 1700000000+r.IntN(50_000_000)
		switch format {
		case FormatCSV:
			fmt.Fprintf(&b, "%s,user%d@example.com,user %d,%d,\n", id, i, i, created)
		case FormatSQL:
			fmt.Fprintf(&b, "INSERT INTO \"users\" (\"id\",\"email\",\"username\",\"created_at\",\"last_login\") VALUES('%s','user%d@example.com','user %d',%d,NULL);\n", id, i, i, created)
		case FormatJSON:
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, `{"id": "%s", "email": "user%d@example.com", "username": "user %d", "created_at": %d, "last_login": null}`, id, i, i, created)
		}
	}
	if format == FormatJSON {
		b.WriteByte(']')
	}
	return b.Bytes()
}

// BenchmarkImport imports files of a million rows into indexed tables: rows/s is
// the figure.
func BenchmarkImport(b *testing.B) {
	const rows = 1_000_000
	for _, format := range []ImportFormat{FormatCSV, FormatJSON, FormatSQL} {
		file := writeUsers(format, rows)
		for name, schema := range importedSchemas {
			b.Run(string(format)+"/"+name, func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					db, err := openStore(b, b.TempDir()).Database("db")
					if err != nil {
						b.Fatal(err)
					}
					mustExec(b, db, schema)
					b.StartTimer()
					done, err := db.Import(context.Background(), bytes.NewReader(file), Import{Format: format, Table: "users"}, nil)
					if err != nil || done.Rows != rows {
						b.Fatalf("%+v, %v", done, err)
					}
				}
				b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}
