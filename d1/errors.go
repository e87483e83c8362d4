package d1

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"flint/d1/codec"
	"flint/d1/csqlite"
	"flint/internal/cferr"
)

// sqlError is a failure of SQL in D1's own terms.
func sqlError(message string) *cferr.Error {
	return cferr.New(http.StatusBadRequest, codec.CodeSQL, message)
}

// notFound says that no database goes by a name or id.
func notFound(nameOrID string) *cferr.Error {
	return cferr.Newf(http.StatusNotFound, codeNotFound, msgNotFound, nameOrID)
}

// plain is what a person reads of an error: without the code for REST clients.
func plain(err error) string {
	var script *ScriptError
	var e *cferr.Error
	switch {
	case errors.As(err, &script):
		return script.Error()
	case errors.As(err, &e):
		return e.Message
	}
	return err.Error()
}

// translate turns an error of SQLite into D1's sentence; others pass.
func translate(ctx context.Context, err error) error {
	var e *csqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.TooLarge:
		return sqlError(msgMemory)
	case (e.Code == sqliteInterrupt || e.Code == sqliteBusy) && e.TimedOut:
		return sqlError(msgTimeout)
	case (e.Code == sqliteInterrupt || e.Code == sqliteBusy) && ctx.Err() != nil:
		return ctx.Err()
	case e.Code == sqliteAuth && e.Seen&csqlite.SeenTransaction != 0:
		return sqlError(msgTransaction)
	}
	return sqlError(sentence(e))
}

// sentence is SQLite's text as the runtime completes it:
// <text>[ at offset N]: SQLITE_X[ (extended: SQLITE_X_Y)].
func sentence(e *csqlite.Error) string {
	text := e.Message
	if e.Offset >= 0 {
		text += " at offset " + strconv.Itoa(e.Offset)
	}
	text += ": " + codeName(e.Code)
	if name := extendedNames[e.Extended]; e.Extended != e.Code && name != "" {
		text += " (extended: SQLITE_" + name + ")"
	}
	return text
}

func codeName(code int) string {
	if name := codeNames[code]; name != "" {
		return "SQLITE_" + name
	}
	return fmt.Sprintf("SQLITE_UNKNOWN_ERROR_CODE(%d)", code)
}

const (
	sqliteBusy      = 5
	sqliteInterrupt = 9
	sqliteAuth      = 23
)

// codeNames are SQLite's primary result codes.
// https://www.sqlite.org/rescode.html#primary_result_code_list
var codeNames = map[int]string{
	0: "OK", 1: "ERROR", 2: "INTERNAL", 3: "PERM", 4: "ABORT", 5: "BUSY", 6: "LOCKED", 7: "NOMEM",
	8: "READONLY", 9: "INTERRUPT", 10: "IOERR", 11: "CORRUPT", 12: "NOTFOUND", 13: "FULL", 14: "CANTOPEN",
	15: "PROTOCOL", 16: "EMPTY", 17: "SCHEMA", 18: "TOOBIG", 19: "CONSTRAINT", 20: "MISMATCH", 21: "MISUSE",
	22: "NOLFS", 23: "AUTH", 24: "FORMAT", 25: "RANGE", 26: "NOTADB", 27: "NOTICE", 28: "WARNING",
	100: "ROW", 101: "DONE",
}

// extendedNames are SQLite's extended result codes: the primary code and a
// number above it. https://www.sqlite.org/rescode.html#extended_result_code_list
var extendedNames = map[int]string{
	1 | 1<<8: "ERROR_MISSING_COLLSEQ", 1 | 2<<8: "ERROR_RETRY", 1 | 3<<8: "ERROR_SNAPSHOT",
	4 | 2<<8: "ABORT_ROLLBACK",
	5 | 1<<8: "BUSY_RECOVERY", 5 | 2<<8: "BUSY_SNAPSHOT", 5 | 3<<8: "BUSY_TIMEOUT",
	6 | 1<<8: "LOCKED_SHAREDCACHE", 6 | 2<<8: "LOCKED_VTAB",
	8 | 1<<8: "READONLY_RECOVERY", 8 | 2<<8: "READONLY_CANTLOCK", 8 | 3<<8: "READONLY_ROLLBACK",
	8 | 4<<8: "READONLY_DBMOVED", 8 | 5<<8: "READONLY_CANTINIT", 8 | 6<<8: "READONLY_DIRECTORY",
	10 | 1<<8: "IOERR_READ", 10 | 2<<8: "IOERR_SHORT_READ", 10 | 3<<8: "IOERR_WRITE", 10 | 4<<8: "IOERR_FSYNC",
	10 | 5<<8: "IOERR_DIR_FSYNC", 10 | 6<<8: "IOERR_TRUNCATE", 10 | 7<<8: "IOERR_FSTAT", 10 | 8<<8: "IOERR_UNLOCK",
	10 | 9<<8: "IOERR_RDLOCK", 10 | 10<<8: "IOERR_DELETE", 10 | 11<<8: "IOERR_BLOCKED", 10 | 12<<8: "IOERR_NOMEM",
	10 | 13<<8: "IOERR_ACCESS", 10 | 14<<8: "IOERR_CHECKRESERVEDLOCK", 10 | 15<<8: "IOERR_LOCK",
	10 | 16<<8: "IOERR_CLOSE", 10 | 17<<8: "IOERR_DIR_CLOSE", 10 | 18<<8: "IOERR_SHMOPEN", 10 | 19<<8: "IOERR_SHMSIZE",
	10 | 20<<8: "IOERR_SHMLOCK", 10 | 21<<8: "IOERR_SHMMAP", 10 | 22<<8: "IOERR_SEEK", 10 | 23<<8: "IOERR_DELETE_NOENT",
	10 | 24<<8: "IOERR_MMAP", 10 | 25<<8: "IOERR_GETTEMPPATH", 10 | 26<<8: "IOERR_CONVPATH", 10 | 27<<8: "IOERR_VNODE",
	10 | 28<<8: "IOERR_AUTH", 10 | 29<<8: "IOERR_BEGIN_ATOMIC", 10 | 30<<8: "IOERR_COMMIT_ATOMIC",
	10 | 31<<8: "IOERR_ROLLBACK_ATOMIC", 10 | 32<<8: "IOERR_DATA", 10 | 33<<8: "IOERR_CORRUPTFS",
	11 | 1<<8: "CORRUPT_VTAB", 11 | 2<<8: "CORRUPT_SEQUENCE", 11 | 3<<8: "CORRUPT_INDEX",
	14 | 1<<8: "CANTOPEN_NOTEMPDIR", 14 | 2<<8: "CANTOPEN_ISDIR", 14 | 3<<8: "CANTOPEN_FULLPATH",
	14 | 4<<8: "CANTOPEN_CONVPATH", 14 | 5<<8: "CANTOPEN_DIRTYWAL", 14 | 6<<8: "CANTOPEN_SYMLINK",
	19 | 1<<8: "CONSTRAINT_CHECK", 19 | 2<<8: "CONSTRAINT_COMMITHOOK", 19 | 3<<8: "CONSTRAINT_FOREIGNKEY",
	19 | 4<<8: "CONSTRAINT_FUNCTION", 19 | 5<<8: "CONSTRAINT_NOTNULL", 19 | 6<<8: "CONSTRAINT_PRIMARYKEY",
	19 | 7<<8: "CONSTRAINT_TRIGGER", 19 | 8<<8: "CONSTRAINT_UNIQUE", 19 | 9<<8: "CONSTRAINT_VTAB",
	19 | 10<<8: "CONSTRAINT_ROWID", 19 | 11<<8: "CONSTRAINT_PINNED", 19 | 12<<8: "CONSTRAINT_DATATYPE",
	23 | 1<<8: "AUTH_USER",
	27 | 1<<8: "NOTICE_RECOVER_WAL", 27 | 2<<8: "NOTICE_RECOVER_ROLLBACK",
	28 | 1<<8: "WARNING_AUTOINDEX",
}
