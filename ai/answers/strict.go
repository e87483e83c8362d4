package answers

import (
	"fmt"
	"net/http"
	"strings"

	"flint/ai/inference"
	"flint/internal/cferr"
)

// NoScript is strict mode's error: it shows what was asked and the script that
// came nearest, with what it missed.
func (src *Sources) NoScript(q *Asked) *cferr.Error {
	set := src.scripts.current()
	var b strings.Builder
	fmt.Fprintf(&b, "no script answers %s %q", q.Model, inference.Shorten(strings.Join(strings.Fields(q.User[:min(len(q.User), inference.MaxRead)]), " "), 120))
	if set.broken != nil {
		fmt.Fprintf(&b, "; the scripts on disk cannot be read (%v)", set.broken)
	}
	if best, misses := nearestScript(set.list, q); best != nil {
		fmt.Fprintf(&b, "; the nearest is %s, which wants %s", best.source, strings.Join(misses, " and "))
	} else {
		b.WriteString("; there are no scripts: name a folder in flint.toml, [ai] scripts")
	}
	b.WriteString(" ([ai] strict is on)")
	return cferr.New(http.StatusNotFound, inference.CodeNoScript, b.String())
}
