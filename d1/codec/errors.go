package codec

import (
	"net/http"

	"flint/internal/cferr"
)

const (
	msgMalformed = "The request is malformed: %s"
	// CodeMalformed is the code of a request that cannot be read.
	CodeMalformed = 7400
)

// Malformed says why a request cannot be read.
func Malformed(why string) *cferr.Error {
	return cferr.Newf(http.StatusBadRequest, CodeMalformed, msgMalformed, why)
}

const (
	// CodeSQL is the code of an error of SQL.
	CodeSQL = 7500
)
