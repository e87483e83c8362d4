package assets

import (
	"io"
	"net/http"
	"strconv"
)

const browserCache = "public, max-age=0, must-revalidate"

// request is one request on its way: what has been asked of the disk for it is
// asked once.
type request struct {
	a     *Assets
	r     *http.Request
	rules *rules
	path  string             // as rawPath has it
	seen  map[string]*folder // folders looked at
}

func (a *Assets) newRequest(r *http.Request) *request {
	return &request{a: a, r: r, rules: a.currentRules(), path: rawPath(r), seen: map[string]*folder{}}
}

// find is the asset at a decoded path, or nil.
func (q *request) find(path string) *file {
	if len(path) < 2 || q.rules.ignore.match(path[1:], false) {
		return nil
	}
	f := q.a.files.lookup(path, q.seen)
	if f == nil || f.tooLarge {
		return nil
	}
	return f
}

// respond answers with a redirect or an asset, or reports false.
func (a *Assets) respond(w http.ResponseWriter, q *request, notFound string) bool {
	path, rewritten := q.path, false
	if to, ok := q.rules.redirects.match(q); ok {
		if to.status != http.StatusOK {
			a.redirect(w, q, to.location, to.status)
			return true
		}
		path, rewritten = to.path, true
	}
	if a.opt.Pages {
		return a.respondPages(w, q, path)
	}
	decoded := decodePath(path)
	out, ok := q.resolve(decoded, a.opt.HTMLHandling, notFound, false)
	if !ok {
		if rewritten {
			a.writeNothing(w, q)
		}
		return rewritten
	}
	if !q.isRead() {
		a.writeStatus(w, q, http.StatusMethodNotAllowed)
		return true
	}
	if out.file == nil {
		a.redirect(w, q, encodePath(out.redirect)+q.query(), http.StatusTemporaryRedirect)
		return true
	}
	if canonical := encodePath(decoded); canonical != path {
		a.redirect(w, q, canonical+q.query(), http.StatusTemporaryRedirect)
		return true
	}
	a.writeFile(w, q, out)
	return true
}

func (q *request) isRead() bool {
	return q.r.Method == http.MethodGet || q.r.Method == http.MethodHead
}

func (q *request) query() string {
	if q.r.URL.RawQuery == "" {
		return ""
	}
	return "?" + q.r.URL.RawQuery
}

func (a *Assets) redirect(w http.ResponseWriter, q *request, location string, status int) {
	w.Header().Set("Location", location)
	a.writeStatus(w, q, status)
}

func (a *Assets) writeNothing(w http.ResponseWriter, q *request) {
	a.writeStatus(w, q, http.StatusNotFound)
}

// writeStatus answers without a body.
func (a *Assets) writeStatus(w http.ResponseWriter, q *request, status int) {
	h := w.Header()
	h["Content-Type"] = nil // keeps net/http from guessing one
	h["Content-Length"] = []string{"0"}
	q.finishHeaders(h, status)
	w.WriteHeader(status)
}

func (a *Assets) writeFile(w http.ResponseWriter, q *request, out outcome) {
	q.fileHeaders(w.Header(), out.file)
	strong := `"` + out.file.etag + `"`
	if match := q.r.Header.Get("If-None-Match"); match == strong || match == "W/"+strong {
		q.finishHeaders(w.Header(), http.StatusNotModified)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	q.finishHeaders(w.Header(), out.status)
	if out.file.body != nil {
		q.writeHead(w, out.status, int64(len(out.file.body)))
		if q.r.Method != http.MethodHead {
			_, _ = w.Write(out.file.body) // the client is gone: nobody is left to tell
		}
		return
	}
	a.stream(w, q, out)
}

// stream sends a file that is not in memory. It may have changed since it was
// looked up; then its size at this moment counts.
func (a *Assets) stream(w http.ResponseWriter, q *request, out outcome) {
	h, info := a.files.open(out.file.name)
	if h == nil {
		a.files.remove("/" + out.file.name)
		clear(w.Header())
		a.writeNothing(w, q)
		return
	}
	defer h.Close()
	q.writeHead(w, out.status, info.Size())
	if q.r.Method != http.MethodHead {
		_, _ = io.Copy(w, io.LimitReader(h, info.Size())) // as above
	}
}

func (q *request) writeHead(w http.ResponseWriter, status int, size int64) {
	w.Header()["Content-Length"] = []string{strconv.FormatInt(size, 10)}
	w.WriteHeader(status)
}

// fileHeaders sets what every asset has. A request for a range gets the whole
// asset, as from Cloudflare.
func (q *request) fileHeaders(h http.Header, f *file) {
	h["Etag"] = []string{`"` + f.etag + `"`}
	h["Content-Type"] = nil
	if f.mimeType != "" {
		h["Content-Type"] = []string{f.mimeType}
	}
	if len(q.r.Header["Authorization"]) == 0 && len(q.r.Header["Range"]) == 0 {
		h["Cache-Control"] = []string{browserCache}
	}
	if q.a.opt.Pages {
		return
	}
	if f.isFirstServe.Swap(false) {
		h["Cf-Cache-Status"] = []string{"MISS"}
	} else {
		h["Cf-Cache-Status"] = []string{"HIT"}
	}
}
