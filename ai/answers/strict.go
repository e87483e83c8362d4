package answers

import (
	"fmt"
	"net/http"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// NoScriptError is the error of strict mode: it shows the prompt and the nearest
// script with its unmet conditions.
func (src *Sources) NoScriptError(q *Query) *cferr.Error {
	set := src.scripts.current()
	var b strings.Builder
	fmt.Fprintf(&b, "no script answers %s %q", q.Model, inference.Shorten(strings.Join(strings.Fields(q.User[:min(len(q.User), inference.MaxPromptRead)]), " "), 120))
	if set.loadErr != nil {
		fmt.Fprintf(&b, "; the scripts on disk cannot be read (%v)", set.loadErr)
	}
	if best, unmet := nearestScript(set.list, q); best != nil {
		fmt.Fprintf(&b, "; the nearest is %s, which wants %s", best.source, strings.Join(unmet, " and "))
	} else {
		b.WriteString("; there are no scripts: name a folder in flint.toml, [ai] scripts")
	}
	b.WriteString(" ([ai] strict is on)")
	return cferr.New(http.StatusNotFound, inference.CodeNoScript, b.String())
}
