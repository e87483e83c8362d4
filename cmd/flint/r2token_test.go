package main

import (
	"encoding/json"
	"strings"
	"testing"

	"flint/cmd/flint/r2"
	"flint/internal/testkit"
)

func TestR2TokenCommands(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	testkit.WriteFile(t, dir+"/flint.toml", "s3_port = 9999\n[r2]\naccess_key_id = \"fixed\"\nsecret_access_key = \"hunter2\"\n")
	out := mustFlint(t, dir, "r2", "token", "create", "ci", "--permission", "object-read", "--bucket", "media", "--json")
	var made r2.TokenAnswer
	if err := json.Unmarshal([]byte(out), &made); err != nil || len(made.ID) != 32 || len(made.Secret) != 64 || made.Endpoint != "http://127.0.0.1:9999" || made.Buckets[0] != "media" {
		t.Fatalf("%s (%v)", out, err)
	}
	out = mustFlint(t, dir, "r2", "token", "create")
	for _, line := range []string{"export AWS_ENDPOINT_URL_S3=http://127.0.0.1:9999\n", "export AWS_REGION=auto\n", "rclone config create flint s3 provider=Cloudflare ", "new S3Client({"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
	list := mustFlint(t, dir, "r2", "token", "list")
	for _, part := range []string{"fixed", "ci", made.ID, "object-read", "media", "admin-read-write"} {
		if !strings.Contains(list, part) {
			t.Errorf("%q is not in\n%s", part, list)
		}
	}
	if strings.Contains(list+mustFlint(t, dir, "r2", "token", "list", "--json")+mustFlint(t, dir, "config"), "hunter2") || strings.Contains(list, made.Secret) {
		t.Error("a secret is shown")
	}
	mustFlint(t, dir, "r2", "token", "delete", "ci")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"delete", "ci"}, 1, "`flint r2 token list` shows all"}, {[]string{"delete", "fixed"}, 2, "stands in flint.toml"}, {[]string{"delete"}, 2, "needs the name or access key id"},
		{[]string{"create", "--permission", "wat"}, 2, "admin-read-write, admin-read, object-read-write, object-read"},
		{[]string{"create", "--permission", "admin-read", "--bucket", "media"}, 2, "needs the permission object-read-write or object-read"},
		{[]string{"create", "a", "b"}, 2, "unexpected argument"},
	} {
		if o := flintEnv(t, dir, nil, append([]string{"r2", "token"}, c.args...)...); o.code != c.code || !strings.Contains(o.err, c.want) {
			t.Errorf("%v: exit %d, %q", c.args, o.code, o.err)
		}
	}
}
