package main

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/cmd/flint/r2"
	"flint/emulator"
	"flint/internal/testkit"
)

// The R2 commands do the same with flint running and without.
func TestR2Commands(t *testing.T) {
	t.Parallel()
	stoppedAndRunning(t, nil, func(t *testing.T, dir string, running bool) {
		t.Run("object", func(t *testing.T) { r2Objects(t, dir) })
		t.Run("parts", func(t *testing.T) { r2Parts(t, dir) })
		t.Run("copy", func(t *testing.T) { r2Copies(t, dir) })
		t.Run("bucket", func(t *testing.T) { r2BucketCommands(t, dir) })
		t.Run("bulk", func(t *testing.T) { r2BulkCommands(t, dir) })
		t.Run("rules", func(t *testing.T) { r2RulesCommands(t, dir) })
		t.Run("public", func(t *testing.T) { r2PublicCommands(t, dir, running) })
	})
}

// pipe runs a command with a standard input.
func pipe(t *testing.T, dir, input string, args ...string) output {
	t.Helper()
	cmd := command(t, dir, nil, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
	_ = cmd.Run() // the exit code says it
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func headOf(t *testing.T, dir, name string) (o r2.ObjectInfo) {
	t.Helper()
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "r2", "object", "head", name, "--json")), &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// The sentences are those of the pinned Wrangler.
func r2Objects(t *testing.T, dir string) {
	testkit.WriteFile(t, filepath.Join(dir, "card.txt"), "0123456789")
	wantOut(t, dir, "Creating object \"dir/a b.txt\" with InfrequentAccess storage class in bucket \"bucket\".\nUpload complete.\n",
		"r2", "object", "put", "bucket/dir/a b.txt", "--file", "card.txt", "--ct", "text/plain", "--content-language", "en", "--cd", "inline", "--cc", "max-age=60",
		"--expires", "2030-01-02", "-s", "InfrequentAccess", "--metadata", "who=Zoé 😀", "--metadata", "eq=a=b", "--local", "-y")
	o := headOf(t, dir, "bucket/dir/a b.txt")
	want := "map[cacheControl:max-age=60 cacheExpiry:2030-01-02T00:00:00.000Z contentDisposition:inline contentLanguage:en contentType:text/plain] map[eq:a=b who:Zoé 😀] InfrequentAccess 10"
	if got := fmt.Sprintf("%v %v %s %d", o.HTTP, o.Custom, o.StorageClass, o.Size); got != want {
		t.Errorf("head: %s\nwant %s", got, want)
	}
	if out := mustFlint(t, dir, "r2", "object", "head", "bucket/dir/a b.txt"); !strings.Contains(out, "size:                10\n") || !strings.Contains(out, "metadata who:        Zoé 😀\n") {
		t.Errorf("head:\n%s", out)
	}
	wantOut(t, dir, "0123456789", "r2", "object", "get", "bucket/dir/a b.txt", "--pipe")
	for part, text := range map[string]string{"2-4": "234", "8-": "89", "-3": "789", "bytes=0-0": "0"} {
		wantOut(t, dir, text, "r2", "object", "get", "bucket/dir/a b.txt", "--pipe", "--range", part)
	}
	// Without --file the file has the name of the key, as with Wrangler.
	wantOut(t, dir, "Downloading \"dir/a b.txt\" from \"bucket\".\nDownload complete.\n", "r2", "object", "get", "bucket/dir/a b.txt")
	if got := testkitRead(t, filepath.Join(dir, "dir", "a b.txt")); got != "0123456789" {
		t.Errorf("downloaded %q", got)
	}
	if o := pipe(t, dir, "piped", "r2", "object", "put", "bucket/../x", "-p"); o.code != 0 {
		t.Fatalf("put --pipe: %s", o.err)
	}
	if o := pipe(t, dir, "", "r2", "object", "put", "bucket/empty", "-p"); o.code != 0 {
		t.Fatalf("put --pipe of nothing: %s", o.err)
	}
	wantOut(t, dir, "piped", "r2", "object", "get", "bucket/../x", "--pipe")
	wantOut(t, dir, "", "r2", "object", "get", "bucket/empty", "--pipe")
	out := mustFlint(t, dir, "r2", "object", "list", "bucket", "--delimiter", "/", "--json")
	var listed []map[string]any
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed) != 3 || listed[0]["key"] != "empty" || listed[1]["prefix"] != "../" || listed[2]["prefix"] != "dir/" {
		t.Errorf("list --delimiter: %v %s", err, out)
	}
	if out := mustFlint(t, dir, "r2", "object", "list", "bucket", "--start-after", "dir/a b.txt"); strings.Contains(out, "dir/") || !strings.Contains(out, "empty") {
		t.Errorf("list --start-after:\n%s", out)
	}
	// A failed download leaves what was there.
	testkit.WriteFile(t, filepath.Join(dir, "there"), "before")
	if o := flint(t, dir, "r2", "object", "get", "bucket/none", "--file", "there"); o.code != 1 || testkitRead(t, filepath.Join(dir, "there")) != "before" {
		t.Errorf("exit %d", o.code)
	}
	for _, key := range []string{"dir/a b.txt", "../x", "empty", "nobody"} {
		wantOut(t, dir, fmt.Sprintf("Deleting object %q from bucket \"bucket\".\nDelete complete.\n", key), "r2", "object", "delete", "bucket/"+key)
	}
	wantOut(t, dir, "[]\n", "r2", "object", "list", "bucket", "--json")
}

func testkitRead(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A body in parts has the ETag of its parts, from a file and from a pipe.
func r2Parts(t *testing.T, dir string) {
	content := strings.Repeat("0123456789abcdef", 12<<20/16)
	testkit.WriteFile(t, filepath.Join(dir, "large"), content)
	want, err := r2.PartsETag(strings.NewReader(content), 5<<20)
	if err != nil || !strings.HasSuffix(want, "-3") {
		t.Fatal(want, err)
	}
	mustFlint(t, dir, "r2", "object", "put", "bucket/large", "--file", "large", "--part-size", "5", "--ct", "text/x", "--metadata", "a=b")
	if o := pipe(t, dir, content, "r2", "object", "put", "bucket/piped", "--pipe", "--part-size", "5"); o.code != 0 {
		t.Fatal(o.err)
	}
	if o := pipe(t, dir, content[:10<<20], "r2", "object", "put", "bucket/even", "--pipe", "--part-size", "5"); o.code != 0 {
		t.Fatal(o.err)
	}
	o := headOf(t, dir, "bucket/large")
	if o.ETag != want || o.Size != 12<<20 || o.HTTP["contentType"] != "text/x" || o.Custom["a"] != "b" {
		t.Errorf("%+v, want the ETag %s", o, want)
	}
	if o := headOf(t, dir, "bucket/piped"); o.ETag != want {
		t.Errorf("piped: %s, want %s", o.ETag, want)
	}
	if o := headOf(t, dir, "bucket/even"); !strings.HasSuffix(o.ETag, "-2") || o.Size != 10<<20 {
		t.Errorf("of two whole parts: %+v", o)
	}
	wantOut(t, dir, content[7<<20:7<<20+9], "r2", "object", "get", "bucket/large", "--pipe", "--range", fmt.Sprintf("%d-%d", 7<<20, 7<<20+8))
	// Refused in the middle: nothing is left, neither object nor upload.
	if o := pipe(t, dir, content, "r2", "object", "put", "bucket/"+strings.Repeat("k", 1025), "--pipe", "--part-size", "5"); o.code != 1 || !strings.Contains(o.err, "The specified object name is not valid.") {
		t.Errorf("exit %d %s", o.code, o.err)
	}
	for _, key := range []string{"large", "piped", "even"} {
		mustFlint(t, dir, "r2", "object", "delete", "bucket/"+key)
	}
}

func r2Copies(t *testing.T, dir string) {
	mustFlint(t, dir, "r2", "bucket", "create", "copies")
	pipe(t, dir, "value", "r2", "object", "put", "bucket/a", "--pipe", "--ct", "text/plain", "--cc", "no-store", "--expires", "2030-01-02", "--metadata", "a=1", "--metadata", "b=2", "-s", "InfrequentAccess")
	wantOut(t, dir, "Copying object \"a\" from bucket \"bucket\" to \"d/ü\" in bucket \"copies\".\nCopy complete.\n", "r2", "object", "copy", "bucket/a", "copies/d/ü")
	source, o := headOf(t, dir, "bucket/a"), headOf(t, dir, "copies/d/ü")
	source.Key, source.LastModified, o.LastModified = o.Key, "", ""
	if fmt.Sprint(o) != fmt.Sprint(source) {
		t.Errorf("copy %+v of %+v", o, source)
	}
	mustFlint(t, dir, "r2", "object", "copy", "copies/d/ü", "copies/d/ü", "--ct", "text/html", "--metadata", "b=3", "-s", "Standard")
	o = headOf(t, dir, "copies/d/ü")
	want := "map[cacheControl:no-store cacheExpiry:2030-01-02T00:00:00.000Z contentType:text/html] map[a:1 b:3] Standard"
	if got := fmt.Sprintf("%v %v %s", o.HTTP, o.Custom, o.StorageClass); got != want {
		t.Errorf("changed in place: %s, want %s", got, want)
	}
	wantOut(t, dir, "value", "r2", "object", "get", "copies/d/ü", "-p")
	mustFlint(t, dir, "r2", "object", "delete", "copies/d/ü")
	mustFlint(t, dir, "r2", "object", "delete", "bucket/a")
	mustFlint(t, dir, "r2", "bucket", "delete", "copies")
}

func r2BucketCommands(t *testing.T, dir string) {
	wantOut(t, dir, "Creating bucket 'my-media'...\n✅ Created bucket 'my-media' with default storage class of InfrequentAccess.\n\n"+
		"Bind it in the Wrangler file:\n[[r2_buckets]]\nbinding = \"MY_MEDIA\"\nbucket_name = \"my-media\"\n",
		"r2", "bucket", "create", "my-media", "--location", "weur", "--storage-class", "InfrequentAccess")
	out := mustFlint(t, dir, "r2", "bucket", "list")
	if !strings.HasPrefix(out, "Listing buckets...\nname:           bucket\ncreation_date:  ") || !strings.Contains(out, "\n\nname:           my-media\n") {
		t.Errorf("list:\n%s", out)
	}
	var all []r2.BucketInfo
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "r2", "bucket", "list", "--json")), &all); err != nil || len(all) != 2 || all[1].Location != "weur" {
		t.Errorf("list --json: %v %+v", err, all)
	}
	for i := range 3 {
		pipe(t, dir, strings.Repeat("x", 1000), "r2", "object", "put", fmt.Sprint("my-media/", i), "--pipe")
	}
	out = mustFlint(t, dir, "r2", "bucket", "info", "my-media")
	if !strings.HasPrefix(out, "Getting info for 'my-media'...\nname:                   my-media\n") || !strings.HasSuffix(out, "default_storage_class:  InfrequentAccess\nobject_count:           3\nbucket_size:            3 kB\n") {
		t.Errorf("info:\n%s", out)
	}
	var info map[string]string
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "r2", "bucket", "info", "my-media", "--json")), &info); err != nil || info["object_count"] != "3" || info["bucket_size"] != "3 kB" || info["location"] != "weur" {
		t.Errorf("info --json: %v %v", err, info)
	}
	if o := headOf(t, dir, "my-media/0"); o.StorageClass != "InfrequentAccess" {
		t.Errorf("class %s", o.StorageClass)
	}
	mustFlint(t, dir, "r2", "bucket", "update", "storage-class", "my-media", "-s", "Standard")
	if o := flint(t, dir, "r2", "bucket", "delete", "my-media"); o.code != 1 || !strings.Contains(o.err, "the bucket my-media is not empty") {
		t.Errorf("exit %d %s", o.code, o.err)
	}
	empty := filepath.Join(dir, "nothing")
	if err := os.MkdirAll(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	mustFlint(t, dir, "r2", "sync", "--delete", "./nothing", "my-media") // what the message says
	wantOut(t, dir, "Deleting bucket my-media.\nDeleted bucket my-media.\n", "r2", "bucket", "delete", "my-media")
}

func r2BulkCommands(t *testing.T, dir string) {
	var items []string
	for i := range 120 {
		name := filepath.Join(dir, fmt.Sprintf("bulk-%d.txt", i%7))
		testkit.WriteFile(t, name, fmt.Sprint("content ", i%7))
		items = append(items, fmt.Sprintf(`{"key":"bulk/%03d","file":%q}`, i, name))
	}
	list := filepath.Join(dir, "list.json")
	testkit.WriteFile(t, list, "["+strings.Join(items, ",\n")+"]")
	wantOut(t, dir, "Starting bulk upload of 120 objects to bucket bucket with Standard storage class using a concurrency of 8\nUploaded 100% (120 out of 120)\n",
		"r2", "bulk", "put", "bucket", "--filename", list, "--concurrency", "8", "--ct", "text/plain", "-s", "Standard")
	var all []r2.ObjectInfo
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "r2", "object", "list", "bucket", "--prefix", "bulk/", "--json")), &all); err != nil || len(all) != 120 {
		t.Fatalf("%d objects, %v", len(all), err)
	}
	for i, o := range all {
		sum := md5.Sum(fmt.Append(nil, "content ", i%7))
		if o.ETag != hex.EncodeToString(sum[:]) || o.HTTP["contentType"] != "text/plain" {
			t.Errorf("%+v", o)
		}
	}
	mustFlint(t, dir, "r2", "sync", "--delete", "./nothing", "bucket/bulk")
}

func r2RulesCommands(t *testing.T, dir string) {
	bucket := func(args ...string) []string { return append([]string{"r2", "bucket"}, args...) }
	wantOut(t, dir, "Adding lifecycle rule 'logs' to bucket 'bucket'...\n✨ Added lifecycle rule 'logs' to bucket 'bucket'.\n",
		bucket("lifecycle", "add", "bucket", "logs", "logs/", "--expire-days", "30", "--ia-transition-date", "2031-02-03", "-y")...)
	mustFlint(t, dir, bucket("lifecycle", "add", "bucket", "--id", "uploads", "--abort-multipart-days", "2")...)
	list := "Listing lifecycle rules for bucket 'bucket'...\n" +
		"name:     Default Multipart Abort Rule\nenabled:  Yes\nprefix:   (all prefixes)\naction:   Abort incomplete multipart uploads after 7 days\n\n" +
		"name:     logs\nenabled:  Yes\nprefix:   logs/\naction:   Expire objects after 30 days, Transition to Infrequent Access on 2031-02-03\n\n" +
		"name:     uploads\nenabled:  Yes\nprefix:   (all prefixes)\naction:   Abort incomplete multipart uploads after 2 days\n"
	wantOut(t, dir, list, bucket("lifecycle", "list", "bucket")...)
	var rules []r2.LifecycleRule
	if err := json.Unmarshal([]byte(mustFlint(t, dir, bucket("lifecycle", "list", "bucket", "--json")...)), &rules); err != nil || len(rules) != 3 || rules[1].Delete.Condition.MaxAge != 30*r2.DaySeconds {
		t.Errorf("%v %+v", err, rules)
	}
	wantOut(t, dir, "Removing lifecycle rule 'logs' from bucket 'bucket'...\nLifecycle rule 'logs' removed from bucket 'bucket'.\n", bucket("lifecycle", "remove", "bucket", "--name", "logs")...)
	mustFlint(t, dir, bucket("lifecycle", "remove", "bucket", "--id", "uploads")...)
	mustFlint(t, dir, bucket("lifecycle", "remove", "bucket", "--name", "Default Multipart Abort Rule")...)
	wantOut(t, dir, "Listing lifecycle rules for bucket 'bucket'...\nThere are no lifecycle rules for bucket 'bucket'.\n", bucket("lifecycle", "list", "bucket")...)

	none := "Listing CORS rules for bucket 'bucket'...\nThere is no CORS configuration defined for bucket 'bucket'.\n"
	wantOut(t, dir, none, bucket("cors", "list", "bucket")...)
	testkit.WriteFile(t, filepath.Join(dir, "cors.json"), `{"rules":[{"allowed":{"origins":["https://a.example.com","*"],"methods":["GET","PUT"],"headers":["Range"]},"exposeHeaders":["ETag"],"maxAgeSeconds":60},{"allowed":{"origins":["*"],"methods":["GET"]}}]}`)
	wantOut(t, dir, "Setting CORS configuration (2 rules) for bucket 'bucket'...\n✨ Set CORS configuration for bucket 'bucket'.\n", bucket("cors", "set", "bucket", "--file", "cors.json", "-y")...)
	wantOut(t, dir, "Listing CORS rules for bucket 'bucket'...\n"+
		"allowed_origins:  https://a.example.com, *\nallowed_methods:  GET, PUT\nallowed_headers:  Range\nexposed_headers:  ETag\nmax_age_seconds:  60\n\n"+
		"allowed_origins:  *\nallowed_methods:  GET\nallowed_headers:  (no headers)\nexposed_headers:  (no exposed headers)\nmax_age_seconds:  (0 seconds)\n", bucket("cors", "list", "bucket")...)
	// What is listed as JSON can be set again.
	if o := pipe(t, dir, mustFlint(t, dir, bucket("cors", "list", "bucket", "--json")...), bucket("cors", "set", "bucket", "--file", "-")...); o.code != 0 {
		t.Error(o.err)
	}
	wantOut(t, dir, "Deleting the CORS configuration for bucket 'bucket'...\nCORS configuration deleted for bucket 'bucket'.\n", bucket("cors", "delete", "bucket")...)
	wantOut(t, dir, none, bucket("cors", "list", "bucket")...)

	wantOut(t, dir, "Creating event notification rule for object creation and deletion (PutObject,CompleteMultipartUpload,CopyObject,DeleteObject,LifecycleDeletion)\nEvent notification rule created successfully!\n",
		bucket("notification", "create", "bucket", "--event-types", "object-create", "object-delete", "--queue", "kept", "--prefix", "in/", "--description", "why")...)
	mustFlint(t, dir, bucket("notification", "create", "bucket", "--event-type", "object-create", "--queue", "kept", "--suffix", ".png")...)
	out := mustFlint(t, dir, bucket("notification", "list", "bucket")...)
	if !strings.HasPrefix(out, "Fetching notification rules for bucket bucket...\nrule_id:     ") ||
		!strings.Contains(out, "queue_name:  kept\nprefix:      (all prefixes)\nsuffix:      .png\nevent_type:  CompleteMultipartUpload,CopyObject,PutObject\n") {
		t.Errorf("list:\n%s", out)
	}
	var queues []r2.Notifications
	if err := json.Unmarshal([]byte(mustFlint(t, dir, bucket("notification", "list", "bucket", "--json")...)), &queues); err != nil || len(queues) != 1 || len(queues[0].Rules) != 2 || queues[0].Rules[0].Description != "why" {
		t.Fatalf("%v %+v", err, queues)
	}
	wantOut(t, dir, "Deleting event notifications rule \""+queues[0].Rules[0].ID+"\"...\nEvent notification rule deleted successfully!\n",
		bucket("notification", "delete", "bucket", "--queue", "kept", "--rule", queues[0].Rules[0].ID)...)
	wantOut(t, dir, "Deleting event notification rules associated with queue kept...\nEvent notification rule deleted successfully!\n", bucket("notification", "delete", "bucket", "--queue", "kept")...)
	wantOut(t, dir, "Fetching notification rules for bucket bucket...\nThere are no event notification rules for bucket 'bucket'.\n", bucket("notification", "list", "bucket")...)
}

func r2PublicCommands(t *testing.T, dir string, running bool) {
	pub := func(word string) string {
		t.Helper()
		out := mustFlint(t, dir, "r2", "bucket", "dev-url", word, "bucket")
		_, host, _ := strings.Cut(out, "'https://")
		host, _, _ = strings.Cut(host, "'")
		return host
	}
	wantOut(t, dir, "Public access via the r2.dev URL is disabled.\n", "r2", "bucket", "dev-url", "get", "bucket")
	host := pub("enable")
	if !strings.HasPrefix(host, "pub-") || pub("get") != host {
		t.Errorf("dev-url %s, then %s", host, pub("get"))
	}
	out := mustFlint(t, dir, "r2", "bucket", "domain", "add", "bucket", "--domain", "CDN.example.com", "--zone-id", "z", "-y")
	if !strings.HasPrefix(out, "Connecting custom domain 'CDN.example.com' to bucket 'bucket'...\n✨ Custom domain 'cdn.example.com' connected successfully.\nIt answers at http://cdn.example.com.localhost:") {
		t.Errorf("domain add: %s", out)
	}
	if running { // the address is one that answers
		_, url, _ := strings.Cut(strings.TrimSpace(out), "It answers at ")
		if !strings.HasSuffix(url, ":"+strings.TrimPrefix(runOf(t, dir).URL, "http://127.0.0.1:")) {
			t.Errorf("address %s of %s", url, runOf(t, dir).URL)
		}
	}
	if out := mustFlint(t, dir, "r2", "bucket", "domain", "list", "bucket"); !strings.HasPrefix(out, "Listing custom domains connected to bucket 'bucket'...\ndomain:   cdn.example.com\nenabled:  Yes\n") {
		t.Errorf("domain list: %s", out)
	}
	wantOut(t, dir, "[\n  {\n    \"domain\": \"cdn.example.com\",\n    \"enabled\": true\n  }\n]\n", "r2", "bucket", "domain", "list", "bucket", "--json")
	wantOut(t, dir, "Removing custom domain 'cdn.example.com' from bucket 'bucket'...\nCustom domain 'cdn.example.com' removed successfully.\n", "r2", "bucket", "domain", "remove", "bucket", "--domain", "cdn.example.com")
	wantOut(t, dir, "Listing custom domains connected to bucket 'bucket'...\nThere are no custom domains connected to this bucket.\n", "r2", "bucket", "domain", "list", "bucket")
	wantOut(t, dir, "Disabling public access for bucket 'bucket'...\nPublic access disabled at 'https://"+host+"'.\n", "r2", "bucket", "dev-url", "disable", "bucket")
}

func runOf(t *testing.T, dir string) emulator.Run {
	t.Helper()
	run, err := emulator.ReadRun(filepath.Join(dir, ".flint"))
	if err != nil {
		t.Fatal(err)
	}
	return run
}
