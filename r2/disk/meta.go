package disk

import (
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"flint/internal/sqlite"
	"flint/r2/driver"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

var migrations = func() fs.FS {
	sub, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		panic(err) // the embedded folder is named two lines above
	}
	return sub
}()

// Where the content of an object is.
const (
	placeInline = iota
	placeBlob
	placeParts
)

const objectColumns = "version, size, etag, uploaded, storage_class, http, custom, checksums, place"

// statements are prepared once a bucket. They run in microseconds and take no
// context: the driver would start a goroutine for each.
type statements struct {
	head     *sql.Stmt // on a reader
	get      *sql.Stmt
	list     *sql.Stmt
	parts    *sql.Stmt
	previous *sql.Stmt // on the writer
	put      *sql.Stmt
	remove   *sql.Stmt
}

func prepare(db *sqlite.DB) (*statements, error) {
	s := &statements{}
	var err error
	for _, st := range []struct {
		to    **sql.Stmt
		on    *sql.DB
		query string
	}{
		{&s.head, db.Readers, "SELECT " + objectColumns + " FROM objects WHERE key = ?"},
		{&s.get, db.Readers, "SELECT " + objectColumns + ", data FROM objects WHERE key = ?"},
		{&s.list, db.Readers, "SELECT key, " + objectColumns + " FROM objects WHERE key >= ? AND key < ? ORDER BY key"},
		{&s.parts, db.Readers, "SELECT blob, size FROM object_parts WHERE version = ? ORDER BY part"},
		{&s.previous, db.Writer, "SELECT version, etag, uploaded, place FROM objects WHERE key = ?"},
		{&s.put, db.Writer, `INSERT INTO objects (key, ` + objectColumns + `, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET version = excluded.version, size = excluded.size, etag = excluded.etag,
			uploaded = excluded.uploaded, storage_class = excluded.storage_class, http = excluded.http,
			custom = excluded.custom, checksums = excluded.checksums, place = excluded.place, data = excluded.data`},
		{&s.remove, db.Writer, "DELETE FROM objects WHERE key = ?"},
	} {
		if *st.to, err = st.on.Prepare(st.query); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

func (s *statements) close() error {
	var err error
	for _, st := range []*sql.Stmt{s.head, s.get, s.list, s.parts, s.previous, s.put, s.remove} {
		if st != nil {
			err = errors.Join(err, st.Close())
		}
	}
	return err
}

// row is an object as the table has it.
type row struct {
	o                       driver.Object
	uploaded                int64
	http, custom, checksums string
	place                   int
	data                    []byte
}

// dest lists where objectColumns are scanned to.
func (r *row) dest(more ...any) []any {
	return append([]any{&r.o.Version, &r.o.Size, &r.o.ETag, &r.uploaded, &r.o.StorageClass, &r.http, &r.custom, &r.checksums, &r.place}, more...)
}

// args are the arguments of statements.put.
func (r *row) args() []any {
	return []any{
		r.o.Key, r.o.Version, r.o.Size, r.o.ETag, r.uploaded, r.o.StorageClass, r.http, r.custom, r.checksums, r.place, r.data,
	}
}

// scan reads the columns of an object, or returns ErrNoSuchKey.
func (r *row) scan(found *sql.Row, more ...any) error {
	err := found.Scan(r.dest(more...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return driver.ErrNoSuchKey
	}
	if err == nil {
		_, err = r.object()
	}
	return err
}

// copy is the object for a caller to have.
func (r *row) copy() *driver.Object {
	o := r.o
	return &o
}

// bytes is about what a row takes in memory.
func (r *row) bytes() int {
	return 512 + len(r.o.Key) + len(r.http) + len(r.custom) + len(r.checksums) + len(r.data)
}

// object decodes what the columns encode.
func (r *row) object() (*driver.Object, error) {
	r.o.Uploaded = time.UnixMilli(r.uploaded).UTC()
	if r.http != "" {
		if err := json.Unmarshal([]byte(r.http), &r.o.HTTP); err != nil {
			return nil, r.damaged(err)
		}
	}
	if r.custom != "" {
		if err := json.Unmarshal([]byte(r.custom), &r.o.Custom); err != nil {
			return nil, r.damaged(err)
		}
	}
	var err error
	if r.o.Checksums, r.o.Seal, err = driver.ParseChecksums(r.checksums, r.o.ETag); err != nil {
		return nil, r.damaged(err)
	}
	r.o.SSECKeyMD5 = driver.SealedMD5(r.o.Seal)
	return &r.o, nil
}

func (r *row) damaged(err error) error {
	return fmt.Errorf("the row of version %s is damaged: %w", r.o.Version, err)
}

// encodeMetadata is what the columns http and custom hold.
func encodeMetadata(h driver.HTTPMetadata, fields []driver.Field) (http, custom string, err error) {
	if h != (driver.HTTPMetadata{}) {
		text, err := json.Marshal(h)
		if err != nil {
			return "", "", err
		}
		http = string(text)
	}
	if len(fields) > 0 {
		text, err := json.Marshal(fields)
		if err != nil {
			return "", "", err
		}
		custom = string(text)
	}
	return http, custom, nil
}

// old is the object that a write replaces.
type old struct {
	version, etag string
	uploaded      int64
	place         int
}

// current finds the object that key has now, in the journal or in the table; nil if it has none.
func (b *Bucket) current(key string) (*old, error) {
	if r, _ := b.recent.find(key); r != nil {
		return &old{r.o.Version, r.o.ETag, r.uploaded, r.place}, nil
	}
	return previous(b.stmts.previous, key)
}

// previous finds the object that key has in the table; nil if it has none.
func previous(st *sql.Stmt, key string) (*old, error) {
	var o old
	err := st.QueryRow(key).Scan(&o.version, &o.etag, &o.uploaded, &o.place)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &o, nil
}

func (o *old) object() *driver.Object {
	if o == nil {
		return nil
	}
	return &driver.Object{ETag: o.etag, Uploaded: time.UnixMilli(o.uploaded)}
}

// release takes the content of a replaced object out of the tables and
// returns the blobs to discard once tx has committed. tx may be nil unless the
// object has parts.
func (o *old) release(tx *sql.Tx) ([]string, error) {
	switch {
	case o == nil || o.place == placeInline:
		return nil, nil
	case o.place == placeBlob:
		return []string{o.version}, nil
	}
	return column(tx, "DELETE FROM object_parts WHERE version = ? RETURNING blob", o.version)
}

// column runs a query of one text column to its end.
func column(q interface {
	Query(query string, args ...any) (*sql.Rows, error)
}, query string, args ...any) ([]string, error) {
	rows, err := q.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var values []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, rows.Err()
}

// namedBlobs is the set of blobs that some row names.
func (b *Bucket) namedBlobs() (map[string]bool, error) {
	ids, err := column(b.db.Readers, `SELECT version FROM objects WHERE place = 1
		UNION ALL SELECT blob FROM object_parts UNION ALL SELECT blob FROM upload_parts`)
	named := make(map[string]bool, len(ids))
	for _, id := range ids {
		named[id] = true
	}
	return named, err
}
