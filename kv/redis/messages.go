package redis

import (
	"errors"
	"net/http"
	"strings"

	"flint/internal/cferr"
)

const (
	codeUnavailable = 10502 // flint's own: Cloudflare has no Redis to lose
)

// ErrDriver says that a driver is neither a name nor a URL that can be used. It
// does not show the driver, which may hold a password.
var ErrDriver = errors.New("the driver is no Redis URL: want redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss://… or unix:///SOCKET, " +
	"with / ? # @ in a password written as %2F %3F %23 %40")

// errUnreachable says that Redis cannot be reached.
func errUnreachable(addr, reason string) error {
	return cferr.Newf(http.StatusServiceUnavailable, codeUnavailable,
		"KV cannot reach Redis at %s (%s). Start it, or change [kv] driver in flint.toml.", addr, reason)
}

// errReply says what Redis refused to do.
func errReply(addr, text string) error {
	text, _, _ = strings.Cut(text, "\n")
	return cferr.Newf(http.StatusServiceUnavailable, codeUnavailable, "Redis at %s answered KV: %.*s", addr, maxReplyBytes, text)
}
