// Package emulator is flint as a library: New, Start, Close, and RunT for
// tests. It is the one place where everything is wired together.
package emulator
