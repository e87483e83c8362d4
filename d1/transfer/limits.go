package transfer

const (
	ChunkBytes        = 256 << 10 // of rows handed to SQLite in one call
	ChunkRows         = 2048      // likewise
	maxColumnSets     = 256       // different sets of keys remembered in one file of JSON
	windowBytes       = 1 << 20   // of a file that is read in pieces
	MaxImportRowBytes = 16 << 20  // a row, or a statement, of a file to import
)
