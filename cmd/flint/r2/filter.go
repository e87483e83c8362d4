package r2

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/pflag"
)

// filter says which files a sync looks at: the last pattern that fits decides.
// If the first pattern includes, what fits none is left out.
type filter struct{ rules []filterRule }

type filterRule struct {
	include bool
	match   *regexp.Regexp
}

func (f *filter) add(flags *pflag.FlagSet) {
	flags.Var(&filterFlag{f, false}, "exclude", "leave out what fits the pattern, as *.map, node_modules or img/**/*.psd (repeatable)")
	flags.Var(&filterFlag{f, true}, "include", "take what fits the pattern; the last one that fits decides (repeatable)")
}

// takes reports whether a path, with slashes, is looked at.
func (f *filter) takes(path string) bool {
	path = strings.TrimLeft(path, "/") // of a key; a pattern's own slash says that it begins here
	for i := len(f.rules) - 1; i >= 0; i-- {
		if f.rules[i].match.MatchString(path) {
			return f.rules[i].include
		}
	}
	return len(f.rules) == 0 || !f.rules[0].include
}

// filterFlag is --include or --exclude: both keep their order.
type filterFlag struct {
	filter  *filter
	include bool
}

// Set implements pflag.Value.
func (v *filterFlag) Set(pattern string) error {
	match, err := compilePattern(pattern)
	if err == nil {
		v.filter.rules = append(v.filter.rules, filterRule{v.include, match})
	}
	return err
}

// String implements pflag.Value.
func (v *filterFlag) String() string { return "" }

// Type implements pflag.Value.
func (v *filterFlag) Type() string { return "pattern" }

// compilePattern reads a pattern as a .gitignore has it: * and ? stay within a
// name, ** does not; without a slash any name on the way fits, and what fits a
// folder fits all below it.
func compilePattern(pattern string) (*regexp.Regexp, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(pattern, "/"), "/")
	if text == "" {
		return nil, fmt.Errorf("the pattern %q is empty", pattern)
	}
	var re strings.Builder
	re.WriteString("^")
	if !strings.Contains(strings.TrimSuffix(pattern, "/"), "/") {
		re.WriteString("(?:.*/)?")
	}
	for text != "" {
		switch {
		case strings.HasPrefix(text, "**/"):
			re.WriteString("(?:.*/)?")
			text = text[3:]
		case strings.HasPrefix(text, "**"):
			re.WriteString(".*")
			text = text[2:]
		case text[0] == '*':
			re.WriteString("[^/]*")
			text = text[1:]
		case text[0] == '?':
			re.WriteString("[^/]")
			text = text[1:]
		default:
			n := strings.IndexAny(text, "*?")
			if n < 0 {
				n = len(text)
			}
			re.WriteString(regexp.QuoteMeta(text[:n]))
			text = text[n:]
		}
	}
	re.WriteString("(?:/.*)?$")
	return regexp.Compile("(?s)" + re.String())
}
