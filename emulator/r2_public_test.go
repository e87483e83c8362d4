package emulator_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"flint/emulator"
)

// r2Worker puts what it is sent, and tells what it fetches.
const r2Worker = `export default { async fetch(r, env) {
  const url = new URL(r.url);
  if (r.method === "PUT") {
    const o = await env.MEDIA.put(decodeURIComponent(url.pathname.slice(1)), r.body, { httpMetadata: r.headers });
    return Response.json({ etag: o.httpEtag, uploaded: o.uploaded.toUTCString() });
  }
  const ask = await r.json();
  const res = await fetch(ask.url, { method: ask.method, headers: ask.headers ?? {} });
  const body = await res.text();
  return Response.json({ status: res.status, headers: Object.fromEntries(res.headers), length: body.length, body: body.slice(0, 9) });
} }`

const r2Bindings = "[[r2_buckets]]\nbinding = \"MEDIA\"\nbucket_name = \"my-media\"\n"

const r2Flint = `[r2]
public = ["my-media"]
[r2.domains]
"media.example.com" = { bucket = "my-media", not_found = "404.html" }
"files.example.com" = "my-other"
`

type stored struct{ ETag, Uploaded string }

func (a app) put(key, contentType, body string) (o stored) {
	a.t.Helper()
	req, err := http.NewRequest("PUT", a.e.Run().URL+"/"+key, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Cache-Control", "max-age=60")
	a.send(req, &o, 200)
	return o
}

// A Worker's own fetch() of a public host reaches the bucket that it binds.
func TestWorkerFetchesItsPublicBucket(t *testing.T) {
	t.Parallel()
	a := run(t, r2Worker, r2Bindings, map[string]string{"flint.toml": r2Flint})
	a.put("404.html", "text/html", "<h1>404")
	o := a.put("dir/a%20b.txt", "text/plain", strings.Repeat("0123456789", 30_000))
	type headers = map[string]string
	for _, c := range []struct {
		method string
		send   headers
		status int
		length int
		body   string
		want   headers
	}{
		{"GET", nil, 200, 300_000, "012345678", headers{"content-type": "text/plain", "cache-control": "max-age=60", "accept-ranges": "bytes", "content-length": "300000", "etag": o.ETag}},
		{"HEAD", nil, 200, 0, "", headers{"content-length": "300000", "etag": o.ETag}},
		{"GET", headers{"Range": "bytes=299995-"}, 206, 5, "56789", headers{"content-range": "bytes 299995-299999/300000"}},
		{"GET", headers{"Range": "bytes=-3"}, 206, 3, "789", headers{"content-length": "3"}},
		{"GET", headers{"Range": "bytes=300000-"}, 416, 39, "The reque", headers{"content-range": "bytes */300000"}},
		{"GET", headers{"If-None-Match": o.ETag}, 304, 0, "", headers{"etag": o.ETag, "cache-control": "max-age=60"}},
		{"GET", headers{"If-None-Match": `"x", W/` + o.ETag}, 304, 0, "", nil},
		{"GET", headers{"If-Modified-Since": o.Uploaded}, 304, 0, "", nil},
		{"GET", headers{"If-None-Match": `"x"`, "If-Modified-Since": o.Uploaded}, 200, 300_000, "012345678", nil},
		{"GET", headers{"If-Match": `"x"`}, 412, 63, "At least ", nil},
		{"GET", headers{"If-Range": o.ETag, "Range": "bytes=1-2"}, 206, 2, "12", nil},
		{"GET", headers{"If-Range": `"x"`, "Range": "bytes=1-2"}, 200, 300_000, "012345678", nil},
		{"DELETE", nil, 405, 30, "A public ", headers{"allow": "GET, HEAD, OPTIONS"}},
	} {
		for _, host := range []string{"https://media.example.com", "http://media.example.com:80", "https://my-media.r2.dev"} {
			var got fetched
			a.do("POST", "/", map[string]any{"url": host + "/dir/a%20b.txt", "method": c.method, "headers": c.send}, &got, 200)
			if got.Status != c.status || got.Length != c.length || got.Body != c.body {
				t.Errorf("%s %s %v: %+v", c.method, host, c.send, got)
			}
			for name, value := range c.want {
				if got.Headers[name] != value {
					t.Errorf("%s %s %v: %s is %q, want %q", c.method, host, c.send, name, got.Headers[name], value)
				}
			}
		}
	}
	for url, want := range map[string]fetched{
		"https://media.example.com/none": {Status: 404, Length: 7, Body: "<h1>404"},
		"https://my-media.r2.dev/none":   {Status: 404, Length: 17, Body: "Object no"},
		"https://files.example.com/none": {Status: 404, Length: 17, Body: "Object no"},
	} {
		var got fetched
		a.do("POST", "/", map[string]any{"url": url, "method": "GET"}, &got, 200)
		if got.Headers = nil; got.Status != want.Status || got.Length != want.Length || got.Body != want.Body {
			t.Errorf("%s: %+v, want %+v", url, got, want)
		}
	}
	var got fetched
	a.do("POST", "/", map[string]any{"url": "https://pub-0.r2.dev/x", "method": "GET"}, &got, 200)
	if got.Status != 502 || got.Headers["x-flint-outbound"] != "refused" {
		t.Errorf("somebody else's bucket: %+v", got)
	}
}

type fetched struct {
	Status  int
	Headers map[string]string
	Length  int
	Body    string
}

// visit asks the public port for a host.
func visit(t *testing.T, e *emulator.Emulator, host, path string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequest("GET", e.Run().URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// rest sends a request to the REST API of R2's buckets.
func rest(t *testing.T, e *emulator.Emulator, method, path, body string, status int) string {
	t.Helper()
	req, err := http.NewRequest(method, e.Run().Control+"/client/v4/accounts/a/r2/buckets"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		t.Fatalf("%s %s: %s %s", method, path, res.Status, data)
	}
	return string(data)
}

// Hosts come and go while flint runs, on the public port and for fetch().
func TestPublicHostsComeAndGo(t *testing.T) {
	t.Parallel()
	a := run(t, r2Worker, r2Bindings)
	a.put("k", "text/plain", "value")
	const devHost = "my-media.r2.dev.localhost:8787"
	if status, body := visit(t, a.e, devHost, "/k"); status != 401 || !strings.Contains(body, "flint r2 bucket dev-url enable BUCKET") {
		t.Errorf("before: %d %q", status, body)
	}
	managed := rest(t, a.e, "PUT", "/my-media/domains/managed", `{"enabled":true}`, 200)
	_, pub, _ := strings.Cut(managed, `"domain":"`)
	pub, _, _ = strings.Cut(pub, `"`)
	rest(t, a.e, "POST", "/my-media/domains/custom", `{"domain":"CDN.example.com","zoneId":"z","enabled":true}`, 200)
	if rest(t, a.e, "GET", "/my-media/domains/custom/cdn.example.com", "", 200); !strings.HasSuffix(pub, ".r2.dev") {
		t.Fatalf("managed: %s", managed)
	}
	for _, host := range []string{devHost, "MY-MEDIA.r2.dev", pub, pub + ".localhost", "cdn.example.com", "cdn.example.com.localhost:1"} {
		if status, body := visit(t, a.e, host, "/k"); status != 200 || body != "value" {
			t.Errorf("%s: %d %q", host, status, body)
		}
	}
	var got fetched
	a.do("POST", "/", map[string]any{"url": "https://" + pub + "/k", "method": "GET"}, &got, 200)
	if got.Status != 200 || got.Body != "value" {
		t.Errorf("fetch: %+v", got)
	}
	rest(t, a.e, "PUT", "/my-media/domains/custom/cdn.example.com", `{"enabled":false}`, 200)
	rest(t, a.e, "PUT", "/my-media/domains/managed", `{"enabled":false}`, 200)
	if status, _ := visit(t, a.e, pub, "/k"); status != 401 {
		t.Errorf("after: %d", status)
	}
	if status, _ := visit(t, a.e, "cdn.example.com", "/k"); status == 200 {
		t.Error("a domain that is off answers")
	}
	rest(t, a.e, "DELETE", "/my-media/domains/custom/cdn.example.com", "", 200)
	rest(t, a.e, "DELETE", "/my-media/domains/custom/cdn.example.com", "", 404)
	// A bucket that is made anew is not public because one of its name was.
	rest(t, a.e, "POST", "", `{"name":"again"}`, 200)
	rest(t, a.e, "PUT", "/again/domains/managed", `{"enabled":true}`, 200)
	rest(t, a.e, "POST", "/again/domains/custom", `{"domain":"again.example.com"}`, 200)
	rest(t, a.e, "DELETE", "/again", "", 200)
	rest(t, a.e, "POST", "", `{"name":"again"}`, 200)
	rest(t, a.e, "PUT", "/again/objects/k", "secret", 200)
	for host, want := range map[string]int{"again.r2.dev": 401, "again.example.com": 500} { // 500: the Worker's, which was not asked in its form
		if status, body := visit(t, a.e, host, "/k"); status != want || body == "secret" {
			t.Errorf("%s: %d %q", host, status, body)
		}
	}
	rest(t, a.e, "POST", "/my-media/domains/custom", `{"domain":"a_b"}`, 400)
	rest(t, a.e, "POST", "/my-media/domains/custom", `[]`, 400)
	rest(t, a.e, "PUT", "/my-media/domains/managed", `{}`, 400)
	rest(t, a.e, "GET", "/no-bucket/domains/custom", "", 404)
}
