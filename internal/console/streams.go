package console

import (
	"io"
	"os"
)

// Streams are a process's standard streams, so that a command can be run in a test.
type Streams struct {
	In        io.Reader
	Out, Err  io.Writer
	Terminal  bool // Out is a terminal: colours and progress may be written
	CanPrompt bool // In and Err are a terminal: a question can be asked
}

// Std returns the process's own streams. Terminal is false with NO_COLOR in the
// environment and on a dumb terminal.
func Std() Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.Terminal = terminal(os.Stdout) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	s.CanPrompt = terminal(os.Stdin) && terminal(os.Stderr)
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
