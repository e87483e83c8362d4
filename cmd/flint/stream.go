package main

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

// source is a file of the user's that is sent, and how much of it is gone.
type source struct {
	io.Reader
	name string
	size int64 // 0 unknown
	read atomic.Int64
	file *os.File
}

// openSource opens a file; - is the standard input.
func (a *app) openSource(name string) (*source, error) {
	if name == "-" {
		return &source{Reader: a.std.In, name: "standard input"}, nil
	}
	return openFile(name)
}

func openFile(name string) (*source, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, usagef("cannot read %s: %w", name, withoutPath(err))
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("it is a directory")
	}
	if err != nil {
		f.Close()
		return nil, usagef("cannot read %s: %w", name, withoutPath(err))
	}
	return &source{Reader: f, name: name, size: info.Size(), file: f}, nil
}

// withoutPath is the cause alone, for a message that has the path.
func withoutPath(err error) error {
	if p, ok := err.(*os.PathError); ok {
		return p.Err
	}
	return err
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.read.Add(int64(n))
	return n, err
}

// Close implements io.Closer.
func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// progress says on a terminal how far a file is. Everywhere else it is silent.
func (a *app) progress(s *source, what string, rows int64) {
	if !a.std.Terminal {
		return
	}
	read := s.read.Load()
	fmt.Fprintf(a.std.Err, "\r\x1b[K%s: %.1f MB", what, float64(read)/1e6)
	if s.size > 0 {
		fmt.Fprintf(a.std.Err, " of %.1f MB, %d %%", float64(s.size)/1e6, min(100*read/s.size, 100))
	}
	if rows > 0 {
		fmt.Fprintf(a.std.Err, ", %d rows", rows)
	}
}

func (a *app) progressDone() {
	if a.std.Terminal {
		fmt.Fprint(a.std.Err, "\r\x1b[K")
	}
}

// stream sends a file and hands each line of the answer to each, by the name of
// its member.
func (a *app) stream(cmd *cobra.Command, c *emulator.Client, path string, s *source, each func(name string, value json.RawMessage) error) error {
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

// spool keeps what is printed only if all goes well: in memory, or in a file
// that has no name when it is much.
type spool struct {
	buf  []byte
	file *os.File
}

// maxSpool bytes stay in memory.
const maxSpool = 4 << 20

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
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

// copyTo writes everything to w.
func (s *spool) copyTo(w io.Writer) error {
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

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// watched shows on a terminal, while a source is read, how far it is.
type watched struct {
	*source
	app   *app
	what  string
	shown int64
}

// progressStep is how many bytes pass between two looks at the terminal.
const progressStep = 4 << 20

func (a *app) watch(s *source, what string) *watched { return &watched{source: s, app: a, what: what} }

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.source.Read(p)
	if read := w.read.Load(); read-w.shown >= progressStep {
		w.shown = read
		w.app.progress(w.source, w.what, 0)
	}
	return n, err
}

// Size is the length in bytes, 0 if it is not known.
func (w *watched) Size() int64 { return w.size }

func (w *watched) end() {
	if w.shown > 0 {
		w.app.progressDone()
	}
}
