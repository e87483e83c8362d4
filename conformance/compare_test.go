package conformance

import (
	"strings"
	"testing"
)

func TestTolerances(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tolerance, want, got string
		same                 bool
	}{
		{"exact", `{"a":1}`, `{"a":1}`, true},
		{"exact", `{"a":1}`, `{"a": 1}`, false},
		{"sorted", `[1,{"b":[2,3]}]`, `[{"b":[3,2]},1]`, true},
		{"sorted", `[1,2]`, `[1,2,2]`, false},
		{"sorted", `{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		{"sorted", "b\na", "a\nb", true},
		{"sorted", "b\na", "a\na", false},
		{"approx 2", `{"n":10}`, `{"n":12}`, true},
		{"approx 2", `{"n":10}`, `{"n":12.5}`, false},
		{"approx 2", `{"n":10}`, `{"n":"10"}`, false},
		{"approx 2", `{"s":"a"}`, `{"s":"b"}`, false},
		{"shape", `{"id":"2b6f0cc904d137be2e1730235f5664094b831186","n":1}`, `{"id":"ad0234829205b9033196ba818f7a872bad0234829","n":77}`, true},
		{"shape", `{"at":"2026-01-02T03:04:05.6Z"}`, `{"at":"2027-11-12T13:14:15.678Z"}`, true},
		{"shape", `{"n":1}`, `{"n":"1"}`, false},
		{"shape", `{"n":1}`, `{"n":1,"m":1}`, false},
		{"shape", `{"b":true}`, `{"b":false}`, false},
		{"shape", `{"n":null}`, `{"n":1}`, false},
		{"shape", "took 12 ms", "took 7.5 ms", true},
		{"shape", "took 12 ms", "lasted 7 ms", false},
		{"sorted approx 1", `[10,1]`, `[1,11]`, true},
		{"status", "anything", "else", true},
		{"sorted", `{"a":1}`, "text", false},
	} {
		tolerance, err := parseTolerance(strings.Fields(c.tolerance))
		if err != nil {
			t.Fatal(err)
		}
		if tolerance.String() != c.tolerance {
			t.Errorf("%s is written %s", c.tolerance, tolerance)
		}
		diff := tolerance.Differ(&Answer{Status: 200, Body: c.want}, &Answer{Status: 200, Body: c.got})
		if (diff == "") != c.same {
			t.Errorf("%s: %s / %s: same is %v, want %v", c.tolerance, c.want, c.got, diff == "", c.same)
		}
	}
}

func TestDifferStatusAndHeaders(t *testing.T) {
	t.Parallel()
	answer := func(status int, value string) *Answer {
		return &Answer{Status: status, Header: []Field{{"X-A", value}}}
	}
	status := Tolerance{Status: true}
	for _, c := range []struct {
		want, got *Answer
		diff      string
	}{
		{answer(200, "1"), answer(200, "1"), ""},
		{answer(200, "1"), answer(404, "1"), "status: want 200, got 404"},
		{answer(200, "1"), answer(200, "2"), "header X-A: want 1, got 2"},
		{answer(200, "*"), answer(200, "2"), ""},
		{answer(200, "*"), answer(200, "-"), "header X-A: want *, got -"},
		{answer(200, "-"), answer(200, "2"), "header X-A: want -, got 2"},
		{answer(200, "-"), &Answer{Status: 200}, ""},
		{nil, answer(200, "1"), "want no answer\ngot  200\nX-A: 1"},
	} {
		if diff := status.Differ(c.want, c.got); diff != c.diff {
			t.Errorf("%v / %v: %q, want %q", c.want, c.got, diff, c.diff)
		}
	}
}
