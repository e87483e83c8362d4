package console

import (
	"io"
	"os"
)

// Streams are a process's standard streams, so that a command can be run in a test.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // Out is a terminal: colours and progress make sense
	Asks     bool // In and Err are one: a person can be asked
}

// Std is the process's own streams. NO_COLOR and a dumb terminal switch
// colours and progress off.
func Std() Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.Terminal = terminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	s.Asks = terminal(os.Stdin) && terminal(os.Stderr)
	return s
}

// terminal reports whether f is a character device other than the null device.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}
