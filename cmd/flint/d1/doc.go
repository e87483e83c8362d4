// Package d1 has the commands of `flint d1`: execute, export, import, migrations,
// backups and time travel, with Wrangler's flags and output. Each is a client of
// the REST API and works the same with flint running and without.
// New makes the command; the rules of D1 are in the service, not here.
package d1
