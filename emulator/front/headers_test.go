package front

import (
	"net/http/httptest"
	"strings"
	"testing"

	"flint/worker"
)

func TestEdgeHeadersDropForgedOnes(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("POST", "/", strings.NewReader("x"))
	r.RemoteAddr = "192.0.2.7:1234"
	for name, value := range map[string]string{
		"Connection": "keep-alive, X-Hop", "X-Hop": "1", "Te": "trailers", "Content-Length": "1", "X-Forwarded-For": "198.51.100.1",
		worker.HeaderBinding: "kv/x", "Cf-Ray": "forged",
	} {
		r.Header.Set(name, value)
	}
	edgeHeaders(r)
	for _, name := range []string{"Connection", "X-Hop", "Te", "Content-Length", worker.HeaderBinding} {
		if r.Header.Get(name) != "" {
			t.Errorf("%s was passed on: %q", name, r.Header.Get(name))
		}
	}
	if got := r.Header.Get("X-Forwarded-For"); got != "198.51.100.1,192.0.2.7" {
		t.Errorf("X-Forwarded-For: %s", got)
	}
	if ray := r.Header.Get("Cf-Ray"); len(ray) != 20 || !strings.HasSuffix(ray, "-"+colo) {
		t.Errorf("Cf-Ray: %s", ray)
	}
}
