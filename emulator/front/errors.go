package front

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"flint/worker"
	"flint/worker/bundle"
)

//go:embed error.html
var errorPage string

var errorTemplate = template.Must(template.New("error").Parse(errorPage))

// failure is the content of an error page.
type failure struct {
	Status  int
	Title   string
	Message string
	Detail  string // stack or code frame
}

// WriteError answers with an error page when accept, the request's Accept header,
// names text/html, and with plain text otherwise. The status depends on err: 500 for
// an exception or a failed build, 502 for a crash of workerd, 503 for anything else.
func WriteError(w http.ResponseWriter, accept string, err error) {
	f := describe(err)
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	if strings.Contains(accept, "text/html") {
		h.Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(f.Status)
		_ = errorTemplate.Execute(w, f) // fails only when the client has disconnected
		return
	}
	h.Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(f.Status)
	fmt.Fprintf(w, "%s: %s\n", f.Title, f.Message)
	if f.Detail != "" {
		fmt.Fprintf(w, "\n%s\n", f.Detail)
	}
}

func describe(err error) failure {
	var exception *worker.Exception
	var build *bundle.Error
	var crash *worker.CrashError
	switch {
	case errors.As(err, &exception):
		return failure{http.StatusInternalServerError, "Uncaught exception", exception.Summary(), exception.Trace()}
	case errors.As(err, &build):
		return failure{http.StatusInternalServerError, "The Worker does not build", "mend it and save; flint is watching", build.Pretty(false)}
	case errors.As(err, &crash):
		return failure{http.StatusBadGateway, "Bad gateway", crash.Error(), ""}
	case errors.Is(err, worker.ErrHeld):
		return failure{http.StatusServiceUnavailable, "Service unavailable", err.Error(), ""}
	}
	return failure{http.StatusServiceUnavailable, "The Worker does not answer", err.Error(), ""}
}
