// Package kvtest is what every driver of kv must do: the same tests and the same
// model run on each of them.
package kvtest
