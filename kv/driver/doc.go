// Package driver is what the rules of KV and a store of its entries have in
// common: the interfaces Backend (all namespaces of a store) and Namespace (the
// entries of one), and the vocabulary of both: Entry, Key, the errors that a store
// answers with, and Record, the form in which changes are handed over and logged.
//
// Checked keys, values and moments come in; a driver applies no rule of KV. It
// keeps what it acknowledged, and hides what has expired by flint's clock. kv/memory
// and kv/redis are the two drivers; kv/kvtest tests every driver the same way.
package driver
