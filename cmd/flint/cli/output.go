package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// PrintJSON prints a value as Wrangler does: indented by two spaces.
func (a *App) PrintJSON(v any) error {
	enc := json.NewEncoder(a.Streams.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// jsonList prints an array or object item by item, as printJSON would print it
// whole.
type jsonList struct {
	w     *bufio.Writer
	close string
	count int
}

// PrintList begins an array or object, by its brackets, that is printed item by item.
func (a *App) PrintList(open, close string) *jsonList {
	l := &jsonList{w: bufio.NewWriter(a.Streams.Out), close: close}
	l.w.WriteString(open) // end tells an error
	return l
}

// Add prints one item; name is empty in an array.
func (l *jsonList) Add(name string, v any) error {
	var b bytes.Buffer
	b.WriteString(",\n  "[min(l.count, 1)^1:])
	l.count++
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if name != "" {
		if err := enc.Encode(name); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // Encode ends with a newline
		b.WriteString(": ")
	}
	enc.SetIndent("  ", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1)
	_, err := l.w.Write(b.Bytes())
	return err
}

// End closes the list. After an error nothing, or a list that is not closed, is
// printed: nobody takes it for the whole.
func (l *jsonList) End(err error) error {
	if err != nil && l.count == 0 {
		return err
	}
	if l.count > 0 {
		l.w.WriteByte('\n')
	}
	if err == nil {
		l.w.WriteString(l.close + "\n")
	}
	return errors.Join(err, l.w.Flush())
}

// Table prints rows under a header, in columns as wide as they need to be, as
// Wrangler does: with a rule below every row.
func Table(w io.Writer, header []string, rows [][]string) {
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], Width(cell))
		}
	}
	border := func(left, middle, right string) {
		parts := make([]string, len(widths))
		for i, n := range widths {
			parts[i] = strings.Repeat("─", n+2)
		}
		fmt.Fprintln(w, left+strings.Join(parts, middle)+right)
	}
	line := func(row []string) {
		for i, cell := range row {
			fmt.Fprintf(w, "│ %s%s ", cell, strings.Repeat(" ", widths[i]-Width(cell)))
		}
		fmt.Fprintln(w, "│")
	}
	border("┌", "┬", "┐")
	line(header)
	for _, row := range rows {
		border("├", "┼", "┤")
		line(row)
	}
	border("└", "┴", "┘")
}

// Width is how many places a text takes on a terminal: wide characters and
// emoji take two.
func Width(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case r == 0xFE0F || r == 0x200D: // they change the character before
		case r >= 0x1100 && r <= 0x115F, r == '✅', r == '❌', r >= 0x2E80 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3,
			r >= 0xF900 && r <= 0xFAFF, r >= 0xFF00 && r <= 0xFF60, r >= 0x1F300 && r <= 0x1FAFF, r >= 0x20000 && r <= 0x3FFFD:
			n += 2
		default:
			n++
		}
	}
	return n
}

// ColumnsOf gives the keys of a JSON object in their order.
func ColumnsOf(object json.RawMessage) ([]string, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var keys []string
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		keys = append(keys, fmt.Sprint(key))
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// SortedKeys are the keys of m in their order, so that what is printed is always the same.
func SortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
