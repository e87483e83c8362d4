package d1

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"flint/d1/codec"
)

func TestAppendNumber(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{ // as node prints JSON.stringify of them
		0: "0", math.Copysign(0, -1): "0", 1: "1", -1.5: "-1.5", 1e20: "100000000000000000000", 1e21: "1e+21", -1e300: "-1e+300",
		123456789012345680000: "123456789012345680000", 1e-6: "0.000001", 1e-7: "1e-7", 1.5e-10: "1.5e-10", 5e-324: "5e-324",
		math.MaxFloat64: "1.7976931348623157e+308", math.Inf(1): "null", math.NaN(): "null", 9007199254740992: "9007199254740992",
	} {
		if got := string(codec.AppendNumber(nil, f)); got != want {
			t.Errorf("%v: %s, want %s", f, got, want)
		}
	}
	if got := string(codec.AppendInteger(nil, math.MaxInt64)); got != "9223372036854776000" {
		t.Error(got)
	}
}

// What appendString writes, encoding/json reads back.
func TestAppendStringIsJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })).Draw(t, "in")
		var out string
		if err := json.Unmarshal(codec.AppendString(nil, []byte(in)), &out); err != nil {
			t.Fatal(err)
		}
		want := strings.Map(func(r rune) rune { return r }, in) // bytes that are not UTF-8 become U+FFFD
		if out != want {
			t.Fatalf("%q became %q, want %q", in, out, want)
		}
	})
}

// parseRequest reads what encoding/json writes.
func TestParseRequestReadsJSON(t *testing.T) {
	t.Parallel()
	param := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(rapid.String(), toAny[string]), rapid.Map(rapid.Float64(), toAny[float64]),
		rapid.Map(rapid.IntRange(-1000, 1<<40), func(i int) any { return float64(i) }), rapid.Map(rapid.SliceOf(rapid.IntRange(0, 255)), toAny[[]int]))
	rapid.Check(t, func(t *rapid.T) {
		sql, params := rapid.String().Draw(t, "sql"), rapid.SliceOf(param).Draw(t, "params")
		body, err := json.Marshal(map[string]any{"sql": sql, "params": params})
		if err != nil {
			t.Fatal(err)
		}
		qs, single, err := parseRequest(body)
		if err != nil || !single || len(qs) != 1 || qs[0].sql != sql || qs[0].count != len(params) {
			t.Fatalf("%s: %+v, %v", body, qs, err)
		}
		rest := qs[0].params
		for _, want := range params {
			var got any
			got, rest = codec.GoValue(rest)
			if ints, ok := want.([]int); ok {
				blob := make([]byte, len(ints))
				for i, n := range ints {
					blob[i] = byte(n)
				}
				want = blob
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%#v became %#v", want, got)
			}
		}
		if len(rest) != 0 {
			t.Fatalf("%d bytes left", len(rest))
		}
	})
}

func toAny[T any](v T) any { return v }
