// Package kv has the commands of `flint kv`: keys, bulk files and namespaces, with
// Wrangler's flags and output, and the export and import of whole namespaces.
// Files are read and written item by item, so that their size does not matter.
// New makes the command; the rules of KV are in the service, not here.
package kv
