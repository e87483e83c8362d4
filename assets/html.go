package assets

import "strings"

// Values of Options.HTMLHandling and Options.NotFound.
const (
	autoTrailingSlash  = "auto-trailing-slash"
	forceTrailingSlash = "force-trailing-slash"
	dropTrailingSlash  = "drop-trailing-slash"
	htmlNone           = "none"

	notFoundNone = "none"
	notFoundPage = "404-page"
	notFoundSPA  = "single-page-application"
)

// step is one thing that HTML handling tries: serve file, or, with a
// destination, redirect to it if that is where file is served. In both "%" is
// the whole path and "^" the path without its ending.
type step struct{ file, to string }

// form says how a path ends; the first one that fits counts.
type form struct {
	ending string
	steps  []step
}

// htmlSteps is the documented table of HTML handling, mode by mode. The last
// form of each mode fits every path and follows the one that fitted.
// https://developers.cloudflare.com/workers/static-assets/routing/advanced/html-handling/
var htmlSteps = map[string][]form{
	autoTrailingSlash: {
		{"/index", []step{{"%", ""}, {"^/index.html", "^/"}, {"^.html", "^"}}},
		{"/index.html", []step{{"%", "^/"}, {"^.html", "^"}}},
		{"/", []step{{"^/index.html", ""}, {"^.html", "^"}}},
		{".html", []step{{"%", "^"}, {"^/index.html", "^/"}}},
		{"", []step{{"%", ""}, {"%.html", ""}, {"%/index.html", "%/"}}},
	},
	forceTrailingSlash: {
		{"/index", []step{{"%", ""}, {"^/index.html", "^/"}, {"^.html", "^/"}}},
		{"/index.html", []step{{"%", "^/"}, {"^.html", "^/"}}},
		{"/", []step{{"^/index.html", ""}, {"^.html", ""}}},
		{".html", []step{{"%", "^/"}, {"%", ""}, {"^/index.html", "^/"}}},
		{"", []step{{"%", ""}, {"%.html", "%/"}, {"%/index.html", "%/"}}},
	},
	dropTrailingSlash: {
		{"/index", []step{{"%", ""}, {"^.html", "^"}, {"^/index.html", "^"}}},
		{"/index.html", []step{{"%", "^"}, {"%", ""}, {"^.html", "^"}}},
		{"/", []step{{"^.html", "^"}, {"^/index.html", "^"}}},
		{".html", []step{{"%", "^"}, {"^/index.html", "^"}}},
		{"", []step{{"%", ""}, {"%.html", ""}, {"%/index.html", ""}}},
	},
	htmlNone: {{"", []step{{"%", ""}}}},
}

// dropRoot replaces the forms of drop-trailing-slash where dropping the slash
// would leave nothing.
var dropRoot = map[string][]step{
	"/index":      {{"%", ""}, {"/index.html", "/"}},
	"/index.html": {{"%", "/"}},
	"/":           {{"/index.html", ""}},
}

// outcome is what a path leads to: a file with a status, or a redirect.
type outcome struct {
	file     *file
	status   int    // 200, or 404 for a 404 page
	redirect string // decoded path, when file is nil
}

// resolve finds what is served at the decoded path. With direct it takes no
// redirects: that answers where a file is served in the end.
func (q *request) resolve(path, mode, notFound string, direct bool) (outcome, bool) {
	forms := htmlSteps[mode]
	for _, f := range forms {
		if !strings.HasSuffix(path, f.ending) {
			continue
		}
		steps := f.steps
		if root, ok := dropRoot[path]; ok && mode == dropTrailingSlash {
			steps = root
		}
		if out, ok := q.try(path, f.ending, steps, mode, notFound, direct); ok {
			return out, true
		}
		if f.ending != "" { // the first form that fits is followed by the last one
			rest := forms[len(forms)-1]
			if out, ok := q.try(path, rest.ending, rest.steps, mode, notFound, direct); ok {
				return out, true
			}
		}
		break
	}
	return q.notFound(path, notFound)
}

func (q *request) try(path, ending string, steps []step, mode, notFound string, direct bool) (outcome, bool) {
	base := strings.TrimSuffix(path, ending)
	for _, s := range steps {
		if s.to != "" && direct {
			continue
		}
		f := q.find(expand(s.file, path, base))
		if f == nil {
			continue
		}
		if s.to == "" {
			return outcome{file: f, status: 200}, true
		}
		if to := expand(s.to, path, base); q.servedAt(to, f, mode, notFound) {
			return outcome{redirect: to}, true
		}
	}
	return outcome{}, false
}

// servedAt reports whether f is what a request for path would get. If another
// file has that very path, f is not.
func (q *request) servedAt(path string, f *file, mode, notFound string) bool {
	if q.find(path) != nil {
		return false
	}
	out, ok := q.resolve(path, mode, notFound, true)
	return ok && out.file != nil && out.file.etag == f.etag
}

func expand(pattern, path, base string) string {
	switch pattern[0] {
	case '%':
		return path + pattern[1:]
	case '^':
		return base + pattern[1:]
	default:
		return pattern
	}
}

// notFound applies not_found_handling.
func (q *request) notFound(path, how string) (outcome, bool) {
	switch how {
	case notFoundSPA:
		if f := q.find("/index.html"); f != nil {
			return outcome{file: f, status: 200}, true
		}
	case notFoundPage:
		if f := q.nearest404(path); f != nil {
			return outcome{file: f, status: 404}, true
		}
	}
	return outcome{}, false
}

// nearest404 is the 404.html of the path's folder or of the next one above it.
func (q *request) nearest404(path string) *file {
	for path != "" {
		path = path[:max(strings.LastIndexByte(path, '/'), 0)]
		if f := q.find(path + "/404.html"); f != nil {
			return f
		}
	}
	return nil
}
