package redact

import "regexp"

// Mark replaces a secret.
const Mark = "[redacted]"

var (
	// knownForms matches keys and tokens of well-known forms anywhere in a text.
	knownForms = regexp.MustCompile(`\b(sk-[A-Za-z0-9_-]{12,}|[sr]k_(live|test)_[A-Za-z0-9]{10,}|pk_live_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{10,}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|(AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|hf_[A-Za-z0-9]{20,}|npm_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*)|(?i:\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,})|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*-----END [A-Z ]*PRIVATE KEY-----`)

	// jsonMember matches a JSON member with a secret's name, also in text that is not
	// a whole JSON document: a line of a stream, or a truncated body.
	jsonMember = regexp.MustCompile(`(?i)("(?:[a-z0-9_.-]*[-_.])?(?:api[-_]?key|access[-_]?token|refresh[-_]?token|id[-_]?token|client[-_]?secret|password|secret|private[-_]?key)"\s*:\s*")(?:[^"\\]|\\.)*"`)
)

// Text replaces what looks like a secret by Mark. JSON stays valid JSON.
func Text(s string) string {
	s = knownForms.ReplaceAllString(s, Mark)
	return jsonMember.ReplaceAllString(s, "${1}"+Mark+`"`)
}
