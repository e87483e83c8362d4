package d1

// The sentences that a user of D1 sees, exactly as D1 says them.
const (
	msgNoStatement       = "SQL code did not contain a statement."
	msgNoStatements      = "No SQL statements detected."
	msgParamCount        = "Wrong number of parameter bindings for SQL query."
	msgParamsOnlyAtLast  = "When executing multiple SQL statements in a single call, only the last statement can have parameters."
	msgTransaction       = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."
	msgNotAuthorized     = "not authorized: SQLITE_AUTH"
	msgTimeout           = "D1 DB storage operation exceeded timeout which caused object to be reset."
	msgQueueFull         = "D1 DB is overloaded. Too many requests queued."
	msgMemory            = "D1 DB exceeded its memory limit and was reset."
	msgNotFound          = "The database %s could not be found"
	msgMalformed         = "The request is malformed: %s"
	msgUnsupportedParam  = "Type '%s' not supported for value '%s'"
	msgNoMigrations      = "No migrations present at %s."
	msgMigrationBinary   = "the file holds a NUL byte: it is not SQL text"
	msgMigrationTooLarge = "the file is larger than %d bytes"

	msgTimeFormat      = "Invalid timestamp '%s'. Please provide a valid Unix timestamp or ISO string, for example: %s\nFor accepted format, see: https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Date#date_time_string_format"
	msgTimeFuture      = "Invalid timestamp '%s'. Please provide a timestamp in the past"
	msgTimeOld         = "Invalid timestamp '%s'. Please provide a timestamp within the last 30 days"
	msgTimeBefore      = "Invalid timestamp '%s'. The history of this database begins at %s"
	msgBookmarkInvalid = "Bookmark '%s' is invalid"
	msgBookmarkOld     = "Bookmark '%s' is older than 30 days"
	msgNoBackup        = "No backup has the id '%s'"
	msgPageSize        = "The state has pages of %d bytes and the database has pages of %d: SQLite cannot restore that in one step. Set PRAGMA page_size back while flint does not run, and VACUUM"
	msgManyBackups     = "The database has %d backups, which is as many as can be: delete one first"
)

// Codes of the REST API.
const (
	codeMalformed = 7400
	codeNotFound  = 7404
	codeSQL       = 7500
)
