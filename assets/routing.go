package assets

import (
	"net/http"
	"regexp"
	"strings"

	"flint/internal/cferr"
)

// Routing is run_worker_first as a list of patterns.
// https://developers.cloudflare.com/workers/static-assets/binding/#run_worker_first
type Routing struct{ worker, assets []*regexp.Regexp }

// Route is who gets a request.
type Route int

// What Routing can say.
const (
	Default     Route = iota // the asset if there is one, else the Worker
	WorkerFirst              // the Worker, even where there is an asset
	AssetsOnly               // the assets, even where there is none
)

// NewRouting checks the patterns, which begin with / or, for an exception, with
// !/ and may hold * for anything.
func NewRouting(patterns []string) (*Routing, error) {
	if err := checkRouting(patterns); err != nil {
		return nil, err
	}
	r := &Routing{}
	for _, p := range patterns {
		list, p := &r.worker, p
		if p[0] == '!' {
			list, p = &r.assets, p[1:]
		}
		expr := strings.ReplaceAll(regexp.QuoteMeta(p), `\*`, ".*")
		*list = append(*list, regexp.MustCompile("^"+expr+"$")) // cannot fail: all is quoted
	}
	return r, nil
}

// Route says who gets the request; exceptions count first. A nil Routing says
// Default.
func (r *Routing) Route(req *http.Request) Route {
	if r == nil {
		return Default
	}
	path := rawPath(req)
	for _, re := range r.assets {
		if re.MatchString(path) {
			return AssetsOnly
		}
	}
	for _, re := range r.worker {
		if re.MatchString(path) {
			return WorkerFirst
		}
	}
	return Default
}

func checkRouting(patterns []string) error {
	refuse := func(format string, args ...any) error {
		return cferr.Newf(http.StatusBadRequest, 0, format, args...)
	}
	if len(patterns) == 0 {
		return refuse(msgRoutingNone)
	}
	if len(patterns) > maxRoutingRules {
		return refuse(msgRoutingMany, len(patterns), maxRoutingRules)
	}
	var wrong, positive, negative []string
	for _, p := range patterns {
		switch {
		case strings.HasPrefix(p, "!/"):
			negative = append(negative, p)
		case strings.HasPrefix(p, "/"):
			positive = append(positive, p)
		case strings.HasPrefix(p, "!"):
			wrong = append(wrong, sprintf(msgRoutingBang, p))
		default:
			wrong = append(wrong, sprintf(msgRoutingSlash, p))
		}
	}
	if len(negative) > 0 && len(positive) == 0 {
		return refuse(msgRoutingNegative)
	}
	wrong = append(append(wrong, redundant(positive)...), redundant(negative)...)
	if len(wrong) > 0 {
		return refuse(msgRoutingInvalid, strings.Join(wrong, "\n"))
	}
	return nil
}

func redundant(patterns []string) (wrong []string) {
	seen := map[string]bool{}
	for _, p := range patterns {
		if len(p) > maxRoutingRule {
			wrong = append(wrong, sprintf(msgRoutingLong, p, maxRoutingRule))
		}
		if seen[p] {
			wrong = append(wrong, sprintf(msgRoutingTwice, p))
		}
		seen[p] = true
		prefix, isPrefix := strings.CutSuffix(p, "*")
		for _, other := range patterns {
			if isPrefix && other != p && strings.HasPrefix(other, prefix) {
				wrong = append(wrong, sprintf(msgRoutingCovered, other, p))
			}
		}
	}
	return wrong
}
