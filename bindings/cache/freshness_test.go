package cache

import (
	"net/http"
	"testing"
	"time"
)

func TestExpiry(t *testing.T) {
	t.Parallel()
	const no = -1
	cases := []struct {
		name   string
		status int
		header http.Header
		want   time.Duration // no = not stored
	}{
		{"max-age", 200, cc("max-age=60"), time.Minute},
		{"s-maxage wins, whatever the order", 200, cc("s-maxage=5, max-age=60"), 5 * time.Second},
		{"s-maxage wins behind", 200, cc("max-age=60, s-maxage=5"), 5 * time.Second},
		{"upper case and spaces", 200, cc("Public , MAX-AGE = 7"), 7 * time.Second},
		{"two headers", 200, http.Header{"Cache-Control": {"public", "max-age=9"}}, 9 * time.Second},
		{"any status with an age", 500, cc("max-age=60"), time.Minute},
		{"zero", 200, cc("max-age=0"), no},
		{"negative", 200, cc("max-age=-1"), no},
		{"huge", 200, cc("max-age=99999999999999"), maxSeconds * time.Second},
		{"an age that is no number is none", 200, cc("max-age=soon"), no},
		{"huger", 200, cc("max-age=99999999999999999999"), maxSeconds * time.Second},
		{"no-store", 200, cc("no-store, max-age=60"), no},
		{"no-cache", 200, cc("no-cache"), no},
		{"private", 200, cc("private, max-age=60"), no},
		{"private for a field that is not a cookie", 200, cc(`private="x-a", max-age=60`), no},
		{"a quoted comma is no directive", 200, cc(`ext="a, no-store", max-age=3`), 3 * time.Second},
		{"Expires", 200, http.Header{"Expires": {start.Add(time.Hour).Format(http.TimeFormat)}}, time.Hour},
		{"max-age before Expires", 200, http.Header{"Cache-Control": {"max-age=1"}, "Expires": {start.Add(time.Hour).Format(http.TimeFormat)}}, time.Second},
		{"Expires in the past", 200, http.Header{"Expires": {start.Add(-time.Hour).Format(http.TimeFormat)}}, no},
		{"Expires: 0", 200, http.Header{"Expires": {"0"}}, no},
		{"Age counts", 200, http.Header{"Cache-Control": {"max-age=60"}, "Age": {"20"}}, 40 * time.Second},
		{"too old already", 200, http.Header{"Cache-Control": {"max-age=60"}, "Age": {"60"}}, no},
		{"nothing said, 200", 200, http.Header{}, 2 * time.Hour},
		{"nothing said, 302", 302, http.Header{}, 20 * time.Minute},
		{"nothing said, 404", 404, http.Header{}, 3 * time.Minute},
		{"nothing said, 500", 500, http.Header{}, no},
		{"cookie", 200, http.Header{"Cache-Control": {"max-age=60"}, "Set-Cookie": {"a=b"}}, no},
		{"cookie is private", 200, http.Header{"Cache-Control": {"private=Set-Cookie, max-age=60"}, "Set-Cookie": {"a=b"}}, time.Minute},
		{"cookie is not cached", 200, http.Header{"Cache-Control": {`no-cache="set-cookie", max-age=60`}, "Set-Cookie": {"a=b"}}, time.Minute},
		{"Vary: *", 200, http.Header{"Cache-Control": {"max-age=60"}, "Vary": {"Accept, *"}}, no},
		{"for the CDN", 200, http.Header{"Cache-Control": {"no-store"}, "Cdn-Cache-Control": {"max-age=5"}}, 5 * time.Second},
		{"for Cloudflare", 200, http.Header{"Cloudflare-Cdn-Cache-Control": {"no-store"}, "Cdn-Cache-Control": {"max-age=5"}}, no},
	}
	for _, c := range cases {
		until, ok := expiry(c.status, c.header, start)
		if want := c.want != no; ok != want {
			t.Errorf("%s: stored = %v, want %v", c.name, ok, want)
		} else if got := until.Sub(start); ok && got != c.want {
			t.Errorf("%s: fresh for %v, want %v", c.name, got, c.want)
		}
		if ok && len(c.header["Set-Cookie"]) > 0 {
			t.Errorf("%s: the cookie is still there", c.name)
		}
	}
}

func cc(v string) http.Header { return http.Header{"Cache-Control": {v}} }
