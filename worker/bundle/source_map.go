package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Mapper finds the source of a place in a bundle.
// https://tc39.es/ecma426/
type Mapper struct {
	file    string // the generated file's name
	sources []string
	names   []string
	lines   [][]segment // by generated line
}

// segment says that from a generated column on, code comes from a source.
type segment struct {
	column             int32 // generated
	source             int32 // -1: from no source
	line, sourceColumn int32
	name               int32 // -1: none
}

// NewMapper decodes a source map of version 3. Index maps (sections) are refused.
func NewMapper(sourceMap []byte) (*Mapper, error) {
	var raw struct {
		Version    int               `json:"version"`
		File       string            `json:"file"`
		SourceRoot string            `json:"sourceRoot"`
		Sources    []*string         `json:"sources"`
		Names      []string          `json:"names"`
		Mappings   string            `json:"mappings"`
		Sections   []json.RawMessage `json:"sections"`
	}
	if err := json.Unmarshal(sourceMap, &raw); err != nil {
		return nil, fmt.Errorf("source map: %w", err)
	}
	if raw.Version != 3 || raw.Sections != nil {
		return nil, errors.New("source map: only version 3 without sections is read")
	}
	m := &Mapper{file: raw.File, names: raw.Names}
	for _, s := range raw.Sources {
		m.sources = append(m.sources, sourcePath(raw.SourceRoot, s))
	}
	return m, m.decode(raw.Mappings)
}

func sourcePath(root string, source *string) string {
	switch {
	case source == nil:
		return ""
	case root == "" || strings.HasPrefix(*source, "/") || strings.Contains(*source, "://"):
		return *source
	}
	return path.Join(root, *source)
}

// decode reads the mappings: lines end with ;, segments with a comma, and each
// segment is one, four or five numbers that count from the previous ones.
func (m *Mapper) decode(mappings string) error {
	var source, line, column, name int32
	for text := range strings.SplitSeq(mappings, ";") {
		var segments []segment
		var generated int32
		for len(text) > 0 {
			var field [5]int32
			n, rest, err := decodeSegment(text, &field)
			if err != nil {
				return fmt.Errorf("source map: %w", err)
			}
			text = rest
			if n == 0 {
				continue
			}
			generated += field[0]
			s := segment{column: generated, source: -1, name: -1}
			if n >= 4 {
				source, line, column = source+field[1], line+field[2], column+field[3]
				s.source, s.line, s.sourceColumn = source, line, column
			}
			if n == 5 {
				name += field[4]
				s.name = name
			}
			if err := m.checkSegment(s); err != nil {
				return err
			}
			segments = append(segments, s)
		}
		if !slices.IsSortedFunc(segments, byColumn) {
			slices.SortStableFunc(segments, byColumn)
		}
		m.lines = append(m.lines, segments)
	}
	return nil
}

func byColumn(a, b segment) int { return int(a.column) - int(b.column) }

func (m *Mapper) checkSegment(s segment) error {
	if s.column < 0 || s.source < -1 || int(s.source) >= len(m.sources) || s.line < 0 || s.sourceColumn < 0 || s.name < -1 || int(s.name) >= len(m.names) {
		return errors.New("source map: a mapping is out of range")
	}
	return nil
}

// decodeSegment reads up to the next comma. n is 0 for an empty segment.
func decodeSegment(text string, field *[5]int32) (n int, rest string, err error) {
	for len(text) > 0 {
		if text[0] == ',' {
			text = text[1:]
			break
		}
		if n == len(field) {
			return 0, "", errors.New("a mapping has more than five numbers")
		}
		if field[n], text, err = decodeVLQ(text); err != nil {
			return 0, "", err
		}
		n++
	}
	if n == 2 || n == 3 {
		return 0, "", fmt.Errorf("a mapping has %d numbers", n)
	}
	return n, text, nil
}

var base64Value = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		t[c] = int8(i)
	}
	return t
}()

// decodeVLQ reads one number: five bits a character, the lowest group first;
// the lowest bit of all is the sign.
func decodeVLQ(text string) (value int32, rest string, err error) {
	var bits uint64
	for i := 0; i < len(text); i++ {
		digit := base64Value[text[i]]
		if digit < 0 {
			return 0, "", fmt.Errorf("%q is not a base64 character", text[i])
		}
		if i > 6 {
			return 0, "", errors.New("a number has more than 32 bits")
		}
		bits |= uint64(digit&31) << (5 * i)
		if digit&32 != 0 {
			continue
		}
		number := int64(bits >> 1)
		if bits&1 != 0 {
			number = -number
		}
		if int64(int32(number)) != number {
			return 0, "", errors.New("a number has more than 32 bits")
		}
		return int32(number), text[i+1:], nil
	}
	return 0, "", errors.New("a number is cut short")
}

// Position finds the source of a place in the bundle. Lines and columns are
// 1-based, as V8 prints them; name is the original name at that place, if any.
func (m *Mapper) Position(line, col int) (file string, srcLine, srcCol int, name string, ok bool) {
	if m == nil || line < 1 || line > len(m.lines) || col < 1 {
		return "", 0, 0, "", false
	}
	segments := m.lines[line-1]
	i := sort.Search(len(segments), func(i int) bool { return int(segments[i].column) > col-1 }) - 1
	if i < 0 || segments[i].source < 0 {
		return "", 0, 0, "", false
	}
	s := segments[i]
	if s.name >= 0 {
		name = m.names[s.name]
	}
	return m.sources[s.source], int(s.line) + 1, int(s.sourceColumn) + 1, name, true
}

// frame is a line of a V8 stack: "    at f (file:1:2)", "    at file:1:2".
var frame = regexp.MustCompile(`(?m)^(\s*at (?:.*\()?)([^()\s]+):(\d+):(\d+)(\)?)$`)

// Stack rewrites the frames of a V8 stack that are in the bundle; all others
// (workerd's own, other modules) stay as they are.
func (m *Mapper) Stack(stack string) string {
	if m == nil {
		return stack
	}
	return frame.ReplaceAllStringFunc(stack, func(text string) string {
		f := frame.FindStringSubmatch(text)
		line, err := strconv.Atoi(f[3])
		col, err2 := strconv.Atoi(f[4])
		if err != nil || err2 != nil || !m.owns(f[2]) {
			return text
		}
		file, line, col, _, ok := m.Position(line, col)
		if !ok {
			return text
		}
		return fmt.Sprintf("%s%s:%d:%d%s", f[1], file, line, col, f[5])
	})
}

// owns reports whether a frame's file is the generated one; workerd prints the
// module's name, with or without a scheme and folders before it.
func (m *Mapper) owns(file string) bool {
	return m.file != "" && (file == m.file || strings.HasSuffix(file, "/"+m.file))
}
