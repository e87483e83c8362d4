package history

import (
	"net/http"

	"flint/internal/cferr"
)

const (
	// MsgPageSize is the sentence of a file whose pages have another size.
	MsgPageSize = "The state has pages of %d bytes and the database has pages of %d: SQLite cannot restore that in one step. Set PRAGMA page_size back while flint does not run, and VACUUM"
)

// errPageSize says that a file cannot take the database's place.
func errPageSize(pages, want int64) error {
	return cferr.Newf(http.StatusBadRequest, 7400, MsgPageSize, pages, want)
}
