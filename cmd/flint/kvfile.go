package main

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

// jsonFile is a file that holds one JSON array, read item by item: it may be
// larger than the memory.
type jsonFile struct {
	name string
	size int64
}

func openJSON(name string) (*jsonFile, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fileError(err)
	}
	if info.IsDir() {
		return nil, usagef("%s is a folder, not a JSON file", name)
	}
	return &jsonFile{name, info.Size()}, nil
}

// item is one item of the array.
type item struct {
	raw   json.RawMessage
	index int
	at    int64 // offset of its end in the file
	place func() string
}

// errorf says what is wrong with the item, and where it stands.
func (i *item) errorf(format string, args ...any) error {
	return usagef("%s: item %d: %s", i.place(), i.index, fmt.Sprintf(format, args...))
}

// each calls f for each item in turn.
func (j *jsonFile) each(f func(item) error) error {
	file, err := os.Open(j.name)
	if err != nil {
		return fileError(err)
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
		if err := f(item{raw, index, dec.InputOffset(), place}); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return j.broken(dec.InputOffset(), err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return usagef("%s: something follows the array", j.place(dec.InputOffset(), 0))
	}
	return nil
}

func (j *jsonFile) notArray(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return usagef("%s: %s", j.place(0, syntax.Offset-1), err)
	}
	return usagef("%s does not hold a JSON array", j.name)
}

// broken names the line at which the JSON ends to be JSON. The decoder's own
// offset does not count what stands between two items, so the item is read once
// more by itself.
func (j *jsonFile) broken(start int64, err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return usagef("%s: the file ends in the middle of the array", j.place(j.size, 0))
		}
		return err
	}
	file, openErr := os.Open(j.name)
	if openErr != nil {
		return openErr
	}
	defer file.Close()
	rest := bufio.NewReader(io.NewSectionReader(file, start, j.size-start))
	skipped := int64(0)
	for b, err := rest.ReadByte(); err == nil && strings.IndexByte(", \t\r\n", b) >= 0; b, err = rest.ReadByte() {
		skipped++
	}
	again := json.NewDecoder(io.NewSectionReader(file, start+skipped, j.size-start-skipped))
	var raw json.RawMessage
	if errors.As(again.Decode(&raw), &syntax) {
		return usagef("%s: %s", j.place(start+skipped, syntax.Offset-1), syntax)
	}
	return usagef("%s: %s", j.place(start, 0), err)
}

// place is file:line of what begins at an offset, behind the commas and spaces
// there; beyond is added to it.
func (j *jsonFile) place(offset, beyond int64) string {
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

// kvPair is an entry as Wrangler's files have it.
type kvPair struct {
	Key           *string         `json:"key"`
	Value         *string         `json:"value"`
	Expiration    *float64        `json:"expiration,omitempty"`
	ExpirationTTL *float64        `json:"expiration_ttl,omitempty"`
	Metadata      json.RawMessage `json:"metadata,omitempty"`
	Base64        bool            `json:"base64,omitempty"`
}

// checkPair says what keeps raw from being an entry.
func checkPair(raw []byte) error {
	var p kvPair
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(raw, &p); {
	case errors.As(err, &syntax):
		return syntax
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Errorf("%q must be a %s, not a %s", wrong.Field, jsonKind(wrong.Type), wrong.Value)
	case err != nil:
		return fmt.Errorf(`every item must be an object with "key" and "value", not %s`, short(raw))
	case p.Key == nil:
		return errors.New(`"key" is missing`)
	case p.Value == nil:
		return errors.New(`"value" is missing`)
	}
	return nil
}

func jsonKind(t reflect.Type) string {
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
func short(raw []byte) string {
	const most = 40
	if len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return string(raw)
}

// keyOfItem is a key in a list of keys: a string, or an object with a name.
func keyOfItem(i item) (string, error) {
	var key string
	if json.Unmarshal(i.raw, &key) == nil {
		return key, nil
	}
	var named struct{ Name *string }
	if json.Unmarshal(i.raw, &named) == nil && named.Name != nil {
		return *named.Name, nil
	}
	return "", i.errorf(`every item must be a key or an object with a "name", not %s`, short(i.raw))
}
