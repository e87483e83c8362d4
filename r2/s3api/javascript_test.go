package s3api

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestJavaScriptSDK runs testdata/js/client.mjs: the AWS SDK for JavaScript v3.
// make test installs it.
func TestJavaScriptSDK(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("NOT TESTED with the AWS SDK for JavaScript: node is not installed")
	}
	const dir = "testdata/js"
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@aws-sdk", "client-s3")); err != nil {
		t.Skip("NOT TESTED with the AWS SDK for JavaScript: run make s3-client, which installs it from npm (23 MB)")
	}
	f, server := newServer(t)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, node, "client.mjs", server.URL, f.token.ID, f.token.Secret)
	cmd.Dir = dir
	var warnings bytes.Buffer
	cmd.Stderr = &warnings
	if out, err := cmd.Output(); err != nil || string(out) != "ok\n" {
		t.Fatalf("%v\n%s%s", err, out, &warnings)
	}
}
