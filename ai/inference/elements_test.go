package inference

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"flint/internal/cferr"
)

func TestElements(t *testing.T) {
	t.Parallel()
	for _, list := range []string{`[]`, ` [ ] `, `[1]`, `[ 1 , "a,b" ,[2,[3]],{"a":[1,2],"]":","},null ]`, `["\\","\"",",\\\"]"]`, `["é\u00e9",""]`, "[\n1\t,\r2]"} {
		var want []json.RawMessage
		if err := json.Unmarshal([]byte(list), &want); err != nil {
			t.Fatal(err)
		}
		got := slices.Collect(listElements(json.RawMessage(list)))
		if !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
			t.Errorf("%s gave %q, want %q", list, got, want)
		}
		for _, item := range got {
			var text string
			if json.Unmarshal(item, &text) != nil || !IsType(item, "string") {
				continue
			}
			if n, ok := unescapedLength(item); ok != !strings.Contains(string(item), `\`) || ok && n != jsLength(text) {
				t.Errorf("%s has %d characters, %v", item, n, ok)
			}
		}
	}
}

// A name differs from its page's in its capitals alone.
func TestModelNameInOtherCase(t *testing.T) {
	t.Parallel()
	const name = "@cf/moondream/moondream3.1-9B-A2B"
	for _, asked := range []string{name, strings.ToLower(name), strings.ToUpper(name)} {
		if known, err := Lookup(asked); err != nil || known.Name != name {
			t.Errorf("%s is %v, %v", asked, known, err)
		}
	}
	_, err := Lookup(name + "x")
	if e := cferr.From(err); err == nil || e.Code != CodeNoSuchModel || !strings.Contains(e.Message, name) {
		t.Error(err)
	}
}
