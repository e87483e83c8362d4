package assets

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"

	"flint/internal/cferr"
	"flint/internal/clock"
)

// Options say what is served and how.
type Options struct {
	Dir string // the folder, which must exist; absolute or relative to the working directory

	// HTMLHandling is auto-trailing-slash (the default), force-trailing-slash,
	// drop-trailing-slash or none.
	// https://developers.cloudflare.com/workers/static-assets/routing/advanced/html-handling/
	HTMLHandling string
	// NotFound is none (the default), 404-page or single-page-application.
	NotFound string
	// NavigationPrefersAssets lets a navigation (Sec-Fetch-Mode: navigate) get
	// what NotFound says without asking the Worker: on for compatibility dates
	// from 2025-04-01, or with assets_navigation_prefers_asset_serving.
	// https://developers.cloudflare.com/workers/static-assets/routing/advanced/single-page-application/
	NavigationPrefersAssets bool
	// StaticRouting says that run_worker_first is a list of patterns (see
	// Routing): then NotFound holds for every request that the list leaves over.
	StaticRouting bool
	// Pages serves by the rules of Pages instead: 308 redirects, the nearest
	// 404.html, else index.html for every path, and Pages' default headers.
	// HTMLHandling and NotFound have no meaning then.
	// https://developers.cloudflare.com/pages/configuration/serving-pages/
	Pages bool

	Log *slog.Logger
}

// Assets serves one folder. Its methods may be called from any goroutine.
type Assets struct {
	opt   Options
	log   *slog.Logger
	files *index
	rules atomic.Pointer[rules]
	real  clock.Clock // file times are real times, whatever the emulator's clock says
}

// Open looks through the folder. It fails, as Wrangler does, when the folder is
// missing, a file is over MaxFileSize, or there are more than MaxFiles.
func Open(opt Options) (*Assets, error) {
	if err := checkOptions(&opt); err != nil {
		return nil, err
	}
	a := &Assets{opt: opt, log: opt.Log, real: clock.New()}
	a.files = newIndex(opt.Dir, a.real, a.log)
	a.currentRules() // says what is wrong in them now, not at the first request
	if err := a.checkFiles(); err != nil {
		return nil, err
	}
	return a, nil
}

func checkOptions(opt *Options) error {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.HTMLHandling == "" {
		opt.HTMLHandling = autoTrailingSlash
	}
	if opt.NotFound == "" {
		opt.NotFound = notFoundNone
	}
	if htmlSteps[opt.HTMLHandling] == nil {
		return cferr.Newf(http.StatusBadRequest, 0, msgHTMLHandling, opt.HTMLHandling)
	}
	if !slices.Contains([]string{notFoundNone, notFoundPage, notFoundSPA}, opt.NotFound) {
		return cferr.Newf(http.StatusBadRequest, 0, msgNotFound, opt.NotFound)
	}
	dir, err := filepath.Abs(opt.Dir)
	if err != nil {
		return err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return cferr.Newf(http.StatusBadRequest, 0, msgNoDirectory, dir)
	}
	opt.Dir = dir
	return nil
}

// ServeHTTP answers every request: what no asset matches is a 404.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := a.newRequest(r)
	if !a.respond(w, q, a.opt.NotFound) {
		a.writeNothing(w, q)
	}
}

// Serve answers the request if there is an asset or a redirect for it, and
// reports whether it did; if not, it wrote nothing and the Worker is asked next.
// What Options.NotFound says counts only for the requests for which Cloudflare
// does not ask the Worker.
func (a *Assets) Serve(w http.ResponseWriter, r *http.Request) (served bool) {
	notFound := notFoundNone
	navigates := a.opt.NavigationPrefersAssets && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	if a.opt.StaticRouting || navigates {
		notFound = a.opt.NotFound
	}
	return a.respond(w, a.newRequest(r), notFound)
}
