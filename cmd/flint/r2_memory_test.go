package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"flint/internal/testkit"
)

// largeBytes is the size of TestR2MemoryOfLargeObjects; 2147483648 gives the figure
// of the documentation.
const largeBytes = "FLINT_R2_LARGE_BYTES"

var largeProject = map[string]string{
	"wrangler.toml": "name = \"large\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n[[r2_buckets]]\nbinding = \"MEDIA\"\nbucket_name = \"media\"\n",
	"flint.toml":    "[r2]\naccess_key_id = \"fixed\"\nsecret_access_key = \"hunter2\"\n",
	"index.js": `export default {
  async fetch(request, env) {
    if (request.method === "PUT") return Response.json((await env.MEDIA.put("by-worker", request.body)).size);
    return new Response((await env.MEDIA.get("by-worker")).body);
  },
};`,
}

// TestR2MemoryOfLargeObjects passes a large object in and out of flint, by the S3
// port and by a Worker that streams it, and looks at the most memory that flint's
// process ever had.
func TestR2MemoryOfLargeObjects(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("writes large objects")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the most memory that a process had is read from /proc")
	}
	size := int64(256 << 20)
	if text := os.Getenv(largeBytes); text != "" {
		var err error
		if size, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	d := startDev(t, testkit.WriteFiles(t, largeProject), "--no-watch")
	byS3(t, d, 1<<20) // what is made once is made now
	byWorker(t, d, 1<<20)
	before := mostMemory(t, d)
	byS3(t, d, size)
	s3 := mostMemory(t, d)
	byWorker(t, d, size)
	worker := mostMemory(t, d)
	t.Logf("%d MiB in and out: by S3 the most memory grew by %.1f MiB to %.1f, by a Worker by %.1f MiB more", size>>20, mib(s3-before), mib(s3), mib(worker-s3))
	if limit := 32 << 10; worker-before > limit {
		t.Errorf("memory grew by %d KiB, want at most %d", worker-before, limit)
	}
}

func mib(kib int) float64 { return float64(kib) / 1024 }

// mostMemory is the most that flint's process ever had in memory, in KiB.
func mostMemory(t *testing.T, d *dev) (kib int) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := bytes.Cut(status, []byte("VmHWM:"))
	if _, err := fmt.Sscanf(string(text), "%d kB", &kib); err != nil {
		t.Fatal(err)
	}
	return kib
}

func byS3(t *testing.T, d *dev, size int64) {
	t.Helper()
	c, err := minio.New(strings.TrimPrefix(d.ready.S3, "http://"), &minio.Options{Creds: credentials.NewStaticV4("fixed", "hunter2", "")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutObject(t.Context(), "media", "by-s3", io.LimitReader(zeros{}, size), size, minio.PutObjectOptions{DisableMultipart: true}); err != nil {
		t.Fatal(err)
	}
	o, err := c.GetObject(t.Context(), "media", "by-s3", minio.GetObjectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantBytes(t, o, size)
}

func byWorker(t *testing.T, d *dev, size int64) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, d.ready.URL, io.LimitReader(zeros{}, size))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || string(text) != strconv.FormatInt(size, 10) {
		t.Fatalf("put: %s, %v", text, err)
	}
	if res, err = http.Get(d.ready.URL); err != nil {
		t.Fatal(err)
	}
	wantBytes(t, res.Body, size)
}

func wantBytes(t *testing.T, content io.ReadCloser, size int64) {
	t.Helper()
	defer content.Close()
	if n, err := io.Copy(io.Discard, content); err != nil || n != size {
		t.Fatalf("%d of %d bytes came back, %v", n, size, err)
	}
}

// zeros never ends.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
