package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestParseDotenv(t *testing.T) {
	t.Parallel()
	src := "# comment\r\nA=plain\nB = spaced value  # tail\nexport C='it''s'\nD=\"two\nlines\\nthree\"\nE=`x \"y\" 'z'`\n" +
		"F=\nG: colon\nH=a#b\nno assignment\nA=last\nI='raw\\n'\nJ.k-l=dots\nM=\"unclosed\nN=n\n"
	want := map[string]string{
		"A": "last", "B": "spaced value", "C": "it''s", "D": "two\nlines\nthree", "E": `x "y" 'z'`, "F": "", "G": "colon",
		"H": "a", "I": `raw\n`, "J.k-l": "dots", "M": `"unclosed`, "N": "n",
	}
	got := map[string]string{}
	for _, s := range parseDotenv(".dev.vars", []byte(src)) {
		got[s.name] = s.value
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %q", got)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	p := &Project{
		Settings: Settings{R2Driver: "s3://key:hunter2@localhost:9000/?region=eu", KVDriver: "memory", R2Key: R2Key{"id", "hunter2"}},
		Workers:  []Worker{{Vars: []Var{{Name: "KEY", Text: "hunter2", Secret: true}, {Name: "OPEN", Text: "seen"}}}},
	}
	r := p.Redacted()
	if r.Settings.R2Driver != "s3://"+Mask+"@localhost:9000/?region=eu" || r.Workers[0].Vars[0].Text != Mask {
		t.Errorf("got %+v", r)
	}
	if p.Workers[0].Vars[0].Text != "hunter2" || p.Settings.R2Driver != "s3://key:hunter2@localhost:9000/?region=eu" {
		t.Error("the original was changed")
	}
	if r.Settings.R2Key != (R2Key{"id", Mask}) || p.Settings.R2Key.SecretAccessKey != "hunter2" {
		t.Errorf("got %+v", r.Settings.R2Key)
	}
	plain, err := json.Marshal(p.Workers[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{string(plain), fmt.Sprint(p.Workers[0].Vars), fmt.Sprintf("%+v %v", r, r)} {
		if strings.Contains(out, "hunter2") {
			t.Errorf("shown in %s", out)
		}
		if !strings.Contains(out, "seen") {
			t.Errorf("the open variable is hidden in %s", out)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	t.Parallel()
	known := []string{"kv_namespaces", "vars", "main"}
	for in, want := range map[string]string{
		"kv_namespace":           `; did you mean "kv_namespaces"?`,
		"kv-namespaces":          `; did you mean "kv_namespaces"?`,
		"var":                    `; did you mean "vars"?`,
		"zebra":                  "",
		strings.Repeat("x", 100): "",
	} {
		if got := didYouMean(in, known); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

// Values that are as written, down to the type.
func TestVarJSON(t *testing.T) {
	t.Parallel()
	dir := write(t, "wrangler.jsonc", `{"main": "x.js", "compatibility_date": "2025-01-01", "vars": {"BIG": 12345678901, "SMALL": 1e-7, "S": "a \"b\" <c>", "N": null, "D": {"x": [1.0, {"y": false}]}, "E": {"z": 1, "<b>": null, "a": {}, "z": []}}}`)
	got := map[string]string{}
	for _, v := range mustLoad(t, Options{Dir: dir}).Workers[0].Vars {
		got[v.Name] = v.Text + string(v.JSON)
	}
	for name, want := range map[string]string{"BIG": "12345678901", "SMALL": "1e-07", "S": `a "b" <c>`, "N": "null", "D": `{"x":[1,{"y":false}]}`, "E": `{"z":[],"\u003cb\u003e":null,"a":{}}`} {
		if got[name] != want {
			t.Errorf("%s: got %s, want %s", name, got[name], want)
		}
	}
}

// A Worker sees the keys of an object in the order of the file, however TOML
// spells it.
func TestVarKeepsTheOrderOfKeys(t *testing.T) {
	t.Parallel()
	dir := write(t, "wrangler.toml", `main = "x.js"
compatibility_date = "2025-01-01"
[vars]
INLINE = { list = [1, "x"], deep = { b = 1.5, a = true } }
DOTTED.z = 1
DOTTED.y.b = 2
DOTTED.a = 3
DOTTED.y.a = 4
[vars.TABLE]
z = 1
[[vars.TABLE.m]]
d = 1
c = 2
[[vars.TABLE.m]]
b = 3
a = 4
[vars.TABLE.a]
x = []
`)
	got := map[string]string{}
	for _, v := range mustLoad(t, Options{Dir: dir}).Workers[0].Vars {
		got[v.Name] = string(v.JSON)
	}
	for name, want := range map[string]string{
		"INLINE": `{"list":[1,"x"],"deep":{"b":1.5,"a":true}}`,
		"DOTTED": `{"z":1,"y":{"b":2,"a":4},"a":3}`,
		"TABLE":  `{"z":1,"m":[{"d":1,"c":2},{"b":3,"a":4}],"a":{"x":[]}}`,
	} {
		if got[name] != want {
			t.Errorf("%s: got %s, want %s", name, got[name], want)
		}
	}
}
