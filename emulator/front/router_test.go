package front

import (
	"io"
	"net/http"
	"testing"

	"flint/internal/testkit"
)

// nameHandler returns a handler that answers with name.
func nameHandler(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) })
}

func TestRouterFindsByHostAndPattern(t *testing.T) {
	t.Parallel()
	rt := NewRouter(nameHandler("fallback"))
	rt.Host("media.example.com", nameHandler("bucket"))
	rt.Route("example.com/*", nameHandler("zone"))
	rt.Route("https://example.com/images/*", nameHandler("images"))
	rt.Route("*.example.com/*", nameHandler("subdomain"))
	rt.Route("*both.test/*", nameHandler("both"))
	rt.Route("exact.test/only", nameHandler("exact"))
	for _, c := range []struct{ host, path, want string }{
		{"localhost:8787", "/", "fallback"},
		{"media.example.com", "/x", "bucket"},
		{"MEDIA.example.com:8787", "/x", "bucket"},
		{"media.example.com.localhost:8787", "/x", "bucket"},
		{"example.com", "/", "zone"},
		{"example.com.", "/", "zone"},
		{"example.com", "/images/a", "images"},
		{"example.com", "/Images/a", "zone"},
		{"a.example.com", "/", "subdomain"},
		{"a.b.example.com", "/", "subdomain"},
		{"notexample.com", "/", "fallback"},
		{"both.test", "/", "both"},
		{"a.both.test", "/", "both"},
		{"exact.test", "/only", "exact"},
		{"exact.test", "/only/more", "fallback"},
	} {
		h, _ := rt.Find(c.host, c.path)
		if got := testkit.Call(h, "GET", "/", "").Body.String(); got != c.want {
			t.Errorf("%s%s: %s, want %s", c.host, c.path, got, c.want)
		}
	}
	if _, byName := rt.Find("localhost", "/"); byName {
		t.Error("the fallback counts as found by name")
	}
}
