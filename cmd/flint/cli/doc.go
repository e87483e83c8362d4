// Package cli is what the commands of flint share: reading the project and
// reaching its state (App), arguments and flags as Wrangler has them, errors with
// their exit codes, tables and JSON as Wrangler prints them, files that are sent
// or read item by item, progress at a terminal.
//
// A command asks App for a client of the running flint, or of the state when none
// runs, and prints what the REST API answers. Nothing here knows a service: what
// only one group of commands needs stands in that group.
package cli
