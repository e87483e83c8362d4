package driver

import (
	"net/http"

	"flint/internal/cferr"
)

// ErrKeyNotFound says that a key does not exist or has expired.
var ErrKeyNotFound = cferr.New(http.StatusNotFound, 10009, "key not found")

// ErrClosed says that the store or the namespace was closed or deleted meanwhile.
var ErrClosed = cferr.New(http.StatusServiceUnavailable, 10001, "the KV namespace is closed")

// ErrBulkBytes says that the values of a bulk read exceed MaxBulkGetBytes.
var ErrBulkBytes = cferr.Newf(http.StatusRequestEntityTooLarge, 10047, "Total size of request exceeds the limit of %dMB", MaxBulkGetBytes>>20)

// errLongBatch says that the pairs of one write have too many bytes.
func errLongBatch(bytes int) error {
	return cferr.Newf(http.StatusRequestEntityTooLarge, 10047, "A bulk write of %d bytes exceeds the limit of %d.", bytes, maxBatch)
}
