package kvtest

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"flint/internal/intercept"
	"flint/kv"
)

// server speaks workerd's protocol over a driver.
type server struct {
	*place
	url string
}

func (p *place) serve() server {
	b := kv.NewBinding(p.store, &intercept.Chain{}, slog.New(slog.DiscardHandler))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.ServeBinding(w, r, "ns") }))
	p.Cleanup(s.Close)
	return server{p, s.URL}
}

// want sends a request and checks status, reason and body.
func (s server) want(method, target, body, status, answer string, header ...string) http.Header {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+target, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	if res.Status != status || strings.TrimSpace(string(got)) != answer {
		s.Errorf("%s %.60s: %q %.200q, want %q %.200q", method, target, res.Status, got, status, answer)
	}
	return res.Header
}

func (s server) refused(method, target, body, status string, header ...string) {
	s.Helper()
	s.want(method, target, body, status, status[4:], header...)
}

// path is a key as the runtime writes it.
func path(key string) string { return "/" + url.PathEscape(key) + "?urlencoded=true" }

// binding is each method, option, limit and sentence of the protocol.
func binding(p *place) {
	s := p.serve()
	s.want("PUT", path("a/%2F é"), "v", "200 OK", "", "CF-KV-Metadata", `{"m":1}`)
	if h := s.want("GET", path("a/%2F é")+"&cache_ttl=30", "", "200 OK", "v"); h.Get("CF-KV-Metadata") != `{"m":1}` || h.Get("CF-Cache-Status") != "" {
		p.Errorf("headers %v", h)
	}
	s.want("PUT", path("t")+"&expiration=1&expiration_ttl=60", "", "200 OK", "")
	if h := s.want("GET", path("t"), "", "200 OK", ""); h.Get("CF-Expiration") != "1800000060" {
		p.Errorf("headers %v", h)
	}
	s.want("GET", "/?key_count_limit=1", "", "200 OK",
		`{"keys":[{"name":"a/%2F é","metadata":"{\"m\":1}"}],"list_complete":false,"cursor":"YS8lMkYgw6k=","cacheStatus":null}`)
	s.want("GET", "/?cursor=YS8lMkYgw6k%3D", "", "200 OK", `{"keys":[{"name":"t","expiration":1800000060}],"list_complete":true,"cacheStatus":null}`)
	s.want("POST", "/bulk/get", `{"keys":["t","x"]}`, "200 OK", `{"t":"","x":null}`)
	s.want("POST", "/bulk/get", `{"keys":["a/%2F é","x"],"withMetadata":true}`, "200 OK", `{"a/%2F é":{"value":"v","metadata":{"m":1}},"x":null}`)
	p.advance(time.Minute)
	s.want("GET", path("t"), "", "404 Not Found", "")
	s.want("DELETE", path("a/%2F é"), "", "200 OK", "")
	s.want("GET", "/", "", "200 OK", `{"keys":[],"list_complete":true,"cacheStatus":null}`)
	s.limits()
}

func (s server) limits() {
	now := epoch.Unix() + 60
	s.want("PUT", path("text"), "not json", "200 OK", "")
	for _, c := range []struct{ method, target, body, status string }{
		{"GET", path("k") + "&cache_ttl=29", "", "400 Invalid cache_ttl of 29. Cache TTL must be at least 30."},
		{"GET", path("k") + "&cache_ttl=x", "", "400 Invalid cache_ttl of NaN. Cache TTL must be at least 30."},
		{"GET", path(strings.Repeat("k", 513)), "", "414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"PUT", path(strings.Repeat("k", 513)), "", "414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"DELETE", path(strings.Repeat("k", 513)), "", "414 UTF-8 encoded length of 513 exceeds key length limit of 512."},
		{"PUT", path("k") + "&expiration_ttl=0", "v", "400 Invalid expiration_ttl of 0. Please specify integer greater than 0."},
		{"PUT", path("k") + "&expiration_ttl=59", "v", "400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60."},
		{"PUT", fmt.Sprint(path("k"), "&expiration=", now), "v", fmt.Sprintf("400 Invalid expiration of %d. Please specify integer greater than the current number of seconds since the UNIX epoch.", now)},
		{"PUT", fmt.Sprint(path("k"), "&expiration=", now+59), "v", fmt.Sprintf("400 Invalid expiration of %d. Expiration times must be at least 60 seconds in the future.", now+59)},
		{"PUT", path("k"), strings.Repeat("v", kv.MaxValueBytes+1), "413 Value length of 26214401 exceeds limit of 26214400."},
		{"GET", "/?key_count_limit=1001", "", "400 Invalid key_count_limit of 1001. Please specify an integer less than 1000."},
		{"GET", "/?key_count_limit=0", "", "400 Invalid key_count_limit of 0. Please specify an integer greater than 0."},
		{"GET", "/?cursor=%25", "", "400 Invalid cursor. Use the cursor that the previous list answered with."},
		{"POST", "/bulk/get", `{"keys":[]}`, "400 You must request a minimum of 1 key"},
		{"POST", "/bulk/get", `{"keys":["` + strings.Repeat(`a","`, 100) + `b"]}`, "400 You can request a maximum of 100 keys"},
		{"POST", "/bulk/get", `{"keys":["a"],"type":"x"}`, `400 "x" is not a valid type. Use "json" or "text"`},
		{"POST", "/bulk/get", `{"keys":["text"],"type":"json"}`, "400 At least one of the requested keys corresponds to a non-json value"},
	} {
		s.refused(c.method, c.target, c.body, c.status)
	}
	s.want("PUT", path("k"), "v", "200 OK", "", "CF-KV-Metadata", `"`+strings.Repeat("m", 1022)+`"`)
	s.refused("PUT", path("k"), "v", "413 Metadata length of 1025 exceeds limit of 1024.", "CF-KV-Metadata", `"`+strings.Repeat("m", 1023)+`"`)
	s.want("PUT", path(strings.Repeat("k", 512))+"&expiration_ttl=60", "v", "200 OK", "")
}
