package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/spf13/cobra"

	"flint/emulator"
)

// Source is a file of the user's that is sent, and how much of it is gone.
type Source struct {
	io.Reader
	Name  string
	Bytes int64 // in all, 0 if that is not known
	read  atomic.Int64
	File  *os.File
}

// OpenSource opens a file; - is the standard input.
func (a *App) OpenSource(name string) (*Source, error) {
	if name == "-" {
		return &Source{Reader: a.Streams.In, Name: "standard input"}, nil
	}
	return OpenFile(name)
}

// OpenFile opens a file that is to be sent.
func OpenFile(name string) (*Source, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, Usagef("cannot read %s: %w", name, WithoutPath(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("it is a directory")
	}
	if err != nil {
		f.Close()
		return nil, Usagef("cannot read %s: %w", name, WithoutPath(err))
	}
	return &Source{Reader: f, Name: name, Bytes: info.Size(), File: f}, nil
}

// WithoutPath is the cause alone, for a message that has the path.
func WithoutPath(err error) error {
	if p, ok := err.(*os.PathError); ok {
		return p.Err
	}
	return err
}

// Read implements io.Reader.
func (s *Source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.read.Add(int64(n))
	return n, err
}

// Close implements io.Closer.
func (s *Source) Close() error {
	if s.File == nil {
		return nil
	}
	return s.File.Close()
}

// Progress says on a terminal how far a file is. Everywhere else it is silent.
func (a *App) Progress(s *Source, what string, rows int64) {
	if !a.Streams.Terminal {
		return
	}
	read := s.read.Load()
	fmt.Fprintf(a.Streams.Err, "\r\x1b[K%s: %.1f MB", what, float64(read)/1e6)
	if s.Bytes > 0 {
		fmt.Fprintf(a.Streams.Err, " of %.1f MB, %d %%", float64(s.Bytes)/1e6, min(100*read/s.Bytes, 100))
	}
	if rows > 0 {
		fmt.Fprintf(a.Streams.Err, ", %d rows", rows)
	}
}

// ProgressDone wipes the line that Progress wrote.
func (a *App) ProgressDone() {
	if a.Streams.Terminal {
		fmt.Fprint(a.Streams.Err, "\r\x1b[K")
	}
}

// Stream sends a file and hands each line of the answer to each, by the name of
// its member.
func (a *App) Stream(cmd *cobra.Command, c *emulator.Client, path string, s *Source, each func(name string, value json.RawMessage) error) error {
	body, err := c.Stream(cmd.Context(), path, s)
	if err != nil {
		return err
	}
	defer body.Close()
	ended := false
	for lines := bufio.NewReaderSize(body, 64<<10); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		if err != nil {
			return fmt.Errorf("flint ended before the answer did: %w", err)
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal(line, &members); err != nil {
			return fmt.Errorf("flint's answer is not JSON: %w", err)
		}
		for name, value := range members {
			ended = ended || name == "done"
			if name == "error" {
				return streamError(value)
			}
			if err := each(name, value); err != nil {
				return err
			}
		}
	}
	if !ended {
		return fmt.Errorf("flint ended before the answer did; what was committed stays")
	}
	return nil
}

func streamError(value json.RawMessage) error {
	var e struct{ Message string }
	if err := json.Unmarshal(value, &e); err != nil {
		return err
	}
	return fmt.Errorf("%s", e.Message)
}

// Spool keeps what is printed only if all goes well: in memory, or in a file
// that has no name when it is much.
type Spool struct {
	buf  []byte
	file *os.File
}

// maxSpool bytes stay in memory.
const maxSpool = 4 << 20

// Write implements io.Writer.
func (s *Spool) Write(p []byte) (int, error) {
	s.buf = append(s.buf, p...)
	if len(s.buf) < maxSpool {
		return len(p), nil
	}
	if s.file == nil {
		f, err := os.CreateTemp("", "flint-results-")
		if err != nil {
			return 0, err
		}
		_ = os.Remove(f.Name()) // it goes with the process, however that ends
		s.file = f
	}
	_, err := s.file.Write(s.buf)
	s.buf = s.buf[:0]
	return len(p), err
}

// CopyTo writes everything to w.
func (s *Spool) CopyTo(w io.Writer) error {
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(w, s.file); err != nil {
			return err
		}
	}
	_, err := w.Write(s.buf)
	return err
}

// Close frees the file, if there is one.
func (s *Spool) Close() {
	if s.file != nil {
		s.file.Close()
	}
}

// Watched shows on a terminal, while a source is read, how far it is.
type Watched struct {
	*Source
	app   *App
	what  string
	shown int64
}

// progressStep is how many bytes pass between two looks at the terminal.
const progressStep = 4 << 20

// Watch makes a source show at the terminal how far it is read.
func (a *App) Watch(s *Source, what string) *Watched { return &Watched{Source: s, app: a, what: what} }

// Read implements io.Reader.
func (w *Watched) Read(p []byte) (int, error) {
	n, err := w.Source.Read(p)
	if read := w.read.Load(); read-w.shown >= progressStep {
		w.shown = read
		w.app.Progress(w.Source, w.what, 0)
	}
	return n, err
}

// Size is the length in bytes, 0 if it is not known.
func (w *Watched) Size() int64 { return w.Bytes }

// End wipes what was shown.
func (w *Watched) End() {
	if w.shown > 0 {
		w.app.ProgressDone()
	}
}
