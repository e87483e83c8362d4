package shim

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"
)

// Names inside workerd. The entrypoint name cannot collide with a user's
// export by accident.
const (
	Entrypoint  = "__flint_entry"
	EntryModule = "__flint_entry.js"
	// ExceptionHeader marks a response that stands for an uncaught exception.
	ExceptionHeader = "X-Flint-Exception"
)

//go:embed entry.js
var entry string

// Dispatcher is the module that receives queue batches and cron events over
// HTTP and calls the Worker's handlers.
//
//go:embed dispatcher.js
var Dispatcher string

// D1Module is the name of the module D1.
const D1Module = "flint:d1-api"

// D1 is the module of D1 bindings that speak HTTP: the API that a Worker sees.
//
//go:embed d1_binding.js
var D1 string

// D1Entrypoint is the module of the entrypoint D1 of the dispatcher, which
// stands for a database where a Worker is needed: a binding that speaks RPC, or
// one that is passed on to another Worker.
//
//go:embed d1_entrypoint.js
var D1Entrypoint string

// UnservedModule is the name of the module Unserved.
const UnservedModule = "flint:unserved"

// Unserved is the module of a binding that flint does not serve yet: any use
// throws an error with the texts name and key of its inner bindings.
//
//go:embed unserved.js
var Unserved string

// Entry is the module that stands around main, the user's entry module. It
// adds the entrypoint that the front and the dispatcher talk to, which reports
// uncaught exceptions of the named Worker marked with token; other callers
// reach the user's own exports untouched.
func Entry(worker, main, token string, hasDefault bool) string {
	quoted, _ := json.Marshal("./" + main) // a string always marshals
	def := ""
	if hasDefault {
		def = "export { default } from " + string(quoted) + ";"
	}
	return strings.NewReplacer(
		`"flint:main"`, string(quoted),
		`"flint:token"`, `"`+token+`"`,
		`"flint:worker"`, strconv.Quote(worker),
		"/* flint:default */", def,
	).Replace(entry)
}
