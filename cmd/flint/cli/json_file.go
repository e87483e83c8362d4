package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
)

// JSONFile is a file that holds one JSON array, read item by item: it may be
// larger than the memory.
type JSONFile struct {
	name string
	Size int64
}

// OpenJSON opens a file that holds a JSON array.
func OpenJSON(name string) (*JSONFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, FileError(err)
	}
	if info.IsDir() {
		return nil, Usagef("%s is a folder, not a JSON file", name)
	}
	return &JSONFile{name, info.Size()}, nil
}

// Item is one item of the array.
type Item struct {
	Raw   json.RawMessage
	Index int
	At    int64 // offset of its end in the file
	Place func() string
}

// Errorf says what is wrong with the item, and where it stands.
func (i *Item) Errorf(format string, args ...any) error {
	return Usagef("%s: item %d: %s", i.Place(), i.Index, fmt.Sprintf(format, args...))
}

// Each calls f for each item in turn.
func (j *JSONFile) Each(f func(Item) error) error {
	file, err := os.Open(j.name)
	if err != nil {
		return FileError(err)
	}
	defer file.Close()
	dec := json.NewDecoder(file)
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return j.notArray(err)
	}
	for index := 0; dec.More(); index++ {
		start := dec.InputOffset()
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return j.broken(start, err)
		}
		place := func() string { return j.place(start, 0) }
		if err := f(Item{raw, index, dec.InputOffset(), place}); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return j.broken(dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return Usagef("%s: something follows the array", j.place(dec.InputOffset(), 0))
	}
	return nil
}

func (j *JSONFile) notArray(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return Usagef("%s: %s", j.place(0, syntax.Offset-1), err)
	}
	return Usagef("%s does not hold a JSON array", j.name)
}

// broken names the line at which the JSON ends to be JSON. The decoder's own
// offset does not count what stands between two items, so the item is read once
// more by itself.
func (j *JSONFile) broken(start int64, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return Usagef("%s: the file ends in the middle of the array", j.place(j.Size, 0))
		}
		return err
	}
	file, openErr := os.Open(j.name)
	if openErr != nil {
		return openErr
	}
	defer file.Close()
	rest := bufio.NewReader(io.NewSectionReader(file, start, j.Size-start))
	skipped := int64(0)
	for b, err := rest.ReadByte(); err == nil && strings.IndexByte(", \t\r\n", b) >= 0; b, err = rest.ReadByte() {
		skipped++
	}
	again := json.NewDecoder(io.NewSectionReader(file, start+skipped, j.Size-start-skipped))
	var raw json.RawMessage
	if errors.As(again.Decode(&raw), &syntax) {
		return Usagef("%s: %s", j.place(start+skipped, syntax.Offset-1), syntax)
	}
	return Usagef("%s: %s", j.place(start, 0), err)
}

// place is file:line of what begins at an offset, behind the commas and spaces
// there; beyond is added to it.
func (j *JSONFile) place(offset, beyond int64) string {
	file, err := os.Open(j.name)
	if err != nil {
		return j.name
	}
	defer file.Close()
	r := bufio.NewReader(file)
	line := 1 + countLines(io.LimitReader(r, offset))
	if beyond > 0 {
		return fmt.Sprintf("%s:%d", j.name, line+countLines(io.LimitReader(r, beyond)))
	}
	for b, err := r.ReadByte(); err == nil && strings.IndexByte(", \t\r\n", b) >= 0; b, err = r.ReadByte() {
		if b == '\n' {
			line++
		}
	}
	return fmt.Sprintf("%s:%d", j.name, line)
}

func countLines(r io.Reader) int {
	buf, lines := make([]byte, 32<<10), 0
	for {
		n, err := r.Read(buf)
		lines += bytes.Count(buf[:n], []byte("\n"))
		if err != nil {
			return lines
		}
	}
}

// JSONKind names a Go type as JSON calls it.
func JSONKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "boolean"
	default:
		return "string"
	}
}

// short is the beginning of a JSON text, for a message.
func Excerpt(raw []byte) string {
	const most = 40
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return string(raw)
}

// WrongItem gives an error of an item its place in the file.
func WrongItem(i Item, err error) error {
	if err == nil {
		return nil
	}
	return i.Errorf("%s", err)
}
