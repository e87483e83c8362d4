package csqlite

/*
#cgo CFLAGS: -O2
#cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-all
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include "flint_sqlite.h"
#include <stdlib.h>
*/
import "C"

import (
	"fmt"
	"strings"
	"sync"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // compiles SQLite
)

// needed are the compile options without which D1's SQL is not complete.
var needed = []string{"ENABLE_FTS5", "ENABLE_MATH_FUNCTIONS", "ENABLE_RTREE", "ENABLE_UPDATE_DELETE_LIMIT"}

// CheckBuild says what D1 needs and the SQLite in this binary lacks, compile
// options or the counters of rowcount, or nil.
func CheckBuild() error { return checkBuild() }

var checkBuild = sync.OnceValue(func() error {
	var missing []string
	for _, option := range needed {
		name := C.CString(option)
		if C.sqlite3_compileoption_used(name) == 0 {
			missing = append(missing, "SQLITE_"+option)
		}
		C.free(unsafe.Pointer(name))
	}
	if C.fl_counted() == 0 {
		missing = append(missing, "counters of rows read and written")
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("flint was built without %s: build it with the Makefile (make build), which sets the tags, C flags and workspace that D1 needs", strings.Join(missing, ", "))
})

// Version is the version of the SQLite in this binary.
func Version() string { return C.GoString(C.sqlite3_libversion()) }

// Complete says whether sql ends with a whole statement: a semicolon that is
// not inside a string, a comment or the body of a trigger.
func Complete(sql string) bool {
	text := C.CString(sql)
	defer C.free(unsafe.Pointer(text))
	return C.fl_complete(text) != 0
}

// Error is a failure reported by SQLite.
type Error struct {
	Code     int    // primary result code
	Extended int    // extended result code
	Offset   int    // byte offset of the culprit in the SQL; -1 unknown
	Message  string // SQLite's text
	TimedOut bool   // stopped by the limit given to Run
	TooLarge bool   // one row outgrew the 64 MiB that a row may have
	Seen     Seen   // what the failed statement had asked for
}

// Error implements error with SQLite's own text.
func (e *Error) Error() string { return e.Message }

// Seen tells what a statement asked the authorizer for.
type Seen uint

// What a statement can ask for.
const (
	SeenTransaction Seen = C.FL_SEEN_TRANSACTION // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE
	SeenPragma      Seen = C.FL_SEEN_PRAGMA      // some need a transaction
	SeenStateful    Seen = C.FL_SEEN_STATEFUL    // a function that depends on the connection's history
	SeenSchema      Seen = C.FL_SEEN_SCHEMA      // CREATE, DROP, ALTER, REINDEX, ANALYZE
	SeenAlter       Seen = C.FL_SEEN_ALTER       // ALTER TABLE: a transaction is needed, to look at the new names in it
	SeenVirtual     Seen = C.FL_SEEN_VIRTUAL     // a write to a virtual table, which puts off some changes until the commit
)

// Kinds of packed value, the first byte of each.
const (
	Null    = C.FL_NULL    // nothing follows
	Integer = C.FL_INTEGER // 8 bytes follow, as in memory
	Real    = C.FL_REAL    // 8 bytes follow, as in memory
	Text    = C.FL_TEXT    // a length of 4 bytes and that many bytes follow
	Blob    = C.FL_BLOB    // likewise
)
