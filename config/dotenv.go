package config

import (
	"regexp"
	"strings"
)

// secret is one line of a .dev.vars or .env file. Its value is never printed.
type secret struct {
	name, value string
	literal     bool // in single quotes: not expanded
	file        string
	pos         position
}

// The dialect is that of the npm package dotenv, which Wrangler uses: KEY=value,
// KEY: value, export KEY=value, three kinds of quotes over several lines, and #.
var dotenvLine = regexp.MustCompile("(?m)^\\s*(?:export\\s+)?([\\w.-]+)(?:\\s*=\\s*?|:\\s+?)" +
	"(\\s*'(?:\\\\'|[^'])*'|\\s*\"(?:\\\\\"|[^\"])*\"|\\s*`(?:\\\\`|[^`])*`|[^#\\r\\n]+)?" +
	"\\s*(?:#.*)?$")

// parseDotenv skips what is no assignment. The last value of a name counts.
func parseDotenv(file string, data []byte) []secret {
	src := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	at := newLines([]byte(src))
	var out []secret
	index := map[string]int{}
	for _, m := range dotenvLine.FindAllStringSubmatchIndex(src, -1) {
		s := secret{name: src[m[2]:m[3]], file: file, pos: at.at(m[2])}
		if m[4] >= 0 {
			s.value, s.literal = unquote(strings.TrimSpace(src[m[4]:m[5]]))
		}
		if i, twice := index[s.name]; twice {
			out[i] = s
			continue
		}
		index[s.name] = len(out)
		out = append(out, s)
	}
	return out
}

// unquote strips matching quotes; only double quotes know \n and \r.
func unquote(s string) (value string, literal bool) {
	if len(s) < 2 || s[0] != s[len(s)-1] || !strings.ContainsRune("'\"`", rune(s[0])) {
		return s, false
	}
	inner := s[1 : len(s)-1]
	if s[0] == '"' {
		inner = strings.NewReplacer(`\n`, "\n", `\r`, "\r").Replace(inner)
	}
	return inner, s[0] == '\''
}

var reference = regexp.MustCompile(`\\?\$(?:\{([A-Za-z_][\w.-]*?)(?::?-([^{}]*))?\}|([A-Za-z_]\w*))`)

// expand replaces $NAME, ${NAME} and ${NAME:-default} once; what it puts in is
// not expanded again, so that a value cannot grow without bound.
func expand(value string, all map[string]secret) string {
	return reference.ReplaceAllStringFunc(value, func(ref string) string {
		if strings.HasPrefix(ref, `\`) {
			return ref[1:]
		}
		m := reference.FindStringSubmatch(ref)
		if v := all[m[1]+m[3]].value; v != "" {
			return v
		}
		return m[2]
	})
}
