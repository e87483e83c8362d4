package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"flint/cmd/flint/r2"
	"flint/internal/testkit"
)

// sorted are the lines of an output in order, but for the last one.
func sorted(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	slices.Sort(lines[:len(lines)-1])
	return strings.Join(lines, "\n")
}

func wantSorted(t *testing.T, dir, want string, args ...string) {
	t.Helper()
	if out := sorted(mustFlint(t, dir, args...)); out != strings.TrimSpace(want) {
		t.Errorf("flint %s printed\n%s\nwant\n%s", strings.Join(args, " "), out, want)
	}
}

func TestR2Sync(t *testing.T) {
	t.Parallel()
	stoppedAndRunning(t, nil, func(t *testing.T, dir string, _ bool) { syncBothWays(t, dir) })
}

func syncBothWays(t *testing.T, dir string) {
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, content := range map[string]string{
		"site/index.html": "<h1>", "site/img/a b.png": "png", "site/img/raw.psd": "psd", "site/.git/config": "secret", "site/empty.css": "", "site/" + r2.PartialName + "old": "half",
	} {
		testkit.WriteFile(t, at(name), content)
	}
	wantSorted(t, dir, `
(dry run) upload: site/empty.css to bucket/www/empty.css
(dry run) upload: site/img/a b.png to bucket/www/img/a b.png
(dry run) upload: site/index.html to bucket/www/index.html
3 would be uploaded (7 B), 0 would be deleted, 0 unchanged.`, "r2", "sync", "site", "bucket/www", "--exclude", ".git", "--exclude", "*.psd", "--dry-run")
	wantOut(t, dir, "[]\n", "r2", "object", "list", "bucket", "--json")
	wantSorted(t, dir, `
upload: site/empty.css to bucket/www/empty.css
upload: site/img/a b.png to bucket/www/img/a b.png
upload: site/index.html to bucket/www/index.html
3 uploaded (7 B), 0 deleted, 0 unchanged.`, "r2", "sync", "site", "bucket/www", "--exclude", ".git", "--exclude", "*.psd", "--cc", "max-age=1")
	if o := headOf(t, dir, "bucket/www/img/a b.png"); o.HTTP["contentType"] != "image/png" || o.HTTP["cacheControl"] != "max-age=1" {
		t.Errorf("%+v", o)
	}
	if o := headOf(t, dir, "bucket/www/index.html"); o.HTTP["contentType"] != "text/html; charset=utf-8" {
		t.Errorf("%+v", o)
	}
	// The same size and other content; a file too many; one that was left out.
	testkit.WriteFile(t, at("site/index.html"), "<h2>")
	pipe(t, dir, "x", "r2", "object", "put", "bucket/www/old", "--pipe")
	pipe(t, dir, "x", "r2", "object", "put", "bucket/www/old.psd", "--pipe")
	pipe(t, dir, "x", "r2", "object", "put", "bucket/wwwelse", "--pipe")
	if err := os.Remove(at("site/empty.css")); err != nil {
		t.Fatal(err)
	}
	wantSorted(t, dir, `
delete: bucket/www/empty.css
delete: bucket/www/old
upload: site/index.html to bucket/www/index.html
1 uploaded (4 B), 2 deleted, 1 unchanged.`, "r2", "sync", "./site/", "r2://bucket/www/", "--delete", "--exclude", ".git/", "--exclude", "*.psd")

	// And back, into a folder that is not there yet.
	wantSorted(t, dir, `
download: bucket/www/img/a b.png to back/img/a b.png
download: bucket/www/index.html to back/index.html
download: bucket/www/old.psd to back/old.psd
3 downloaded (8 B), 0 deleted, 0 unchanged.`, "r2", "sync", "bucket/www", "./back")
	testkit.WriteFile(t, at("back/index.html"), "<h3>")
	testkit.WriteFile(t, at("back/deep/er/own"), "own")
	wantSorted(t, dir, `
delete: back/deep/er/own
download: bucket/www/index.html to back/index.html
1 downloaded (4 B), 1 deleted, 2 unchanged.`, "r2", "sync", "bucket/www", "back", "--delete")
	if got := testkitRead(t, at("back/index.html")); got != "<h2>" {
		t.Errorf("%q", got)
	}
	// An object in parts is known by its ETag.
	testkit.WriteFile(t, at("parts/large"), strings.Repeat("0123456789abcdef", 12<<20/16))
	mustFlint(t, dir, "r2", "object", "put", "bucket/parts/large", "--file", "parts/large", "--part-size", "6")
	wantOut(t, dir, "0 uploaded (0 B), 0 deleted, 1 unchanged.\n", "r2", "sync", "./parts", "bucket/parts")
	wantOut(t, dir, "0 downloaded (0 B), 0 deleted, 1 unchanged.\n", "r2", "sync", "bucket/parts", "./parts")
	wantSorted(t, dir, `
download: bucket/www/index.html to only/index.html
1 downloaded (4 B), 0 deleted, 0 unchanged.`, "r2", "sync", "bucket/www", "./only", "--include", "*.html")
}

// A folder with links, and keys that are no paths: nothing is read or written
// outside of the folder, and what cannot be done is said before anything is.
func TestR2SyncStaysInTheFolder(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	at := func(name string) string { return filepath.Join(dir, name) }
	testkit.WriteFile(t, at("outside/secret"), "secret")
	testkit.WriteFile(t, at("site/real/file"), "file")
	for link, to := range map[string]string{"site/in": "real/file", "site/folder": "real", "site/out": "../outside/secret", "site/abs": "/etc/hostname", "site/gone": "nowhere"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	pipe(t, dir, "kept", "r2", "object", "put", "bucket/out", "--pipe")
	pipe(t, dir, "kept", "r2", "object", "put", "bucket/folder/x", "--pipe")
	o := flint(t, dir, "r2", "sync", "./site", "bucket", "--delete")
	if want := "upload: site/in to bucket/in\nupload: site/real/file to bucket/real/file\n2 uploaded (8 B), 0 deleted, 0 unchanged."; o.code != 0 || sorted(o.out) != want {
		t.Errorf("exit %d\n%s", o.code, o.out)
	}
	for _, line := range []string{
		"flint: left out: site/out is a link that leads out of the folder, or nowhere", "flint: left out: site/abs is a link that leads out of the folder, or nowhere",
		"flint: left out: site/gone is a link that leads out of the folder, or nowhere", "flint: left out: site/folder is a link to a folder",
	} {
		if !strings.Contains(o.err, line+"\n") {
			t.Errorf("%q is not said:\n%s", line, o.err)
		}
	}
	// Writing goes through no link that leads out.
	pipe(t, dir, "evil", "r2", "object", "put", "bucket/outlink/evil", "--pipe")
	if err := os.MkdirAll(at("back"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../outside", at("back/outlink")); err != nil {
		t.Fatal(err)
	}
	if o := flint(t, dir, "r2", "sync", "bucket/outlink", "./back/outlink"); o.code != 0 { // the folder itself may be a link
		t.Errorf("exit %d %s", o.code, o.err)
	}
	if err := os.Remove(at("outside/evil")); err != nil {
		t.Fatal(err)
	}
	if o := flint(t, dir, "r2", "sync", "bucket", "./back", "--include", "outlink/"); o.code != 1 || !strings.Contains(o.err, "outlink/evil: ") || !strings.Contains(o.err, "path escapes from parent") {
		t.Errorf("exit %d %s", o.code, o.err)
	}
	if _, err := os.Stat(at("outside/evil")); !os.IsNotExist(err) {
		t.Error("a file was written outside of the folder")
	}
	mustFlint(t, dir, "r2", "object", "delete", "bucket/outlink/evil")
	for key, why := range map[string]string{
		"../x": `has a part that is empty, "." or ".."`, "/abs": "begins with a slash", "a//b": `has a part that is empty, "." or ".."`,
		"a/../../b": `has a part that is empty, "." or ".."`, "./a": `has a part that is empty, "." or ".."`, "folder/": "ends with a slash",
	} {
		pipe(t, dir, "evil", "r2", "object", "put", "bucket/"+key, "--pipe")
		o := flint(t, dir, "r2", "sync", "bucket", "./fresh")
		if want := fmt.Sprintf("the key %q cannot be a file: it %s; nothing was written. Leave it out with --exclude '%s'\n", key, why, key); o.code != 1 || !strings.HasSuffix(o.err, want) {
			t.Errorf("%s: exit %d %q", key, o.code, o.err)
		}
		if entries, err := os.ReadDir(at("fresh")); err != nil || len(entries) != 0 {
			t.Errorf("%s: %v was written, %v", key, entries, err)
		}
		if o := flint(t, dir, "r2", "sync", "bucket", "./tried", "--exclude", key); o.code != 0 { // what the message says
			t.Errorf("%s, left out: exit %d %s", key, o.code, o.err)
		}
		mustFlint(t, dir, "r2", "object", "delete", "bucket/"+key)
	}
	pipe(t, dir, "x", "r2", "object", "put", "bucket/in/side", "--pipe")
	if o := flint(t, dir, "r2", "sync", "bucket", "./fresh"); o.code != 1 || !strings.Contains(o.err, `the keys "in" and "in/side" cannot both be files`) {
		t.Errorf("exit %d %s", o.code, o.err)
	}
	mustFlint(t, dir, "r2", "object", "delete", "bucket/in/side")
	pipe(t, dir, "", "r2", "object", "put", "bucket/marker/", "--pipe")
	if o := flint(t, dir, "r2", "sync", "bucket/marker", "./fresh", "--delete"); o.code != 0 || o.out != "0 downloaded (0 B), 0 deleted, 0 unchanged.\n" {
		t.Errorf("the mark of a folder: exit %d %s%s", o.code, o.out, o.err)
	}
	testkit.WriteFile(t, at("fresh/mine"), "x")
	if o := flint(t, dir, "r2", "sync", "bucket/none", "./fresh", "--delete"); o.code != 1 || !strings.Contains(o.err, "there is nothing in bucket/none/; --delete would empty ./fresh, so nothing was done") {
		t.Errorf("exit %d %s", o.code, o.err)
	}
}

// What is wrong with a command is one sentence that says what to do.
func TestR2Mistakes(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	testkit.WriteFile(t, filepath.Join(dir, "f"), "x")
	testkit.WriteFile(t, filepath.Join(dir, "one", "f"), "x")
	testkit.WriteFile(t, filepath.Join(dir, "two", "f"), "x")
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "f.json")
		testkit.WriteFile(t, name, text)
		return name
	}
	object := func(args ...string) []string { return append([]string{"r2", "object"}, args...) }
	put := func(args ...string) []string {
		return object(append([]string{"put", "bucket/k", "--file", "f"}, args...)...)
	}
	bucket := func(args ...string) []string { return append([]string{"r2", "bucket"}, args...) }
	bulk := func(text string) []string { return []string{"r2", "bulk", "put", "bucket", "-f", file(text)} }
	sync := func(args ...string) []string { return append([]string{"r2", "sync"}, args...) }
	long := strings.Repeat("k", 1025)
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no key":             {object("get", "bucket"), 2, `name the object as BUCKET/KEY, not "bucket"`},
		"no bucket":          {object("get", "/k"), 2, `name the object as BUCKET/KEY, not "/k"`},
		"from where":         {object("put", "bucket/k"), 2, "say where the object comes from: --file FILE or --pipe"},
		"file and pipe":      {put("--pipe"), 2, "say where the object comes from: --file FILE or --pipe"},
		"no such file":       {object("put", "bucket/k", "--file", "nope"), 2, "cannot read nope: no such file or directory"},
		"a folder":           {object("put", "bucket/k", "--file", "one"), 2, "cannot read one: it is a directory"},
		"unknown bucket":     {object("put", "nobucket/k", "--file", "f"), 1, "no bucket is called \"nobucket\"; `flint r2 bucket list` shows all, `flint r2 bucket create nobucket` makes it"},
		"bad metadata":       {put("--metadata", "{}"), 2, `--metadata: "{}" is not NAME=VALUE`},
		"bad expires":        {put("--expires", "soon"), 2, `--expires: "soon" is no date; write it as 2030-01-31, 2030-01-31T12:00:00Z or`},
		"bad header":         {put("--ct", "a\nb"), 2, `--content-type: "a\nb" cannot stand in a header`},
		"bad class":          {put("-s", "Glacier"), 1, "The storage class must be Standard or InfrequentAccess."},
		"jurisdiction":       {put("-J", "eu"), 2, "--jurisdiction: buckets have no jurisdiction here; leave it out"},
		"remote":             {put("--remote"), 2, "never connects to Cloudflare"},
		"small part":         {put("--part-size", "4"), 2, "--part-size: a part has 5 to 5115 MiB"},
		"large metadata":     {put("--metadata", "a="+strings.Repeat("m", 9000)), 1, "Your metadata headers exceed the maximum allowed metadata size."},
		"long key":           {object("put", "bucket/"+long, "--file", "f"), 1, "The specified object name is not valid."},
		"missing key":        {object("get", "bucket/nope", "--pipe"), 1, "The specified key does not exist."},
		"missing head":       {object("head", "bucket/nope"), 1, "The specified key does not exist."},
		"missing source":     {object("copy", "bucket/nope", "bucket/x"), 1, "The specified key does not exist."},
		"missing bucket":     {object("copy", "nobucket/k", "bucket/x"), 1, `no bucket is called "nobucket"`},
		"copy to what":       {object("copy", "bucket/k"), 2, "flint r2 object copy needs BUCKET/KEY of the copy"},
		"file or pipe":       {object("get", "bucket/k", "--pipe", "--file", "x"), 2, "give --file or --pipe, not both"},
		"bad range":          {object("get", "bucket/k", "--pipe", "--range", "1-2,3-4"), 2, `--range: "1-2,3-4" is not FIRST-LAST, FIRST- or -COUNT, in bytes`},
		"key is no path":     {object("get", "bucket/../x"), 2, `the key "../x" names no file below this folder; say where to write it: --file FILE or --pipe`},
		"key is a folder":    {object("get", "bucket/a/"), 2, `the key "a/" names no file below this folder`},
		"list what":          {object("list"), 2, "flint r2 object list needs a bucket"},
		"bucket name":        {bucket("create", "My_Bucket"), 1, `the bucket name "My_Bucket" is not valid: 3 to 63 lower-case letters`},
		"bucket exists":      {bucket("create", "bucket"), 1, "The bucket you tried to create already exists, and you own it."},
		"location":           {bucket("create", "abc", "--location", "mars"), 2, `--location: "mars" is none of weur, eeur, apac, wnam, enam, oc`},
		"no such info":       {bucket("info", "nobucket"), 1, `no bucket is called "nobucket"`},
		"no such bucket":     {bucket("delete", "nobucket"), 1, `no bucket is called "nobucket"`},
		"class of what":      {bucket("update", "storage-class", "bucket"), 2, "--storage-class is missing"},
		"no domain":          {bucket("domain", "add", "bucket"), 2, "--domain is missing"},
		"bad domain":         {bucket("domain", "add", "bucket", "--domain", "http://x.y"), 1, `"http://x.y" is not a host name that a bucket can have.`},
		"unknown domain":     {bucket("domain", "remove", "bucket", "--domain", "x.example.com"), 1, "The domain x.example.com is not connected to the bucket bucket."},
		"no filename":        {[]string{"r2", "bulk", "put", "bucket"}, 2, "--filename is missing"},
		"concurrency":        {append(bulk("[]"), "--concurrency", "0"), 2, "--concurrency: 0 is not from 1 to 100"},
		"bulk no file":       {[]string{"r2", "bulk", "put", "bucket", "-f", "nope.json"}, 2, "nope.json: no such file or directory"},
		"bulk an object":     {bulk(`{"key":"a"}`), 2, "f.json does not hold a JSON array"},
		"bulk key":           {bulk("[\n{\"file\":\"f\"}]"), 2, `f.json:2: item 0: "key" is missing`},
		"bulk file":          {bulk(`[{"key":"a","file":"f"},{"key":"a"}]`), 2, `f.json:1: item 1: "file" is missing`},
		"bulk number":        {bulk(`[{"key":1,"file":"f"}]`), 2, `f.json:1: item 0: "key" must be a string, not a number`},
		"bulk no object":     {bulk(`["a"]`), 2, `item 0: every item must be an object with "key" and "file", not "a"`},
		"bulk missing":       {bulk(`[{"key":"a","file":"gone"}]`), 2, "item 0: cannot read gone: no such file or directory"},
		"bulk folder":        {bulk(`[{"key":"a","file":"one"}]`), 2, "item 0: one is not a file"},
		"bulk refused":       {bulk(`[{"key":"` + long + `","file":"f"}]`), 1, "f: The specified object name is not valid. (0 of 1 are uploaded)"},
		"which is which":     {sync("nofolder", "bucket"), 2, `which of "nofolder" and "bucket" is the folder? Write a folder as ./NAME, a bucket as r2://NAME`},
		"two folders":        {sync("one", "two"), 2, `which of "one" and "two" is the folder?`},
		"two buckets":        {sync("r2://a", "r2://b"), 2, `which of "r2://a" and "r2://b" is the folder?`},
		"no folder":          {sync("./nofolder", "bucket"), 2, "cannot read the folder ./nofolder: no such file or directory"},
		"a file":             {sync("./f", "bucket"), 2, "./f is not a folder"},
		"sync no bucket":     {sync("./one", "nobucket"), 1, `no bucket is called "nobucket"`},
		"empty bucket":       {sync("./one", "r2://"), 2, `"r2://" names no bucket`},
		"empty pattern":      {sync("./one", "bucket", "--exclude", "/"), 2, `the pattern "/" is empty`},
		"headers of a file":  {sync("bucket", "./one", "--cc", "no-store"), 2, "a file keeps no content type and the like; leave these flags out when bucket/ is copied to a folder"},
		"sync what":          {sync("./one"), 2, "flint r2 sync needs where it is copied to"},
		"sync concurrency":   {sync("./one", "bucket", "--concurrency", "101"), 2, "--concurrency: 101 is not from 1 to 100"},
		"unknown verb":       {object("move", "a/b"), 2, `unknown command "move" for "flint r2 object"`},
		"rule does nothing":  {bucket("lifecycle", "add", "bucket", "r"), 2, "say what the rule does: --expire-days, --expire-date"},
		"rule of no name":    {bucket("lifecycle", "add", "bucket", "--expire-days", "1"), 2, "flint r2 bucket lifecycle add needs a name for the rule"},
		"days and date":      {bucket("lifecycle", "add", "bucket", "r", "--expire-days", "1", "--expire-date", "2030-01-01"), 2, "give --expire-days or --expire-date, not both"},
		"days below zero":    {bucket("lifecycle", "add", "bucket", "r", "--expire-days=-1"), 2, "--expire-days: -1 is no number of days"},
		"bad date":           {bucket("lifecycle", "add", "bucket", "r", "--expire-date", "1.1.2030"), 2, `--expire-date: "1.1.2030" is not YYYY-MM-DD`},
		"rule twice":         {bucket("lifecycle", "add", "bucket", "Default Multipart Abort Rule", "--expire-days", "1"), 1, "Default Multipart Abort Rule"},
		"no such rule":       {bucket("lifecycle", "remove", "bucket", "--name", "x"), 1, "the bucket bucket has no lifecycle rule called \"x\"; `flint r2 bucket lifecycle list bucket` shows all"},
		"remove what":        {bucket("lifecycle", "remove", "bucket"), 2, "--name is missing"},
		"cors from where":    {bucket("cors", "set", "bucket"), 2, "--file is missing"},
		"cors of S3":         {bucket("cors", "set", "bucket", "--file", file(`{"CORSRules":[]}`)), 2, "f.json has S3's form; R2's is {"},
		"cors keys of S3":    {bucket("cors", "set", "bucket", "--file", file(`{"rules":[{"AllowedOrigins":["*"]}]}`)), 2, "f.json has S3's form; R2's is {"},
		"cors no JSON":       {bucket("cors", "set", "bucket", "--file", file(`rules:`)), 2, `f.json is not JSON of the form {"rules":[…]}: invalid character 'r'`},
		"cors no rules":      {bucket("cors", "set", "bucket", "--file", file(`{}`)), 2, `f.json has no array "rules"`},
		"cors bad rule":      {bucket("cors", "set", "bucket", "--file", file(`{"rules":[{"allowed":{"origins":["*"],"methods":["TRACE"]}}]}`)), 1, "TRACE"},
		"event of what":      {bucket("notification", "create", "bucket", "--queue", "kept"), 2, "--event-type is missing: object-create or object-delete"},
		"unknown event":      {bucket("notification", "create", "bucket", "--queue", "kept", "--event-type", "all"), 2, `--event-type: "all" is neither object-create nor object-delete`},
		"event to where":     {bucket("notification", "create", "bucket", "--event-type", "object-create"), 2, "--queue is missing"},
		"unknown queue":      {bucket("notification", "create", "bucket", "--event-type", "object-create", "--queue", "nope"), 1, "no queue is called \"nope\"; `flint queues list` shows all"},
		"dev-url of nothing": {bucket("dev-url", "enable", "nobucket"), 1, `no bucket is called "nobucket"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := c.args
			if c.code == 1 { // each opens the state: none may be in another's way
				args = append(args, "--state", t.TempDir())
			}
			o := flint(t, dir, args...)
			if o.code != c.code || !strings.Contains(o.err, c.want) {
				t.Errorf("exit %d, want %d; message %q, want %q in it", o.code, c.code, o.err, c.want)
			}
			if strings.Count(o.err, "\n") != 1 {
				t.Errorf("the message is not one line: %q", o.err)
			}
		})
	}
}
