// Package codec packs SQL values: the parameters of a query on their way into SQLite and the
// columns of a row on their way out, without a Go value for each. It reads them from JSON
// (json.go) and writes them as JSON, as JavaScript's JSON.stringify does (encode.go). It knows
// nothing of requests, databases or files.
package codec
