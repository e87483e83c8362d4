package outbound

import (
	"fmt"
	"net/http"
)

// refuse answers for a host that nobody allowed.
func (g *Gate) refuse(w http.ResponseWriter, to target, worker string, origin bool) {
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
	reply(w, http.StatusBadGateway, "refused", fmt.Sprintf(text, to.host, to.name))
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
