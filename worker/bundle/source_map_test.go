package bundle

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestMapperPositions(t *testing.T) {
	t.Parallel()
	// Two generated lines: 0:0 -> a.ts 0:4 name n; 0:10 -> nothing; 1:2 -> b.ts 5:0.
	m, err := NewMapper([]byte(`{"version":3,"file":"index.js","sourceRoot":"src","sources":["a.ts","/b.ts"],"names":["n"],"mappings":"AAAIA,U;ECKJ"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line, col int
		want      string
	}{
		{1, 1, "src/a.ts:1:5 n true"}, {1, 10, "src/a.ts:1:5 n true"}, {1, 11, ":0:0  false"}, {1, 999, ":0:0  false"},
		{2, 1, ":0:0  false"}, {2, 3, "/b.ts:6:1  true"}, {2, 50, "/b.ts:6:1  true"}, {3, 1, ":0:0  false"}, {0, 1, ":0:0  false"}, {1, 0, ":0:0  false"},
	} {
		file, line, col, name, ok := m.Position(c.line, c.col)
		if got := fmt.Sprintf("%s:%d:%d %s %t", file, line, col, name, ok); got != c.want {
			t.Errorf("%d:%d: got %q, want %q", c.line, c.col, got, c.want)
		}
	}
}

func TestMapperRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ in, want string }{
		{`nonsense`, "invalid character"},
		{`{"version":2}`, "only version 3"},
		{`{"version":3,"sections":[]}`, "only version 3"},
		{`{"version":3,"sources":["a"],"mappings":"A*"}`, "not a base64 character"},
		{`{"version":3,"sources":["a"],"mappings":"AA"}`, "a mapping has 2 numbers"},
		{`{"version":3,"sources":["a"],"mappings":"AAAAAA"}`, "more than five numbers"},
		{`{"version":3,"sources":["a"],"mappings":"g"}`, "cut short"},
		{`{"version":3,"sources":["a"],"mappings":"ggggggggggggA"}`, "more than 32 bits"},
		{`{"version":3,"sources":["a"],"mappings":"ACAA"}`, "out of range"},
		{`{"version":3,"sources":["a"],"mappings":"D"}`, "out of range"},
	} {
		if _, err := NewMapper([]byte(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.in, err, c.want)
		}
	}
}

func TestStackKeepsStrangers(t *testing.T) {
	t.Parallel()
	m, err := NewMapper([]byte(`{"version":3,"file":"index.js","sources":["src/a.ts"],"names":[],"mappings":"AAAA"}`))
	if err != nil {
		t.Fatal(err)
	}
	in := "Error: at index.js:1:1 it broke\n    at f (index.js:1:5)\n    at async Object.fetch (file:///bundle/index.js:1:9)\n    at index.js:1:1\n" +
		"    at node:internal:1:1\n    at g (other-index.js:1:1)\n    at h (index.js:99:1)\n    at new Foo (<anonymous>)\n    at i (index.js:99999999999999999999:1)"
	want := "Error: at index.js:1:1 it broke\n    at f (src/a.ts:1:1)\n    at async Object.fetch (src/a.ts:1:1)\n    at src/a.ts:1:1\n" +
		"    at node:internal:1:1\n    at g (other-index.js:1:1)\n    at h (index.js:99:1)\n    at new Foo (<anonymous>)\n    at i (index.js:99999999999999999999:1)"
	if got := m.Stack(in); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if got := (*Mapper)(nil).Stack(in); got != in {
		t.Errorf("without a map: %s", got)
	}
}

// FuzzMapper: any mappings give an error or positions that are in range.
func FuzzMapper(f *testing.F) {
	for _, s := range []string{"", "AAAA", "AAAIA,U;ECKJ", ";;;,,", "ggggggB", "AAAA,CAAC;;D", "////////"} {
		f.Add(s, "    at f (index.js:1:1)")
	}
	f.Fuzz(func(t *testing.T, mappings, stack string) {
		doc, err := json.Marshal(map[string]any{"version": 3, "file": "index.js", "sources": []string{"a", "b"}, "names": []string{"n"}, "mappings": mappings})
		if err != nil {
			t.Skip()
		}
		m, err := NewMapper(doc)
		if err != nil {
			return
		}
		for line := 0; line < 4; line++ {
			for col := 0; col < 40; col++ {
				file, l, c, _, ok := m.Position(line, col)
				if ok && (l < 1 || c < 1 || file != "a" && file != "b") {
					t.Fatalf("%q %d:%d", file, l, c)
				}
			}
		}
		m.Stack(stack)
	})
}

// What the decoder reads is what an encoder wrote.
func FuzzVLQ(f *testing.F) {
	f.Add(int32(0))
	f.Add(int32(-1))
	f.Add(int32(1<<31 - 1))
	f.Fuzz(func(t *testing.T, n int32) {
		bits := uint64(n) << 1
		if n < 0 {
			bits = uint64(-int64(n))<<1 | 1
		}
		var text []byte
		for more := true; more; {
			digit := bits & 31
			bits >>= 5
			if more = bits > 0; more {
				digit |= 32
			}
			text = append(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[digit])
		}
		got, rest, err := decodeVLQ(string(text) + "A")
		if err != nil || got != n || rest != "A" {
			t.Fatalf("%d as %s: got %d, %q, %v", n, text, got, rest, err)
		}
	})
}
