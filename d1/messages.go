package d1

// The sentences that a user of D1 sees, exactly as D1 says them.
// https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
const (
	msgNoStatement       = "SQL code did not contain a statement."
	msgNoStatements      = "No SQL statements detected."
	msgParamCount        = "Wrong number of parameter bindings for SQL query."
	msgParamsOnlyAtLast  = "When executing multiple SQL statements in a single call, only the last statement can have parameters."
	msgTransaction       = "To execute a transaction, please use the state.storage.transaction() or state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT statements. The JavaScript API is safer because it will automatically roll back on exceptions, and because it interacts correctly with Durable Objects' automatic atomic write coalescing."
	msgNotAuthorized     = "not authorized: SQLITE_AUTH"
	msgTimeout           = "D1 DB storage operation exceeded timeout which caused object to be reset."
	msgQueueFull         = "D1 DB is overloaded. Too many requests queued."
	msgMemory            = "D1 DB's isolate exceeded its memory limit and was reset."
	msgNotFound          = "The database %s could not be found"
	msgUnsupportedParam  = "Type '%s' not supported for value '%s'"
	msgNoMigrations      = "No migrations present at %s."
	msgMigrationBinary   = "the file holds a NUL byte: it is not SQL text"
	msgMigrationTooLarge = "the file is larger than %d bytes"
	msgMigrationPattern  = "the file would be %s, which migrations_pattern (%s) does not take in, so it would never be applied; make it with the tool whose layout the pattern describes, or change migrations_pattern"

	msgTimeFormat      = "Invalid timestamp '%s'. Please provide a valid Unix timestamp or ISO string, for example: %s\nFor accepted format, see: https://developer.mozilla.org/en-US/docs/Web/JavaScript/Reference/Global_Objects/Date#date_time_string_format"
	msgTimeFuture      = "Invalid timestamp '%s'. Please provide a timestamp in the past"
	msgTimeOld         = "Invalid timestamp '%s'. Please provide a timestamp within the last 30 days"
	msgTimeBefore      = "Invalid timestamp '%s'. The history of this database begins at %s"
	msgBookmarkInvalid = "Bookmark '%s' is invalid"
	msgBookmarkOld     = "Bookmark '%s' is older than 30 days"
	msgNoBackup        = "No backup has the id '%s'"
	msgManyBackups     = "The database has %d backups, which is as many as can be: delete one first"
)

// Codes of the REST API.
const (
	codeNotFound = 7404
)

// What is said of a file that is imported.
const (
	msgImportNoColumn  = "the table %q has no column %q (it has: %s); map it with --map %s=COLUMN, or leave it out with --map %s="
	msgImportGenerated = "the column %q of %q is generated; leave it out with --map %s="
	msgImportNoTable   = "there is no table %q; the tables are: %s. Make it with a migration, or let --create make it"
	msgImportThere     = "the table %q is there already; import into it without --create"
	msgImportRefused   = "the table %q is not one that an import may write"
	msgImportOpen      = "an import into %s stopped after %d rows (%d bytes of %s); go on with --resume, or begin again with --restart (rows that are there stay)"
	msgImportKept      = "%d rows of earlier batches stay; mend the file behind them and go on with --resume"
)

// What is said of an export.
const (
	msgExportVirtual = "D1 Export error: cannot export databases with Virtual Tables (fts5)"
	msgExportNoTable = "there is no table %q; the tables are: %s"
)
