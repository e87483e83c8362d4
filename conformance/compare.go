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

// Tolerance is how much of a body may differ; its zero value is exact. Status
// and headers never may.
type Tolerance struct {
	Sorted bool    // the order of arrays, keys and (outside JSON) lines does not matter
	Approx float64 // numbers in JSON may differ by this much
	Shape  bool    // JSON: keys and types only; text: numbers, hex ids and UUIDs stand for any
	Status bool    // the body does not matter
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

// String is the tolerance as a step file writes it.
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

// Differ says in a few lines how got differs from want; empty when it does not.
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
		if v := valueOf(got.Header, f.Name); f.Value != v && (f.Value != "*" || v == "-") {
			out = append(out, fmt.Sprintf("header %s: want %s, got %s", f.Name, f.Value, v))
		}
	}
	if !t.bodies(want.Body, got.Body) {
		out = append(out, "body:\n"+diffLines(want.Body, got.Body))
	}
	return strings.Join(out, "\n")
}

func valueOf(header []Field, name string) string {
	for _, f := range header {
		if f.Name == name {
			return f.Value
		}
	}
	return "-"
}

func (t Tolerance) bodies(want, got string) bool {
	if want == got || t.Status {
		return true
	}
	if t == (Tolerance{}) {
		return false
	}
	w, wok := parseJSON(want)
	g, gok := parseJSON(got)
	if wok && gok {
		return t.values(w, g)
	}
	return wok == gok && t.text(want) == t.text(got)
}

func (t Tolerance) text(s string) string {
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

func (t Tolerance) values(want, got any) bool {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok || len(w) != len(g) {
			return false
		}
		for k, v := range w {
			if other, ok := g[k]; !ok || !t.values(v, other) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		return ok && t.arrays(w, g)
	case json.Number:
		g, ok := got.(json.Number)
		return ok && t.numbers(w, g)
	case string:
		g, ok := got.(string)
		return ok && (w == g || t.Shape && shapeOf(w) == shapeOf(g))
	}
	return want == got
}

func (t Tolerance) arrays(want, got []any) bool {
	if len(want) != len(got) {
		return false
	}
	if t.Sorted {
		want, got = sorted(want), sorted(got)
	}
	for i := range want {
		if !t.values(want[i], got[i]) {
			return false
		}
	}
	return true
}

func sorted(list []any) []any {
	out := slices.Clone(list)
	slices.SortFunc(out, func(a, b any) int {
		x, _ := json.Marshal(a) // decoded from JSON, so it encodes
		y, _ := json.Marshal(b)
		return bytes.Compare(x, y)
	})
	return out
}

func (t Tolerance) numbers(want, got json.Number) bool {
	if t.Shape || want == got {
		return true
	}
	w, err1 := want.Float64()
	g, err2 := got.Float64()
	return err1 == nil && err2 == nil && math.Abs(w-g) <= t.Approx
}

var (
	uuids   = regexp.MustCompile(`[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}`)
	hexes   = regexp.MustCompile(`\b[0-9a-fA-F]{8,}\b`)
	numbers = regexp.MustCompile(`[0-9]+(\.[0-9]+)?`)
)

// shapeOf puts names in the place of what changes from run to run.
func shapeOf(s string) string {
	s = uuids.ReplaceAllString(s, "<uuid>")
	s = hexes.ReplaceAllString(s, "<hex>")
	return numbers.ReplaceAllString(s, "<n>")
}

// diffLines shows the lines that only one side has, in order.
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
