package cache

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// directives are those of Cache-Control that decide about storing.
type directives struct {
	forbidsStoring bool // no-store, no-cache or private
	cookies        bool // private or no-cache for Set-Cookie only: stored without it
	maxAge         time.Duration
	hasAge         bool
}

// cacheControl reads the header that speaks to Cloudflare: the most special one
// that is there.
// https://developers.cloudflare.com/cache/concepts/cdn-cache-control/
func cacheControl(h http.Header) directives {
	for _, name := range []string{"Cloudflare-Cdn-Cache-Control", "Cdn-Cache-Control"} {
		if v := h.Values(name); len(v) > 0 {
			return parseDirectives(strings.Join(v, ","))
		}
	}
	return parseDirectives(strings.Join(h.Values("Cache-Control"), ","))
}

func parseDirectives(text string) (d directives) {
	shared := false
	for _, part := range splitList(text) {
		name, value, hasValue := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch name {
		case "no-store":
			d.forbidsStoring = true
		case "no-cache", "private":
			if hasValue && strings.EqualFold(value, "set-cookie") {
				d.cookies = true
			} else {
				d.forbidsStoring = true
			}
		case "s-maxage", "max-age":
			if name == "max-age" && shared {
				continue
			}
			seconds, _ := strconv.ParseInt(value, 10, 64) // what is no number counts as 0: stale (RFC 9111, 4.2.1)
			shared = shared || name == "s-maxage"
			d.hasAge, d.maxAge = true, time.Duration(min(max(seconds, 0), maxSeconds))*time.Second
		}
	}
	return d
}

const maxSeconds = 100 * 365 * 24 * 3600 // keeps durations from overflowing

// splitList cuts at commas outside of quotes.
func splitList(s string) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ',' && !quoted
	})
}

// expiry says until when a response is fresh, and whether it is stored at all.
// It takes the cookies out of h where they are what forbids it.
// https://developers.cloudflare.com/workers/runtime-apis/cache/#headers
func expiry(status int, h http.Header, now time.Time) (time.Time, bool) {
	d := cacheControl(h)
	if d.cookies {
		h.Del("Set-Cookie")
	}
	if d.forbidsStoring || len(h.Values("Set-Cookie")) > 0 || strings.Contains(strings.Join(h.Values("Vary"), ","), "*") {
		return time.Time{}, false
	}
	until := now.Add(defaultTTL[status])
	if d.hasAge {
		until = now.Add(d.maxAge - age(h))
	} else if v := h.Get("Expires"); v != "" {
		until = now // a date that cannot be read lies in the past (RFC 9111, 5.3)
		if t, err := http.ParseTime(v); err == nil {
			until = t
		}
	}
	return until, until.After(now)
}

// age is how old the response already was when it was put.
func age(h http.Header) time.Duration {
	seconds, err := strconv.ParseInt(h.Get("Age"), 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(min(max(seconds, 0), maxSeconds)) * time.Second
}
