// Package lint holds the rules of the house as tests over the repository's own
// source: which package may import which, one clock, short functions, comments
// on everything exported, nothing left for later. It reads the files itself:
// what the go command says would be served stale from the test cache.
package lint
