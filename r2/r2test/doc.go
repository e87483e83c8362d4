// Package r2test is what every driver of r2 must do: the same tests and the same
// model run on each of them.
package r2test
