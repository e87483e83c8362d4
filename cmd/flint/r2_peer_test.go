package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// remote runs Wrangler against the REST API of a running flint, as against
// Cloudflare.
func remote(t *testing.T, dir string, args ...string) output {
	t.Helper()
	return wranglerEnv(t, dir, []string{
		"CLOUDFLARE_API_BASE_URL=" + runOf(t, dir).Control + "/client/v4", "CLOUDFLARE_API_TOKEN=any", "CLOUDFLARE_ACCOUNT_ID=00000000000000000000000000000001",
	}, append([]string{"r2"}, args...)...)
}

// withoutBlank drops empty lines and what Wrangler says of where it works.
func withoutBlank(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "Resource location:") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// The real Wrangler works on flint's REST API; where both print the same, it is
// compared.
func TestR2RESTWithWrangler(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	startDev(t, dir)
	testkit.WriteFile(t, filepath.Join(dir, "up.bin"), strings.Repeat("wrangler", 100_000))
	testkit.WriteFile(t, filepath.Join(dir, "cors.json"), `{"rules":[{"allowed":{"origins":["*"],"methods":["GET"]}}]}`)
	testkit.WriteFile(t, filepath.Join(dir, "list.json"), `[{"key":"bulk/1","file":"up.bin"},{"key":"bulk/2","file":"cors.json"}]`)
	for _, step := range []struct {
		args []string
		want string
		same bool // flint's own command prints the same
	}{
		{[]string{"bucket", "create", "made", "--location", "weur"}, "Created bucket 'made' with", false},
		{[]string{"bucket", "list"}, "name:           made", true},
		{[]string{"object", "put", "made/dir/k", "--file", "up.bin", "--content-type", "text/plain", "--storage-class", "InfrequentAccess", "--remote"}, "Upload complete.", false},
		{[]string{"object", "get", "made/dir/k", "--file", "down.bin", "--remote"}, "Download complete.", false},
		{[]string{"bulk", "put", "made", "--filename", "list.json", "--remote"}, "Uploaded 100% (2 out of 2)", false},
		{[]string{"bucket", "info", "made", "--json"}, `"object_count": "3"`, true},
		{[]string{"object", "delete", "made/dir/k", "--remote"}, "Delete complete.", false},
		{[]string{"bucket", "lifecycle", "add", "made", "logs", "logs/", "--expire-days", "3"}, "Added lifecycle rule 'logs'", false},
		{[]string{"bucket", "lifecycle", "list", "made"}, "action:   Expire objects after 3 days", true},
		{[]string{"bucket", "cors", "set", "made", "--file", "cors.json", "-y"}, "Set CORS configuration", false},
		{[]string{"bucket", "cors", "list", "made"}, "allowed_origins:  *", true},
		{[]string{"bucket", "notification", "create", "made", "--event-type", "object-create", "--queue", "kept"}, "created successfully", false},
		{[]string{"bucket", "notification", "list", "made"}, "queue_name:  kept", true},
		{[]string{"bucket", "dev-url", "enable", "made", "-y"}, "Public access enabled at 'https://pub-", false},
		{[]string{"bucket", "domain", "add", "made", "--domain", "w.example.com", "--zone-id", "z", "-y"}, "connected successfully", false},
		{[]string{"bucket", "domain", "list", "made"}, "w.example.com", false},
	} {
		theirs := remote(t, dir, step.args...)
		if theirs.code != 0 || !strings.Contains(theirs.out, step.want) {
			t.Fatalf("wrangler r2 %q: exit %d\n%s%s", step.args, theirs.code, theirs.out, theirs.err)
		}
		if ours := flint(t, dir, append([]string{"r2"}, step.args...)...); step.same && withoutBlank(ours.out) != withoutBlank(theirs.out) {
			t.Errorf("r2 %q: got\n%s\nwant\n%s", step.args, ours.out, theirs.out)
		}
	}
	for name, want := range map[string]string{"down.bin": strings.Repeat("wrangler", 100_000)} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != want {
			t.Errorf("%s: %d bytes, %v", name, len(data), err)
		}
	}
	if o := remote(t, dir, "object", "get", "made/none", "--pipe", "--remote"); o.code == 0 || !strings.Contains(o.out+o.err, "The specified key does not exist.") {
		t.Errorf("a missing key: exit %d %s%s", o.code, o.out, o.err)
	}
	if o := remote(t, dir, "bucket", "delete", "made"); o.code == 0 || !strings.Contains(o.out+o.err, "not empty") {
		t.Errorf("a full bucket: exit %d %s%s", o.code, o.out, o.err)
	}
	if o := flint(t, dir, "r2", "sync", "--delete", "./migrations", "made"); o.code != 0 {
		t.Error(o.err)
	}
	mustFlint(t, dir, "r2", "object", "delete", "made/0001_init.sql")
	if o := remote(t, dir, "bucket", "delete", "made"); o.code != 0 || !strings.Contains(o.out, "Deleted bucket made.") {
		t.Errorf("exit %d %s%s", o.code, o.out, o.err)
	}
}
