package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// storeWorker puts, gets, lists and deletes by the binding, and says what it was told.
const storeWorker = `
const meta = (o) => o && { key: o.key, size: o.size, type: o.httpMetadata?.contentType, custom: o.customMetadata };
export default {
  async fetch(request, env) {
    const url = new URL(request.url), key = url.searchParams.get("key") ?? "";
    try {
      switch (url.pathname) {
        case "/put":
          return Response.json(meta(await env.MEDIA.put(key, url.searchParams.get("value"), {
            httpMetadata: { contentType: "a/b" }, customMetadata: { Größe: "1" }, onlyIf: url.searchParams.has("new") ? { etagDoesNotMatch: "*" } : undefined })));
        case "/get": {
          const o = await env.MEDIA.get(key, { range: { offset: 1 } });
          return Response.json(o && { ...meta(o), text: await o.text() });
        }
        case "/parts": {
          const up = await env.MEDIA.createMultipartUpload(key);
          const parts = [await up.uploadPart(1, new Uint8Array(5 << 20)), await up.uploadPart(2, "end")];
          return Response.json(meta(await up.complete(parts)));
        }
        case "/list": {
          const l = await env.MEDIA.list({ delimiter: "/" });
          return Response.json([l.objects.map((o) => o.key), l.delimitedPrefixes]);
        }
        case "/delete":
          await env.MEDIA.delete([key, "none"]);
          return Response.json("gone");
      }
    } catch (e) {
      return Response.json("failed: " + e.message);
    }
  },
};`

const storeBindings = "[[r2_buckets]]\nbinding = \"MEDIA\"\nbucket_name = \"media\"\n"

// TestR2InS3 is a Worker whose bucket is in MinIO, also while that is away.
func TestR2InS3(t *testing.T) {
	t.Parallel()
	server := testkit.StartMinIO(t)
	a := run(t, storeWorker, storeBindings, map[string]string{"flint.toml": fmt.Sprintf("[r2]\ndriver = %q\n[r2.domains]\n\"media.example.com\" = \"media\"\n", server.URL)})
	want := func(want, path string) {
		t.Helper()
		if got := a.text(path, 200); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	want(`{"key":"../a","size":5,"type":"a/b","custom":{"Größe":"1"}}`, "/put?key=../a&value=hello")
	want(`{"key":"../a","size":5,"type":"a/b","custom":{"Größe":"1"},"text":"ello"}`, "/get?key=../a")
	want(`null`, "/put?key=../a&value=other&new")
	publicInS3(t, a)
	want(`{"key":"dir/big.bin","size":5242883,"custom":{}}`, "/parts?key=dir/big.bin")
	want(`[[],["../","dir/"]]`, "/list")

	server.Stop()
	lost := fmt.Sprintf("R2 cannot reach the S3 store at %s (connection refused). Start it, or change [r2] driver in flint.toml. (10043)", server.Addr)
	for path, method := range map[string]string{"/get?key=../a": "get", "/put?key=b&value=x": "put", "/list": "list", "/delete?key=b": "delete"} {
		want(fmt.Sprintf(`"failed: %s: %s"`, method, lost), path)
	}
	if body := a.control("GET", "/r2/buckets/media", 503); !strings.Contains(body, server.Addr) || strings.Contains(body, "s3cret") {
		t.Errorf("REST says %s", body)
	}
	server.Start(t)
	want(`"gone"`, "/delete?key=dir/big.bin")
	want(`[[],["../"]]`, "/list")
}

// publicInS3 is the public host of a bucket in MinIO.
func publicInS3(t *testing.T, a app) {
	t.Helper()
	a.text("/put?key=pub/a.txt&value=hello", 200)
	for _, c := range []struct {
		path, header, value string
		status              int
		body                string
	}{
		{"/pub/a.txt", "", "", 200, "hello"}, {"/pub/a.txt", "Range", "bytes=1-3", 206, "ell"}, {"/pub/a.txt", "Range", "bytes=9-", 416, ""},
		{"/pub/a.txt", "If-None-Match", `"5d41402abc4b2a76b9719d911017c592"`, 304, ""}, {"/pub/a.txt", "If-Match", `"x"`, 412, ""}, {"/pub/none", "", "", 404, ""},
	} {
		req, err := http.NewRequest("GET", a.e.Run().URL+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "media.example.com"
		if c.header != "" {
			req.Header.Set(c.header, c.value)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != c.status || c.body != "" && string(body) != c.body {
			t.Errorf("%s %s %s: %d %q, %v", c.path, c.header, c.value, res.StatusCode, body, err)
		}
		if c.status < 400 && (res.Header.Get("ETag") != `"5d41402abc4b2a76b9719d911017c592"` || c.status != 304 && res.Header.Get("Content-Type") != "a/b") {
			t.Errorf("%s %s: %v", c.path, c.value, res.Header)
		}
	}
	a.text("/delete?key=pub/a.txt", 200)
}

// CheckR2 is what flint doctor asks. No answer of it shows the secret.
func TestCheckR2(t *testing.T) {
	t.Parallel()
	check := func(driver string) string {
		p := &config.Project{}
		p.Settings.R2Driver = driver
		err := emulator.CheckR2(t.Context(), p)
		if err == nil {
			return ""
		}
		if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows a secret: %v", err)
		}
		return err.Error()
	}
	for driver, want := range map[string]string{
		"": "", "disk": "",
		"s3://key:hunter2@127.0.0.1:1":           "R2 cannot reach the S3 store at 127.0.0.1:1 (connection refused)",
		"s3://127.0.0.1:1":                       "the driver is no S3 URL",
		"s3://key:hunter2@127.0.0.1:1?colour=1":  "the driver is no S3 URL",
		"s3://key:hunter2@127.0.0.1:1?tls=maybe": "the driver is no S3 URL",
		"s3://key:hunter2@127.0.0.1:1?prefix=A":  "the driver is no S3 URL",
		"s3://key:hunter2@127.0.0.1:1/bucket":    "the driver is no S3 URL",
	} {
		if got := check(driver); !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%s: %q, want %q", driver, got, want)
		}
	}
	server := testkit.StartMinIO(t)
	if got := check(server.URL); got != "" {
		t.Errorf("a MinIO that runs: %s", got)
	}
	if got := check("s3://nobody:hunter2@" + server.Addr); !strings.Contains(got, server.Addr) {
		t.Errorf("a wrong key: %q", got)
	}
}
