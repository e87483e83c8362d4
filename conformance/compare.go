package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Tolerance is how a body may differ from the expected one. The zero value is exact.
// Status and headers must always be equal.
type Tolerance struct {
	Sorted bool    // the order of arrays, keys and, in other text, of lines is ignored
	Approx float64 // numbers in JSON may differ by this much
	Shape  bool    // in JSON keys and types are compared; in other text any number, hex id or UUID is equal
	Status bool    // the body is ignored
}

func parseTolerance(words []string) (t Tolerance, err error) {
	for i := 0; i < len(words); i++ {
		switch w := words[i]; w {
		case "exact":
		case "sorted":
			t.Sorted = true
		case "shape":
			t.Shape = true
		case "status":
			t.Status = true
		case "approx":
			i++
			if i == len(words) {
				return t, fmt.Errorf("approx without a number")
			}
			if t.Approx, err = strconv.ParseFloat(words[i], 64); err != nil || t.Approx <= 0 {
				return t, fmt.Errorf("approx %s: want a number above 0", words[i])
			}
		default:
			return t, fmt.Errorf("tolerance %q: want exact, sorted, approx N, shape or status", w)
		}
	}
	return t, nil
}

// String returns the tolerance as a step file writes it.
func (t Tolerance) String() string {
	var words []string
	if t.Sorted {
		words = append(words, "sorted")
	}
	if t.Approx > 0 {
		words = append(words, "approx "+strconv.FormatFloat(t.Approx, 'g', -1, 64))
	}
	if t.Shape {
		words = append(words, "shape")
	}
	if t.Status {
		words = append(words, "status")
	}
	if words == nil {
		return "exact"
	}
	return strings.Join(words, " ")
}

// Differ describes in a few lines how got differs from want; empty when it does not.
func (t Tolerance) Differ(want, got *Answer) string {
	if want == nil || got == nil {
		if want == got {
			return ""
		}
		return fmt.Sprintf("want %v\ngot  %v", want, got)
	}
	var out []string
	if want.Status != got.Status {
		out = append(out, fmt.Sprintf("status: want %d, got %d", want.Status, got.Status))
	}
	for _, f := range want.Header {
		if v := headerValue(got.Header, f.Name); f.Value != v && (f.Value != "*" || v == "-") {
			out = append(out, fmt.Sprintf("header %s: want %s, got %s", f.Name, f.Value, v))
		}
	}
	if !t.bodiesMatch(want.Body, got.Body) {
		out = append(out, "body:\n"+diffLines(want.Body, got.Body))
	}
	return strings.Join(out, "\n")
}

func headerValue(header []Field, name string) string {
	for _, f := range header {
		if f.Name == name {
			return f.Value
		}
	}
	return "-"
}

func (t Tolerance) bodiesMatch(want, got string) bool {
	if want == got || t.Status {
		return true
	}
	if t == (Tolerance{}) {
		return false
	}
	w, wok := parseJSON(want)
	g, gok := parseJSON(got)
	if wok && gok {
		return t.valuesMatch(w, g)
	}
	return wok == gok && t.normalize(want) == t.normalize(got)
}

func (t Tolerance) normalize(s string) string {
	if t.Sorted {
		lines := strings.Split(s, "\n")
		slices.Sort(lines)
		s = strings.Join(lines, "\n")
	}
	if t.Shape {
		s = shapeOf(s)
	}
	return s
}

func parseJSON(s string) (v any, ok bool) {
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

func (t Tolerance) valuesMatch(want, got any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(w) != len(g) {
			return false
		}
		for k, v := range w {
			if other, ok := g[k]; !ok || !t.valuesMatch(v, other) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		return ok && t.arraysMatch(w, g)
	case json.Number:
		g, ok := got.(json.Number)
		return ok && t.numbersMatch(w, g)
	case string:
		g, ok := got.(string)
		return ok && (w == g || t.Shape && shapeOf(w) == shapeOf(g))
	}
	return want == got
}

func (t Tolerance) arraysMatch(want, got []any) bool {
	if len(want) != len(got) {
		return false
	}
	if t.Sorted {
		want, got = sortedCopy(want), sortedCopy(got)
	}
	for i := range want {
		if !t.valuesMatch(want[i], got[i]) {
			return false
		}
	}
	return true
}

func sortedCopy(list []any) []any {
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b any) int {
		x, _ := json.Marshal(a) // cannot fail: it was decoded from JSON
		y, _ := json.Marshal(b)
		return bytes.Compare(x, y)
	})
	return out
}

func (t Tolerance) numbersMatch(want, got json.Number) bool {
	if t.Shape || want == got {
		return true
	}
	w, err1 := want.Float64()
	g, err2 := got.Float64()
	return err1 == nil && err2 == nil && math.Abs(w-g) <= t.Approx
}

var (
	uuidPattern   = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)
	hexPattern    = regexp.MustCompile(`\b[0-9a-fA-F]{8,}\b`)
	numberPattern = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)
)

// shapeOf replaces what changes from run to run by placeholders.
func shapeOf(s string) string {
	s = uuidPattern.ReplaceAllString(s, "<uuid>")
	s = hexPattern.ReplaceAllString(s, "<hex>")
	return numberPattern.ReplaceAllString(s, "<n>")
}

// diffLines returns the lines that only one side has, in order.
func diffLines(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out []string
	for _, l := range w {
		if !slices.Contains(g, l) {
			out = append(out, "  want "+l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			out = append(out, "  got  "+l)
		}
	}
	if out == nil {
		return "  the same lines, in another order or number"
	}
	return strings.Join(out, "\n")
}
