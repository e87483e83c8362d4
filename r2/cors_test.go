package r2

import (
	"strings"
	"testing"
)

func TestMatchCORS(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	if b.MatchCORS("https://a.example", "GET", nil) != nil {
		t.Error("a bucket without rules allows")
	}
	err := b.SetCORS([]CORSRule{
		{Allowed: CORSAllowed{Origins: []string{"https://a.example", "http://*.b.example:8080"}, Methods: []string{"GET", "HEAD"}, Headers: []string{"X-One", "x-amz-*"}}, ExposeHeaders: []string{"ETag"}, MaxAgeSeconds: 60},
		{Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"PUT"}, Headers: []string{"*"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		origin, method, headers string
		allow                   string // the origin that is answered; empty: refused
	}{
		{"https://a.example", "GET", "", "https://a.example"},
		{"https://a.example", "GET", "x-one,X-Amz-Date", "https://a.example"},
		{"https://a.example", "GET", "x-two", ""},
		{"https://a.example", "DELETE", "", ""},
		{"https://A.example", "GET", "", ""},
		{"https://a.example:443", "GET", "", ""},
		{"http://x.b.example:8080", "HEAD", "", "http://x.b.example:8080"},
		{"http://.b.example", "HEAD", "", ""},
		{"https://c.example", "PUT", "anything", "*"},
		{"", "PUT", "", ""},
	} {
		var headers []string
		if c.headers != "" {
			headers = strings.Split(c.headers, ",")
		}
		m := b.MatchCORS(c.origin, c.method, headers)
		if m == nil && c.allow != "" || m != nil && m.Origin != c.allow {
			t.Errorf("%+v: %+v", c, m)
		}
	}
	if m := b.MatchCORS("https://a.example", "GET", nil); m.MaxAge != 60 || m.Expose[0] != "ETag" || strings.Join(m.Methods, " ") != "GET HEAD" {
		t.Errorf("match %+v", m)
	}
}

func TestSetCORSRefuses(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	get := []string{"GET"}
	for want, r := range map[string]CORSRule{
		"allowed.origins is empty":       {Allowed: CORSAllowed{Methods: get}},
		"allowed.methods is empty":       {Allowed: CORSAllowed{Origins: []string{"*"}}},
		"https://a.example/ must be":     {Allowed: CORSAllowed{Origins: []string{"https://a.example/"}, Methods: get}},
		"the origin a.example must be":   {Allowed: CORSAllowed{Origins: []string{"a.example"}, Methods: get}},
		"the origin https://*.*.x must":  {Allowed: CORSAllowed{Origins: []string{"https://*.*.x"}, Methods: get}},
		"the method PATCH must be one":   {Allowed: CORSAllowed{Origins: []string{"*"}, Methods: []string{"PATCH"}}},
		"maxAgeSeconds must be between":  {Allowed: CORSAllowed{Origins: []string{"*"}, Methods: get}, MaxAgeSeconds: 86_401},
		"the header name a b is not":     {Allowed: CORSAllowed{Origins: []string{"*"}, Methods: get, Headers: []string{"a b"}}},
		"The CORS rule 1 is not valid: ": {},
	} {
		if err := b.SetCORS([]CORSRule{r}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
	if err := b.SetCORS(make([]CORSRule, 101)); err == nil || !strings.Contains(err.Error(), "at most 100 CORS rules") {
		t.Errorf("101 rules: %v", err)
	}
}
