package r2

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CORSRule lets the pages of some origins use a bucket from a browser, in the
// words of the REST API. https://developers.cloudflare.com/r2/buckets/cors/
type CORSRule struct {
	ID            string      `json:"id,omitempty"`
	Allowed       CORSAllowed `json:"allowed"`
	ExposeHeaders []string    `json:"exposeHeaders,omitempty"`
	MaxAgeSeconds int         `json:"maxAgeSeconds,omitempty"` // of the answer to a preflight
}

// CORSAllowed is what a request must be for a rule to fit it.
type CORSAllowed struct {
	Origins []string `json:"origins"` // scheme://host[:port], with at most one *, or *
	Methods []string `json:"methods"` // GET, PUT, POST, DELETE, HEAD
	Headers []string `json:"headers,omitempty"`
}

// CORSMatch is what a rule says of one request.
type CORSMatch struct {
	Origin  string   // Access-Control-Allow-Origin
	Methods []string // Access-Control-Allow-Methods
	Headers []string // Access-Control-Allow-Headers: those that were asked for
	Expose  []string // Access-Control-Expose-Headers
	MaxAge  int      // Access-Control-Max-Age in seconds; 0: none
}

// CORS is the bucket's policy; empty when it has none.
func (b *Bucket) CORS() []CORSRule { return b.settings.Load().CORS }

// SetCORS replaces the policy; without rules the bucket has none. It returns an
// error that names the rule that is wrong.
func (b *Bucket) SetCORS(rules []CORSRule) error {
	if len(rules) > MaxCORSRules {
		return errTooManyRules("CORS", MaxCORSRules)
	}
	for i := range rules {
		if err := rules[i].check(); err != "" {
			return errInvalidRule("CORS", i, err)
		}
	}
	return b.changeSettings(func(s *settings) error { s.CORS = rules; return nil })
}

// MatchCORS finds the first rule that allows a request of origin with the
// method and the header names, as a preflight names them; nil if none does. Of
// a request that is no preflight, headers is empty.
func (b *Bucket) MatchCORS(origin, method string, headers []string) *CORSMatch {
	if origin == "" {
		return nil
	}
	for i := range b.CORS() {
		r := &b.CORS()[i]
		if m := r.match(origin, method, headers); m != nil {
			return m
		}
	}
	return nil
}

func (r *CORSRule) match(origin, method string, headers []string) *CORSMatch {
	if !slices.Contains(r.Allowed.Methods, method) {
		return nil
	}
	fits := slices.IndexFunc(r.Allowed.Origins, func(p string) bool { return matchWildcard(p, origin) })
	if fits < 0 {
		return nil
	}
	for _, h := range headers {
		if !slices.ContainsFunc(r.Allowed.Headers, func(p string) bool { return matchWildcard(strings.ToLower(p), strings.ToLower(h)) }) {
			return nil
		}
	}
	m := &CORSMatch{Origin: origin, Methods: r.Allowed.Methods, Headers: headers, Expose: r.ExposeHeaders, MaxAge: r.MaxAgeSeconds}
	if r.Allowed.Origins[fits] == "*" {
		m.Origin = "*"
	}
	return m
}

// matchWildcard compares with a pattern of at most one *.
func matchWildcard(pattern, s string) bool {
	before, after, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}

// check says what is wrong with a rule, or nothing.
func (r *CORSRule) check() string {
	switch {
	case len(r.Allowed.Origins) == 0:
		return "allowed.origins is empty"
	case len(r.Allowed.Methods) == 0:
		return "allowed.methods is empty"
	case r.MaxAgeSeconds < 0 || r.MaxAgeSeconds > MaxCORSAge:
		return "maxAgeSeconds must be between 0 and 86400"
	}
	for _, o := range r.Allowed.Origins {
		if !validOrigin(o) {
			return "the origin " + o + " must be scheme://host[:port] without a path, or *"
		}
	}
	for _, m := range r.Allowed.Methods {
		if !slices.Contains(corsMethods, m) {
			return "the method " + m + " must be one of " + strings.Join(corsMethods, ", ")
		}
	}
	for _, h := range slices.Concat(r.Allowed.Headers, r.ExposeHeaders) {
		if h == "" || strings.Count(h, "*") > 1 || strings.ContainsAny(h, " \t\r\n,:") {
			return "the header name " + h + " is not valid"
		}
	}
	return ""
}

var corsMethods = []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodHead}

func validOrigin(o string) bool {
	if o == "*" {
		return true
	}
	u, err := url.Parse(strings.Replace(o, "*", "x", 1))
	return err == nil && u.Scheme != "" && u.Host != "" && u.Scheme+"://"+u.Host == strings.Replace(o, "*", "x", 1) && !strings.Contains(u.Host, "*")
}
