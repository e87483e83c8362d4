package r2

import (
	"net/http"
	"strconv"
	"strings"
)

// allowOrigin lets a page of another origin see an answer, where a CORS rule
// of the bucket allows it. A bucket without rules lets none.
// https://developers.cloudflare.com/r2/buckets/cors/
func allowOrigin(h http.Header, r *http.Request, b *Bucket) {
	if len(b.CORS()) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	m := b.MatchCORS(r.Header.Get("Origin"), r.Method, nil)
	if m == nil {
		return
	}
	h.Set("Access-Control-Allow-Origin", m.Origin)
	if len(m.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(m.Expose, ", "))
	}
}

// serveOptions answers a preflight: what a browser asks before a request that
// a page of another origin makes with a condition, a range or the like.
func serveOptions(w http.ResponseWriter, r *http.Request, b *Bucket) {
	h := w.Header()
	origin, method := r.Header.Get("Origin"), r.Header.Get("Access-Control-Request-Method")
	if origin == "" || method == "" {
		h.Set("Allow", publicMethods)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	h.Set("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	m := b.MatchCORS(origin, method, headerNames(r.Header.Values("Access-Control-Request-Headers")))
	if m == nil {
		plain(w, http.StatusForbidden, "No CORS rule of the bucket "+b.Name()+" allows this "+method+" from "+origin+
			". `flint r2 bucket cors set "+b.Name()+" --file cors.json` gives it rules.")
		return
	}
	h.Set("Access-Control-Allow-Origin", m.Origin)
	h.Set("Access-Control-Allow-Methods", strings.Join(m.Methods, ", "))
	if len(m.Headers) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(m.Headers, ", "))
	}
	if m.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(m.MaxAge))
	}
	w.WriteHeader(http.StatusNoContent)
}

// headerNames splits lists of names.
func headerNames(values []string) []string {
	var names []string
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}
