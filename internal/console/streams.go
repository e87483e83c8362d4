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
}

// Std is the process's own streams. NO_COLOR and a dumb terminal switch
// colours and progress off.
func Std() Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	info, err := os.Stdout.Stat()
	s.Terminal = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}
