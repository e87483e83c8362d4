package outbound

import (
	"fmt"
	"net/http"
	"strings"
)

// refuse answers for a host that nobody allowed.
func (g *Gate) refuse(w http.ResponseWriter, r *http.Request, to target, worker string, origin bool) {
	if to.name == "" {
		reply(w, http.StatusBadGateway, "refused", refusedNoHost)
		return
	}
	text, why := refusedText, "outbound: fetch refused, flint is offline by default"
	if origin {
		text, why = ownZoneText, "outbound: fetch refused, it is for the origin server of the Worker's own zone: see global_fetch_strictly_public"
	}
	if g.firstRefusal(to.name) {
		g.log.Warn(why, "worker", worker, "host", to.host, "fix", fmt.Sprintf("allow = [%q] under [outbound] in flint.toml", to.name))
	}
	reply(w, http.StatusBadGateway, "refused", fmt.Sprintf(text, to.host, to.name)+g.rules.Load().mocks.missedMocks(to, r, worker))
}

// missedMocks says why the mocks of a host did not answer; empty when it has none.
func (s *mockSet) missedMocks(to target, r *http.Request, worker string) string {
	var b strings.Builder
	query := lenientQuery(r.URL.RawQuery)
	named := 0
	for _, m := range s.all() {
		if !m.match.onHost(to) || m.match.host == "*" {
			continue
		}
		if named++; named > maxMissed {
			break
		}
		differs := m.match.head(to, r, worker, query)
		switch {
		case differs != "":
		case m.match.wantsBody():
			differs = "the body, or how often it answers"
		default:
			differs = "how often it answers (nth, times)"
		}
		fmt.Fprintf(&b, mockMissedText, m.name, m.source, differs)
	}
	return b.String()
}

// refuseSocket answers connect(). workerd does not show the reply to the
// Worker, so the log says why.
func (g *Gate) refuseSocket(w http.ResponseWriter, to target, worker string) {
	if g.firstRefusal("connect " + to.host) {
		g.log.Warn("outbound: connect() refused, TCP sockets are not served yet", "worker", worker, "host", to.host)
	}
	reply(w, http.StatusNotImplemented, "refused", connectText)
}

// firstRefusal reports whether host was not refused before.
func (g *Gate) firstRefusal(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.warned[host] || len(g.warned) >= maxWarned {
		return false
	}
	g.warned[host] = true
	return true
}
