package bundle

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/evanw/esbuild/pkg/api"
)

// Message is one error or warning.
type Message struct {
	Text     string
	File     string // relative to the Worker's folder; empty when no file is meant
	Line     int    // 1-based; 0 when the whole file is meant
	Column   int    // 1-based, in characters
	Length   int    // in characters
	LineText string
	Notes    []string // what to do about it
}

// Error says why a Worker cannot be bundled.
type Error struct {
	Messages []Message
	Inputs   []string // absolute paths of the files read so far: a change of one may mend it
}

func newError(format string, args ...any) *Error {
	return &Error{Messages: []Message{{Text: fmt.Sprintf(format, args...)}}}
}

func (e *Error) add(file, text string) {
	e.Messages = append(e.Messages, Message{File: file, Text: text})
}

// Error lists the messages with their places and lines of code.
func (e *Error) Error() string { return e.Pretty(false) }

// Pretty is Error, with terminal colours if wanted.
func (e *Error) Pretty(color bool) string {
	out := make([]string, len(e.Messages))
	for i, m := range e.Messages {
		out[i] = m.Pretty(color)
	}
	return strings.Join(out, "\n")
}

// String is file:line:column: text.
func (m Message) String() string {
	switch {
	case m.File == "":
		return m.Text
	case m.Line == 0:
		return m.File + ": " + m.Text
	}
	return fmt.Sprintf("%s:%d:%d: %s", m.File, m.Line, m.Column, m.Text)
}

// Pretty adds the line of code, a mark under the place, and the notes.
func (m Message) Pretty(color bool) string {
	paint := func(code, s string) string {
		if !color {
			return s
		}
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	var b strings.Builder
	b.WriteString(paint("1", m.String()))
	if m.Line > 0 && m.LineText != "" {
		number := fmt.Sprintf("%5d", m.Line)
		line, column := window(m.LineText, m.Column)
		b.WriteString("\n" + paint("2", number+" │ ") + line)
		b.WriteString("\n" + paint("2", strings.Repeat(" ", len(number))+" ╵ ") + indent(line, column-1) + paint("31", strings.Repeat("^", min(max(m.Length, 1), frameWidth))))
	}
	for _, n := range m.Notes {
		b.WriteString("\n" + paint("2", "      = ") + strings.TrimSpace(n))
	}
	return b.String()
}

const frameWidth = 120 // characters of a line of code that are shown

// window cuts a long (minified) line to what surrounds the column.
func window(line string, column int) (string, int) {
	runes := []rune(line)
	if len(runes) <= frameWidth {
		return line, column
	}
	start := min(max(column-1-frameWidth/3, 0), len(runes))
	end := min(start+frameWidth, len(runes))
	return string(runes[start:end]), column - start
}

// indent is as wide as the first n characters of line, keeping its tabs.
func indent(line string, n int) string {
	var b strings.Builder
	for i, c := range []rune(line) {
		if i >= n {
			break
		}
		if c != '\t' {
			c = ' '
		}
		b.WriteRune(c)
	}
	return b.String()
}

// failed turns esbuild's errors into an *Error.
func (s *Session) failed(errors []api.Message) *Error {
	e := &Error{Messages: s.messages(errors)}
	if s.collect != nil {
		e.Inputs = s.inputs()
	}
	return e
}

var unresolved = regexp.MustCompile(`^Could not resolve "([^"]+)"$`)

func (s *Session) messages(all []api.Message) []Message {
	var out []Message
	for _, m := range all {
		msg := Message{Text: m.Text}
		if l := m.Location; l != nil {
			before := l.LineText[:min(l.Column, len(l.LineText))]
			at := l.LineText[len(before):min(len(before)+l.Length, len(l.LineText))]
			msg.File, msg.Line, msg.LineText = s.rel(l.File), l.Line, l.LineText
			msg.Column, msg.Length = utf8.RuneCountInString(before)+1, utf8.RuneCountInString(at)
		}
		msg.Notes = s.notes(m)
		out = append(out, msg)
	}
	return out
}

// notes puts advice for Workers in place of esbuild's for its own command line.
func (s *Session) notes(m api.Message) []string {
	if match := unresolved.FindStringSubmatch(m.Text); match != nil {
		switch name := match[1]; {
		case isBuiltin(name):
			return []string{name + " is built into Node; " + s.nodeFlag()}
		case !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "/"):
			return []string{"install the package (npm install " + name + ") or give it another meaning under alias in " + fileLabel(s.worker.File)}
		}
		return nil
	}
	if strings.HasPrefix(m.Text, "No loader is configured for") {
		return []string{`say in ` + fileLabel(s.worker.File) + ` how to import it: rules = [{ type = "Data", globs = ["**/*.ext"] }] (or Text, CompiledWasm)`}
	}
	var out []string
	for _, n := range m.Notes {
		out = append(out, n.Text)
	}
	return out
}
