package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"flint/cmd/flint/cli"
	"flint/cmd/flint/kv"
	"flint/internal/testkit"
)

// The KV commands do the same with flint running and without.
func TestKVCommands(t *testing.T) {
	t.Parallel()
	stoppedAndRunning(t, nil, func(t *testing.T, dir string, _ bool) {
		t.Run("key", func(t *testing.T) { kvKey(t, dir) })
		t.Run("bulk", func(t *testing.T) { kvBulk(t, dir) })
		t.Run("namespace", func(t *testing.T) { kvNamespace(t, dir) })
		t.Run("export", func(t *testing.T) { kvExport(t, dir) })
	})
}

// wantOut runs a command that must print exactly this on standard output.
func wantOut(t *testing.T, dir, want string, args ...string) {
	t.Helper()
	if out := mustFlint(t, dir, args...); out != want {
		t.Errorf("flint %s printed\n%q, want\n%q", strings.Join(args, " "), out, want)
	}
}

// The sentences are those of the pinned Wrangler, `wrangler kv … --local`.
func kvKey(t *testing.T, dir string) {
	file := filepath.Join(dir, "f.txt")
	testkit.WriteFile(t, file, "from a file")
	wantOut(t, dir, "Writing the value \"v1\" to key \"a\" on namespace binding: \"KV\" (id: \"kv-id\") with metadata \"{\"m\":1}\".\n",
		"kv", "key", "put", "a", "v1", "--binding", "KV", "--metadata", `{"m":1}`, "--preview", "false", "--local")
	wantOut(t, dir, "v1", "kv", "key", "get", "a", "--namespace-id", "kv-id", "--preview", "false")
	wantOut(t, dir, "v1\n", "kv", "key", "get", "a", "--binding", "KV", "--text")
	wantOut(t, dir, "Writing the contents of "+file+" to the key \"b\" on namespace id: \"kv-id\".\n",
		"kv", "key", "put", "b", "--path", file, "--namespace-id", "kv-id", "--remote", "false")
	wantOut(t, dir, "[\n  {\n    \"name\": \"a\",\n    \"metadata\": {\n      \"m\": 1\n    }\n  },\n  {\n    \"name\": \"b\"\n  }\n]\n", "kv", "key", "list")
	wantOut(t, dir, "[]\n", "kv", "key", "list", "--prefix", "zz")
	for _, key := range []string{"a", "b", "nobody"} {
		wantOut(t, dir, fmt.Sprintf("Deleting the key %q on namespace binding: \"KV\" (id: \"kv-id\").\n", key), "kv", "key", "delete", key)
	}
	for i, key := range []string{"%", "a/b", " a b ", "👩‍🚀", strings.Repeat("k", 512), "--", "%2F"} {
		value := fmt.Sprint("value ", i)
		mustFlint(t, dir, "kv", "key", "put", "--binding", "KV", "--", key, value)
		wantOut(t, dir, value, "kv", "key", "get", "--", key)
		mustFlint(t, dir, "kv", "key", "delete", "--", key)
	}
	mustFlint(t, dir, "kv", "key", "put", "empty", "")
	wantOut(t, dir, "", "kv", "key", "get", "empty")
	mustFlint(t, dir, "kv", "key", "delete", "empty")
	wantOut(t, dir, "[]\n", "kv", "key", "list")
}

func kvBulk(t *testing.T, dir string) {
	file := filepath.Join(dir, "bulk.json")
	testkit.WriteFile(t, file, `[{"key":"a","value":"1"},{"key":"b","value":"aGk=","base64":true,"metadata":{"m":1}},
{"key":"c","value":"<x>","expiration":4000000000}]`)
	keys := filepath.Join(dir, "keys.json")
	testkit.WriteFile(t, keys, `["a", {"name":"b"}, "nope", "c", "a"]`)
	wantOut(t, dir, "Success!\n", "kv", "bulk", "put", file)
	wantOut(t, dir, "{\n  \"a\": {\n    \"value\": \"1\"\n  },\n  \"b\": {\n    \"value\": \"hi\"\n  },\n  \"nope\": {\n    \"value\": null\n  },\n  \"c\": {\n    \"value\": \"<x>\"\n  }\n}\n",
		"kv", "bulk", "get", keys, "--binding", "KV")
	if out := mustFlint(t, dir, "kv", "key", "list", "--prefix", "c"); !strings.Contains(out, `"expiration": 4000000000`) {
		t.Errorf("list: %s", out)
	}
	wantOut(t, dir, "Success!\n", "kv", "bulk", "delete", keys, "--force")
	wantOut(t, dir, "[]\n", "kv", "key", "list")

	// More than one request of each kind.
	var many, names []string
	for i := range 2500 {
		many = append(many, fmt.Sprintf(`{"key":"many/%04d","value":"v%d"}`, i, i))
		names = append(names, fmt.Sprintf("%q", fmt.Sprintf("many/%04d", i)))
	}
	testkit.WriteFile(t, file, "["+strings.Join(many, ",\n")+"]")
	testkit.WriteFile(t, keys, "["+strings.Join(names, ",")+"]")
	wantOut(t, dir, "Success!\n", "kv", "bulk", "put", file)
	var got map[string]struct{ Value string }
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "kv", "bulk", "get", keys)), &got); err != nil || len(got) != 2500 || got["many/2499"].Value != "v2499" {
		t.Errorf("bulk get of many: %d, %v", len(got), err)
	}
	var listed []any
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "kv", "key", "list")), &listed); err != nil || len(listed) != 2500 {
		t.Errorf("list of many: %d, %v", len(listed), err)
	}
	// What the server refuses has its place in the file, and what stands before it is there.
	many[1234] = `{"key":"` + strings.Repeat("k", 513) + `","value":"v"}`
	many[1233] = `{"key":"many/new","value":"v"}`
	testkit.WriteFile(t, file, "["+strings.Join(many, ",\n")+"]")
	o := flint(t, dir, "kv", "bulk", "put", file)
	want := file + ":1235: item 1234: bulk put: 'UTF-8 encoded length of 513 exceeds key length limit of 512.' (the items before it are stored)"
	if o.code != 1 || !strings.Contains(o.err, want) {
		t.Errorf("exit %d, %q; want %q", o.code, o.err, want)
	}
	wantOut(t, dir, "v", "kv", "key", "get", "many/new")
	mustFlint(t, dir, "kv", "key", "delete", "many/new")
	wantOut(t, dir, "Success!\n", "kv", "bulk", "delete", keys)
	wantOut(t, dir, "[]\n", "kv", "key", "list")
}

func kvNamespace(t *testing.T, dir string) {
	find := func(title string) string {
		t.Helper()
		var all []struct{ ID, Title string }
		if err := json.Unmarshal([]byte(mustFlint(t, dir, "kv", "namespace", "list")), &all); err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			if n.Title == title {
				return n.ID
			}
		}
		return ""
	}
	out := mustFlint(t, dir, "kv", "namespace", "create", "my space")
	id := find("my space")
	if want := "Creating namespace with title \"my space\"\nSuccess! Bind it in the Wrangler file:\n[[kv_namespaces]]\nbinding = \"my_space\"\nid = \"" + id + "\"\n"; id == "" || out != want {
		t.Errorf("create printed %q, want %q", out, want)
	}
	if find("KV") != "kv-id" {
		t.Error("the namespace of the configuration is not listed")
	}
	mustFlint(t, dir, "kv", "key", "put", "k", "v", "--namespace-id", id)
	wantOut(t, dir, "Renaming KV namespace "+id+" to \"other\".\nSuccessfully renamed namespace to \"other\"\n", "kv", "namespace", "rename", "my space", "--new-name", "other")
	mustFlint(t, dir, "kv", "namespace", "rename", "--namespace-id", id, "--new-name", "third")
	shown := fmt.Sprintf("%q (id: %q).\n", "third", id)
	wantOut(t, dir, "Deleting KV namespace "+shown+"Deleted KV namespace "+shown, "kv", "namespace", "delete", "third", "-y")
	if find("third") != "" {
		t.Error("a deleted namespace is listed")
	}
	for want, args := range map[string][]string{
		`no KV namespace is called "third"`: {"kv", "namespace", "delete", "third"},
		`namespace not found`:               {"kv", "namespace", "rename", "--namespace-id", id, "--new-name", "x"},
		`with this account ID and title`:    {"kv", "namespace", "create", "KV"},
	} {
		if o := flint(t, dir, args...); o.code != 1 || !strings.Contains(o.err, want) {
			t.Errorf("%v: exit %d, %q", args, o.code, o.err)
		}
	}
}

func kvExport(t *testing.T, dir string) {
	file := filepath.Join(dir, "bulk.json")
	binary := "\x00\xff\xfebinary"
	testkit.WriteFile(t, filepath.Join(dir, "bin"), binary)
	testkit.WriteFile(t, file, `[{"key":"text","value":"é <&> \ufffd","metadata":{"a":[1,"<"]}},{"key":"later","value":"","expiration":4000000000}]`)
	mustFlint(t, dir, "kv", "bulk", "put", file)
	mustFlint(t, dir, "kv", "key", "put", "bin", "--path", filepath.Join(dir, "bin"))
	want := `{"key":"bin","value":"AP/+YmluYXJ5","base64":true}
{"key":"later","value":"","expiration":4000000000}
{"key":"text","value":"w6kgPCY+IO+/vQ==","base64":true,"metadata":{"a":[1,"<"]}}
`
	wantOut(t, dir, want, "kv", "export")
	lines := filepath.Join(dir, "out.jsonl")
	wantOut(t, dir, "Exported 3 keys to "+lines+".\n", "kv", "export", "--output", lines)
	testkit.WriteFile(t, lines, want+"\n"+`{"key":"gone","value":"x","expiration":1}`+"\n")
	created := mustFlint(t, dir, "kv", "namespace", "create", "copy")
	_, id, _ := strings.Cut(created, "id = \"")
	id = strings.TrimSuffix(id, "\"\n")
	wantOut(t, dir, "Imported 3 keys.\n1 more have expired, or will within a minute, and were left out.\n", "kv", "import", lines, "--namespace-id", id)
	wantOut(t, dir, want, "kv", "export", "--namespace-id", id)
	wantOut(t, dir, binary, "kv", "key", "get", "bin", "--namespace-id", id)
	for _, key := range []string{"text", "later", "bin"} {
		mustFlint(t, dir, "kv", "key", "delete", key)
	}
}

// What is wrong with a command or a file is one sentence that gives the place.
func TestKVMistakes(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	two := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\nkv_namespaces = [{ binding = \"A\", id = \"a\" }, { binding = \"B\", id = \"b\" }]\n",
		"index.js":      "export default {}",
	})
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "f.json")
		testkit.WriteFile(t, name, text)
		return name
	}
	key := func(args ...string) []string { return append([]string{"kv", "key"}, args...) }
	bulk := func(verb, text string) []string { return []string{"kv", "bulk", verb, file(text)} }
	for name, c := range map[string]struct {
		dir  string
		args []string
		code int
		want string
	}{
		"which namespace":  {two, key("get", "k"), 2, "which namespace? Name one with --binding (A, B) or --namespace-id"},
		"both selectors":   {two, key("get", "k", "--binding", "A", "--namespace-id", "b"), 2, "give --binding or --namespace-id, not both"},
		"unknown binding":  {two, key("list", "--binding", "C"), 2, `no KV namespace has the binding "C"; the project binds: A, B`},
		"preview":          {dir, key("get", "k", "--preview"), 2, "--preview: a binding has one namespace here"},
		"remote":           {dir, key("get", "k", "--remote"), 2, "never connects to Cloudflare"},
		"value and path":   {dir, key("put", "k", "v", "--path", "f"), 2, "give the value or --path, not both"},
		"no such path":     {dir, key("put", "k", "--path", "nope"), 2, "nope: no such file or directory"},
		"metadata":         {dir, key("put", "k", "v", "--metadata", "{bad"), 2, "--metadata must be JSON"},
		"no key":           {dir, key("put"), 2, "flint kv key put needs a key"},
		"ttl not a number": {dir, key("put", "k", "v", "--ttl", "soon"), 2, "--ttl"},
		"ttl zero":         {dir, key("put", "k", "v", "--ttl", "0"), 1, "Invalid expiration_ttl of 0. Please specify integer greater than 0."},
		"ttl short":        {dir, key("put", "k", "v", "--ttl", "59"), 1, "Invalid expiration_ttl of 59. Expiration TTL must be at least 60."},
		"expiration past":  {dir, key("put", "k", "v", "--expiration", "1"), 1, "Invalid expiration of 1. Please specify integer greater than the current number of seconds since the UNIX epoch."},
		"long key":         {dir, key("put", strings.Repeat("k", 513), "v"), 1, "UTF-8 encoded length of 513 exceeds key length limit of 512."},
		"long metadata":    {dir, key("put", "k", "v", "--metadata", `"`+strings.Repeat("m", 1100)+`"`), 1, "Metadata length of 1102 exceeds limit of 1024."},
		"illegal key":      {dir, key("put", "..", "v"), 1, `Illegal key name ".."`},
		"missing key":      {dir, key("get", "nope"), 1, "key not found"},

		"no namespace": {dir, key("put", "k", "v", "--namespace-id", "nope"), 1, `no KV namespace has the id "nope"`},

		"no file":          {dir, []string{"kv", "bulk", "put", "nope.json"}, 2, "nope.json: no such file or directory"},
		"folder":           {dir, []string{"kv", "bulk", "put", dir}, 2, "is a folder, not a JSON file"},
		"empty file":       {dir, bulk("put", ""), 2, "f.json does not hold a JSON array"},
		"object":           {dir, bulk("put", `{"a":1}`), 2, "f.json does not hold a JSON array"},
		"not JSON":         {dir, bulk("put", "\nkey,value\n"), 2, "f.json:2: invalid character 'k'"},
		"comma missing":    {dir, bulk("put", "[{\"key\":\"a\",\"value\":\"1\"},\n{\"key\":\"b\"\n\"value\":\"x\"}]"), 2, "f.json:3: invalid character '\"' after object key:value pair"},
		"item missing":     {dir, bulk("put", "[{\"key\":\"a\",\"value\":\"1\"},\n\n]"), 2, "f.json:3: invalid character ']'"},
		"cut off":          {dir, bulk("put", "[{\"key\":\"a\",\"value\":\"1\"},\n{\"key\":"), 2, "f.json:2: the file ends in the middle of the array"},
		"more behind":      {dir, bulk("put", "[]\n[]"), 2, "f.json:2: something follows the array"},
		"value no string":  {dir, bulk("put", "[{\"key\":\"a\",\"value\":\"1\"},\n\n{\"key\":\"b\",\"value\":3}]"), 2, `f.json:3: item 1: "value" must be a string, not a number`},
		"ttl no number":    {dir, bulk("put", `[{"key":"a","value":"1","expiration_ttl":"60"}]`), 2, `f.json:1: item 0: "expiration_ttl" must be a number, not a string`},
		"key missing":      {dir, bulk("put", `[{"value":"1"}]`), 2, `f.json:1: item 0: "key" is missing`},
		"value missing":    {dir, bulk("put", `[{"key":"1"}]`), 2, `f.json:1: item 0: "value" is missing`},
		"no object":        {dir, bulk("put", `["a"]`), 2, `f.json:1: item 0: every item must be an object with "key" and "value", not "a"`},
		"bad base64":       {dir, bulk("put", `[{"key":"k","value":"!","base64":true}]`), 1, `f.json:1: item 0: bulk put: 'The value of "k" is not base64'`},
		"get no keys":      {dir, bulk("get", `[{"key":"a"}]`), 2, `f.json:1: item 0: every item must be a key or an object with a "name", not {"key":"a"}`},
		"delete no keys":   {dir, bulk("delete", `["a",1]`), 2, `f.json:1: item 1: every item must be a key or an object with a "name", not 1`},
		"import an array":  {dir, []string{"kv", "import", file("[]")}, 2, "holds a JSON array, not JSON lines; import it with `flint kv bulk put`"},
		"import broken":    {dir, []string{"kv", "import", file("{\"key\":\"a\",\"value\":\"1\"}\n{\"key\":\"a\" 1}\n")}, 2, "f.json:2: invalid character '1'"},
		"import long key":  {dir, []string{"kv", "import", file("\n{\"key\":\"" + strings.Repeat("k", 513) + "\",\"value\":\"1\"}\n")}, 1, "f.json:2: item 1: bulk put: 'UTF-8 encoded length of 513"},
		"export nowhere":   {dir, []string{"kv", "export", "--output", filepath.Join(dir, "no", "dir")}, 2, "--output"},
		"rename to what":   {dir, []string{"kv", "namespace", "rename", "x"}, 2, "--new-name is missing"},
		"rename what":      {dir, []string{"kv", "namespace", "rename", "--new-name", "x"}, 2, "which namespace?"},
		"delete what":      {dir, []string{"kv", "namespace", "delete"}, 2, "which namespace?"},
		"create what":      {dir, []string{"kv", "namespace", "create"}, 2, "needs a name"},
		"create no title":  {dir, []string{"kv", "namespace", "create", ""}, 1, "A namespace title is required"},
		"unknown kv verb":  {dir, []string{"kv", "bulk", "list"}, 2, `unknown command "list" for "flint kv bulk"`},
		"unexpected":       {dir, key("put", "k", "v", "w"), 2, `unexpected argument`},
		"import two files": {dir, []string{"kv", "import", "a", "b"}, 2, `unexpected argument "b"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if c.code == 1 { // each opens the state: none may be in another's way
				args = append(args, "--state", t.TempDir())
			}
			o := flint(t, c.dir, args...)
			if o.code != c.code || !strings.Contains(o.err, c.want) {
				t.Errorf("exit %d, want %d; message %q, want %q in it", o.code, c.code, o.err, c.want)
			}
			if strings.Count(o.err, "\n") != 1 {
				t.Errorf("the message is not one line: %q", o.err)
			}
		})
	}
}

// heapInUse is what lives on the heap.
func heapInUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestJoinSwitches(t *testing.T) {
	t.Parallel()
	got := joinSwitches([]string{"get", "--preview", "false", "k", "--text", "--local", "true", "--", "--remote", "false"})
	if want := "get --preview=false k --text --local=true -- --remote false"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A file may be larger than the memory: the items are read one by one.
func TestJSONFileIsNotKeptInMemory(t *testing.T) {
	name := filepath.Join(t.TempDir(), "large.json")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("{\"key\":\"k\",\"value\":%q},\n", strings.Repeat("v", 1<<20))
	fmt.Fprint(f, "[")
	for range 64 {
		fmt.Fprint(f, line)
	}
	fmt.Fprint(f, `{"key":"last","value":""}]`)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	j, err := cli.OpenJSON(name)
	if err != nil {
		t.Fatal(err)
	}
	items, most := 0, uint64(0)
	err = j.Each(func(i cli.Item) error {
		items++
		if items%16 == 0 {
			most = max(most, heapInUse())
		}
		return kv.CheckPair(i.Raw)
	})
	if err != nil || items != 65 {
		t.Fatalf("%d items, %v", items, err)
	}
	if most > 32<<20 {
		t.Errorf("%d bytes were in use while a file of %d was read", most, j.Size)
	}
}

// A list that could not be read is not an empty one.
func TestNoListAfterAnError(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	o := flintEnv(t, dir, []string{"FLINT_KV_DRIVER=redis://127.0.0.1:1"}, "kv", "key", "list", "--binding", "KV")
	if o.code != 1 || o.out != "" || !strings.Contains(o.err, "127.0.0.1:1") {
		t.Errorf("exit %d, %q, %q", o.code, o.out, o.err)
	}
}
