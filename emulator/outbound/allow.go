package outbound

import (
	"net"
	"net/netip"
	"strings"
)

// rule is one entry of the allow list.
type rule struct {
	name   string // exact name; with suffix, the part after *
	port   string // empty = any
	suffix bool
}

// rules reads the allow list. A scheme and a path that somebody pasted along
// are left out.
func rules(allow []string) []rule {
	var out []rule
	for _, entry := range allow {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if _, rest, ok := strings.Cut(entry, "://"); ok {
			entry = rest
		}
		entry, _, _ = strings.Cut(entry, "/")
		if entry == "" {
			continue
		}
		r := rule{name: strings.Trim(entry, "[]")}
		if name, port, err := net.SplitHostPort(entry); err == nil {
			r.name, r.port = name, port
		}
		r.name = strings.TrimSuffix(r.name, ".")
		if rest, ok := strings.CutPrefix(r.name, "*"); ok {
			r.name, r.suffix = rest, true
		}
		out = append(out, r)
	}
	return out
}

// matchesAny reports whether rules name a host; a bare * counts only with all.
func matchesAny(rules []rule, to target, all bool) bool {
	port := portOf(to)
	for _, r := range rules {
		if r.port != "" && r.port != port || r.suffix && r.name == "" && !all || to.name == "" {
			continue
		}
		if r.suffix && strings.HasSuffix(to.name, r.name) || !r.suffix && to.name == r.name {
			return true
		}
	}
	return false
}

// isLoopback reports whether a name can only mean this machine.
func isLoopback(name string) bool {
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}
