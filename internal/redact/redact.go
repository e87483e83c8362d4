package redact

import "regexp"

// Mark stands where a secret was.
const Mark = "[redacted]"

var (
	// known fits keys by their well-known forms, wherever they stand.
	known = regexp.MustCompile(`\b(sk-[A-Za-z0-9_-]{12,}|[sr]k_(live|test)_[A-Za-z0-9]{10,}|pk_live_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{10,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|(AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)|(?i:\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----`)

	// member fits a JSON member with a secret's name in text that is not one JSON
	// document: a line of a stream, or a cut body.
	member = regexp.MustCompile(`(?i)("(?:[a-z0-9_.-]*[-_.])?(?:api[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token|client[-_]?secret|password|secret|private[-_]?key)"\s*:\s*")(?:[^"\\]|\\.)*"`)
)

// Text replaces what looks like a secret. JSON stays JSON.
func Text(s string) string {
	s = known.ReplaceAllString(s, Mark)
	return member.ReplaceAllString(s, "${1}"+Mark+`"`)
}
