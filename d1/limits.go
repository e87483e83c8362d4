package d1

import (
	"time"

	"flint/d1/history"
	"flint/d1/transfer"
)

// What D1 allows, as documented and as the runtime's own SQLite is configured.
// https://developers.cloudflare.com/d1/platform/limits/
const (
	MaxSQLBytes    = 100_000          // one SQL text
	MaxBoundParams = 100              // parameters of one statement
	MaxColumns     = 100              // columns of a table or a result
	MaxValueBytes  = 2_000_000        // one string, BLOB or row (the runtime's own limit is 4 MiB)
	MaxQueryTime   = 30 * time.Second // one statement
)

// sqliteLimits are the limits given to every connection, by SQLite's numbers.
// https://www.sqlite.org/c3ref/c_limit_attached.html
var sqliteLimits = map[int]int{
	0:  MaxValueBytes,  // length
	1:  MaxSQLBytes,    // SQL length
	2:  MaxColumns,     // columns
	3:  100,            // expression depth
	4:  5,              // compound SELECT terms
	5:  250_000,        // program instructions
	6:  127,            // function arguments
	7:  0,              // attached databases
	8:  50,             // LIKE pattern length
	9:  MaxBoundParams, // variable number
	10: 10,             // trigger depth
	11: 0,              // worker threads
}

// flint's own bounds.
const (
	MaxRequestBytes  = 100 << 20 // one request of a Worker or a REST client
	MaxResponseBytes = 128 << 20 // one answer; a Worker has no more memory than that
	MaxScriptBytes   = 100 << 20 // a file of SQL; D1's own import takes 5 GB

	DefaultImportRows = 250_000 // rows of one transaction of an import

	maxBatch          = 10_000 // statements in one batch or script request
	maxQueuedWrites   = 1000   // writes that wait for the one connection that writes
	readConnections   = 4      // slow reads that can run side by side, per database
	cachedStatements  = 128    // per connection
	keepBuffer        = 1 << 20
	maxKnownWrites    = 2048 // SQL texts remembered to be for the writer
	maxMigrationBytes = 10 << 20
	sampleRows        = 1000                   // rows from which a new table gets its types
	importCache       = 128 << 20              // of pages, while rows are imported
	defaultCache      = 2000 << 10             // SQLite's own
	importWait        = 200 * time.Millisecond // for more rows, before those at hand are committed
	stallTime         = 30 * time.Second       // a client that sends, or takes, nothing
)

// Bounds of the history. What is kept is at most historyBytes for a database,
// or twice its compressed size and 16 MiB where that is more.
const (
	maxBackups = 100 // of one database
)

// MaxTimeTravel is how far back a database can be restored.
const MaxTimeTravel = history.MaxTimeTravel

// MaxImportRowBytes is the longest row that an import takes, in bytes.
const MaxImportRowBytes = transfer.MaxImportRowBytes
