// Package control is /_flint: what a test or a person does to a running
// emulator. It also guards the control port against web pages.
package control
