package conformance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Case is one folder below cases/.
type Case struct {
	ID    string // kv/values
	Dir   string // absolute
	Peer  string // PeerMiniflare, PeerWrangler or PeerNone
	Steps []*Step

	preamble []string // the lines before the first step, as written
}

// The values of Case.Peer: what flint is compared with. A step file sets it by a line
// such as "peer: wrangler" before the first step.
const (
	PeerMiniflare = "miniflare" // Miniflare's API; the default, because it starts fastest
	PeerWrangler  = "wrangler"  // wrangler dev, for behaviour of the whole product
	PeerNone      = "none"      // the peer does not serve this: flint is compared with the step file only
)

// Step is one request and its expected answer.
type Step struct {
	ID       string // kv/values/missing
	Title    string // a sentence, may be empty
	Until    time.Duration
	Method   string // WS opens a WebSocket; STREAM is a GET whose chunks are recorded one by one
	Path     string
	Header   []Field
	Body     string
	Expected *Answer // nil until -update has written it
	Tolerance
}

// Field is one header line. The expected value "*" stands for any value and "-" for
// no such header.
type Field struct{ Name, Value string }

// Answer is a response as a step file holds it.
type Answer struct {
	Status int
	Header []Field // those that the step names
	Body   string  // text; "base64: …" or "sha256: … (N bytes)" when it is not text or long
}

// String returns the answer as a step file holds it, without the tolerance.
func (a *Answer) String() string {
	if a == nil {
		return "no answer"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n", a.Status)
	writeBlock(&b, a.Header, a.Body)
	return strings.TrimRight(b.String(), "\n")
}

// LoadCases reads every <service>/<name>/steps.txt below root.
func LoadCases(root string) ([]*Case, error) {
	files, err := filepath.Glob(filepath.Join(root, "*", "*", "steps.txt"))
	if err != nil {
		return nil, err
	}
	sort.Strings(files)
	var out []*Case
	for _, f := range files {
		dir, err := filepath.Abs(filepath.Dir(f))
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		id := filepath.Base(filepath.Dir(dir)) + "/" + filepath.Base(dir)
		c, err := ParseCase(id, string(text))
		if err != nil {
			return nil, err
		}
		c.Dir = dir
		out = append(out, c)
	}
	return out, nil
}

// ParseCase parses a step file. Errors name the line.
func ParseCase(id, text string) (*Case, error) {
	c := &Case{ID: id, Peer: PeerMiniflare}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	first := slices.IndexFunc(lines, isHeading)
	if first < 0 {
		return nil, fmt.Errorf("%s: no step: a step begins with \"### name\"", id)
	}
	c.preamble = lines[:first]
	for _, l := range c.preamble {
		if peer, ok := strings.CutPrefix(l, "peer: "); ok {
			if !slices.Contains([]string{PeerMiniflare, PeerWrangler, PeerNone}, peer) {
				return nil, fmt.Errorf("%s: peer: %s: want miniflare, wrangler or none", id, peer)
			}
			c.Peer = peer
		}
	}
	seen := map[string]bool{}
	for at := first; at < len(lines); {
		end := at + 1
		for end < len(lines) && !isHeading(lines[end]) {
			end++
		}
		s, err := parseStep(id, lines[at:end])
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", id, at+1, err)
		}
		if seen[s.ID] {
			return nil, fmt.Errorf("%s: line %d: a second step %s", id, at+1, s.ID)
		}
		seen[s.ID] = true
		c.Steps = append(c.Steps, s)
		at = end
	}
	return c, nil
}

// totalWait is how long the steps of c may wait in total.
func (c *Case) totalWait() (sum time.Duration) {
	for _, s := range c.Steps {
		sum += s.Until
	}
	return sum
}

func isHeading(line string) bool { return strings.HasPrefix(line, "### ") }

func parseStep(id string, lines []string) (*Step, error) {
	name, title, _ := strings.Cut(strings.TrimPrefix(lines[0], "### "), ": ")
	s := &Step{ID: id + "/" + name, Title: title}
	if name == "" || strings.ContainsAny(name, " /") {
		return nil, fmt.Errorf("the name %q of the step holds a space or a slash", name)
	}
	request, answer := lines[1:], []string(nil)
	if i := slices.Index(lines, "---"); i >= 0 {
		request, answer = lines[1:i], lines[i+1:]
	}
	if len(request) == 0 {
		return nil, fmt.Errorf("step %s has no request line", name)
	}
	if err := s.parseRequestLine(request[0]); err != nil {
		return nil, err
	}
	var err error
	if s.Header, s.Body, err = parseBlock(request[1:]); err != nil {
		return nil, err
	}
	if answer == nil {
		return s, nil
	}
	return s, s.parseAnswer(answer)
}

func (s *Step) parseRequestLine(line string) error {
	words := strings.Fields(line)
	if len(words) == 4 && words[0] == "until" {
		var err error
		if s.Until, err = time.ParseDuration(words[1]); err != nil {
			return err
		}
		words = words[2:]
	}
	if len(words) != 2 || !strings.HasPrefix(words[1], "/") {
		return fmt.Errorf("%q: want [until 10s] METHOD /path", line)
	}
	s.Method, s.Path = words[0], words[1]
	return nil
}

func (s *Step) parseAnswer(lines []string) error {
	if len(lines) == 0 {
		return fmt.Errorf("--- without an expected status")
	}
	words := strings.Fields(lines[0])
	if len(words) == 0 {
		return fmt.Errorf("--- without an expected status")
	}
	a := &Answer{}
	var err error
	if words[0] != "?" { // "? sorted" leaves all but the tolerance to -update
		if a.Status, err = strconv.Atoi(words[0]); err != nil {
			return fmt.Errorf("%q: want a status and a tolerance", lines[0])
		}
		s.Expected = a
	}
	if s.Tolerance, err = parseTolerance(words[1:]); err != nil {
		return err
	}
	a.Header, a.Body, err = parseBlock(lines[1:])
	if s.Expected == nil && len(a.Header) > 0 {
		s.Expected = a // status 0 never matches; -update fills in the rest
	}
	return err
}

// parseBlock parses header lines, an empty line and a body.
func parseBlock(lines []string) (header []Field, body string, err error) {
	for len(lines) > 0 && lines[0] != "" {
		name, value, ok := strings.Cut(lines[0], ": ")
		if !ok {
			return nil, "", fmt.Errorf("%q: want Header: value, or an empty line before the body", lines[0])
		}
		header = append(header, Field{http.CanonicalHeaderKey(name), value})
		lines = lines[1:]
	}
	if len(lines) > 0 {
		lines = slices.Clone(lines[1:])
	}
	for i, l := range lines {
		lines[i] = strings.TrimPrefix(l, `\`)
	}
	return header, strings.TrimRight(strings.Join(lines, "\n"), "\n"), nil
}

func writeBlock(b *strings.Builder, header []Field, body string) {
	for _, f := range header {
		fmt.Fprintf(b, "%s: %s\n", f.Name, f.Value)
	}
	if body == "" {
		return
	}
	b.WriteString("\n")
	for l := range strings.SplitSeq(body, "\n") {
		if strings.HasPrefix(l, "### ") || l == "---" || strings.HasPrefix(l, `\`) {
			b.WriteString(`\`)
		}
		b.WriteString(l + "\n")
	}
}

// Format returns the step file of c.
func (c *Case) Format() string {
	var b strings.Builder
	for _, l := range c.preamble {
		b.WriteString(l + "\n")
	}
	for i, s := range c.Steps {
		if i > 0 {
			b.WriteString("\n")
		}
		s.format(&b)
	}
	return b.String()
}

func (s *Step) format(b *strings.Builder) {
	name := s.ID[strings.LastIndex(s.ID, "/")+1:]
	if s.Title != "" {
		name += ": " + s.Title
	}
	fmt.Fprintf(b, "### %s\n", name)
	if s.Until > 0 {
		fmt.Fprintf(b, "until %v ", s.Until)
	}
	fmt.Fprintf(b, "%s %s\n", s.Method, s.Path)
	writeBlock(b, s.Header, s.Body)
	if s.Expected == nil {
		return
	}
	fmt.Fprintf(b, "---\n%d %s\n", s.Expected.Status, s.Tolerance)
	writeBlock(b, s.Expected.Header, s.Expected.Body)
}
