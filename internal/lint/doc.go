// Package lint holds the rules for this repository's source as tests: which package may
// import which, one clock, short functions, comments on everything exported, no marks of
// unfinished work, documents whose links and paths exist. source_test.go reads the files
// and runs a rule; each other file holds one rule with a test of the rule itself.
//
// The package reads the files directly. If it asked the go command, go test would cache
// the results and not notice changes.
package lint
