package assets

import (
	"net/http"
	"strings"
)

// respondPages answers by the rules of Pages; it always answers.
// https://developers.cloudflare.com/pages/configuration/serving-pages/
func (a *Assets) respondPages(w http.ResponseWriter, q *request, path string) bool {
	if !q.isRead() {
		a.writeStatus(w, q, http.StatusMethodNotAllowed)
		return true
	}
	out, ok := q.resolvePages(decodePath(path))
	switch {
	case !ok:
		a.writeNothing(w, q)
	case out.file == nil:
		a.redirect(w, q, encodePath(out.redirect)+q.query(), http.StatusPermanentRedirect)
	default:
		a.writeFile(w, q, out)
	}
	return true
}

func (q *request) resolvePages(path string) (outcome, bool) {
	if base, ok := strings.CutSuffix(path, "/"); ok {
		if f := q.find(path + "index.html"); f != nil {
			return outcome{file: f, status: http.StatusOK}, true
		}
		if strings.HasSuffix(base, "/index") {
			return outcome{redirect: strings.TrimSuffix(base, "index")}, true
		}
		if q.find(base+".html") != nil {
			return outcome{redirect: base}, true
		}
		return q.notFoundPages(path)
	}
	if f := q.find(path); f != nil {
		return q.exactPages(path, f), true
	}
	if base, ok := strings.CutSuffix(path, "/index"); ok {
		return outcome{redirect: base + "/"}, true
	}
	if f := q.find(path + ".html"); f != nil {
		return outcome{file: f, status: http.StatusOK}, true
	}
	if q.find(path+"/index.html") != nil {
		return outcome{redirect: path + "/"}, true
	}
	return q.notFoundPages(path)
}

// exactPages serves a file at its own name, except HTML, which lives without
// its ending unless another file has that name.
func (q *request) exactPages(path string, f *file) outcome {
	short, isHTML := strings.CutSuffix(path, ".html")
	switch {
	case !isHTML:
	case strings.HasSuffix(short, "/index"):
		return outcome{redirect: strings.TrimSuffix(short, "index")}
	case short != "/" && q.find(short) == nil:
		return outcome{redirect: short}
	}
	return outcome{file: f, status: http.StatusOK}
}

// notFoundPages is the nearest 404.html, or index.html for a project without
// one: a single-page application.
func (q *request) notFoundPages(path string) (outcome, bool) {
	if f := q.nearest404(path); f != nil {
		return outcome{file: f, status: http.StatusNotFound}, true
	}
	return q.notFound(path, notFoundSPA)
}

func pagesHeaders(h http.Header) {
	h["Access-Control-Allow-Origin"] = []string{"*"}
	h["Referrer-Policy"] = []string{"strict-origin-when-cross-origin"}
	if len(h["Content-Type"]) > 0 {
		h["X-Content-Type-Options"] = []string{"nosniff"}
	}
}
