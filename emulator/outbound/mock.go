package outbound

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"
)

// mockSpec is one mock as a person writes it, in YAML or in flint.toml.
// docs/OUTBOUND.md says what each key means.
type mockSpec struct {
	Name    string               `yaml:"name"`
	Match   matchSpec            `yaml:"match"`
	Times   int                  `yaml:"times"`
	Status  int                  `yaml:"status"`
	Headers map[string]oneOrMany `yaml:"headers"`
	Text    *string              `yaml:"text"`
	JSON    yaml.Node            `yaml:"json"`
	File    string               `yaml:"file"`
	Base64  *string              `yaml:"base64"`
	Delay   string               `yaml:"delay"`
	Fault   string               `yaml:"fault"`
}

type matchSpec struct {
	Host        string            `yaml:"host"`
	Method      oneOrMany         `yaml:"method"`
	Path        string            `yaml:"path"`
	PathPattern string            `yaml:"path_pattern"`
	Query       map[string]string `yaml:"query"`
	Headers     map[string]string `yaml:"headers"`
	Body        string            `yaml:"body"`
	BodyPattern string            `yaml:"body_pattern"`
	JSON        yaml.Node         `yaml:"json"`
	Nth         int               `yaml:"nth"`
	Worker      string            `yaml:"worker"`
}

// oneOrMany is a string or a list of strings.
type oneOrMany []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (o *oneOrMany) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*o = oneOrMany{n.Value}
		return nil
	}
	return n.Decode((*[]string)(o))
}

// Ways in which a mock can fail.
const (
	faultRefuse  = "refuse"  // the connection closes before an answer
	faultReset   = "reset"   // it closes in the middle of the body
	faultTimeout = "timeout" // no answer comes, until the Worker gives up
)

// mock is one mock, ready to match and to answer.
type mock struct {
	name   string
	source string // the file it stands in
	match  matcher
	times  int64 // 0 = always
	nth    int64 // 0 = any
	status int
	header http.Header
	body   []byte
	file   string // read at each answer, so that it may change
	delay  time.Duration
	fault  string

	matchCount  atomic.Int64 // calls that match, but for nth
	answerCount atomic.Int64 // calls that it answered
}

// compile checks a mock. dir is the folder that its file is relative to.
func (s *mockSpec) compile(source, dir string, number int) (*mock, error) {
	m := &mock{
		name: s.Name, source: source, times: int64(s.Times), nth: int64(s.Match.Nth), status: s.Status, fault: s.Fault, header: http.Header{},
	}
	if m.name == "" {
		m.name = fmt.Sprintf("%s#%d", source, number)
	}
	if m.status == 0 {
		m.status = http.StatusOK
	}
	for name, values := range s.Headers {
		m.header[http.CanonicalHeaderKey(name)] = values
	}
	var err error
	if s.Delay != "" {
		if m.delay, err = time.ParseDuration(s.Delay); err != nil || m.delay < 0 {
			return nil, fmt.Errorf("delay: found %q, want a duration such as 250ms or 2s", s.Delay)
		}
	}
	if err := s.check(m); err != nil {
		return nil, err
	}
	if err := s.content(m, dir); err != nil {
		return nil, err
	}
	m.match, err = s.Match.compile()
	return m, err
}

func (s *mockSpec) check(m *mock) error {
	switch {
	case s.Match.Host == "":
		return errors.New("match.host is missing: name the host that the mock answers for (* for all)")
	case m.status < 200 || m.status > 599:
		return fmt.Errorf("status: found %d, want 200 to 599", m.status)
	case s.Times < 0 || s.Match.Nth < 0:
		return errors.New("times and match.nth count from 1")
	case !slices.Contains([]string{"", faultRefuse, faultReset, faultTimeout}, s.Fault):
		return fmt.Errorf("fault: found %q, want refuse, reset or timeout", s.Fault)
	}
	return nil
}

// content reads the body that the mock answers with.
func (s *mockSpec) content(m *mock, dir string) (err error) {
	kind := ""
	given := 0
	if s.Text != nil {
		m.body, kind = []byte(*s.Text), "text/plain; charset=utf-8"
		given++
	}
	if !s.JSON.IsZero() {
		if m.body, err = jsonOf(&s.JSON); err != nil {
			return fmt.Errorf("json: %w", err)
		}
		kind = "application/json"
		given++
	}
	if s.Base64 != nil {
		if m.body, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(*s.Base64), "")); err != nil {
			return fmt.Errorf("base64: %w", err)
		}
		kind = "application/octet-stream"
		given++
	}
	if s.File != "" {
		if m.file = s.File; !filepath.IsAbs(m.file) {
			m.file = filepath.Join(dir, m.file)
		}
		if _, err := os.Stat(m.file); err != nil {
			return fmt.Errorf("file: %w", err)
		}
		kind = mime.TypeByExtension(filepath.Ext(m.file))
		given++
	}
	if given > 1 {
		return errors.New("takes one of text, json, file and base64")
	}
	if kind != "" && m.header["Content-Type"] == nil {
		m.header.Set("Content-Type", kind)
	}
	return nil
}

// jsonOf is a YAML value as JSON. A string is taken as JSON text.
func jsonOf(n *yaml.Node) ([]byte, error) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		if !json.Valid([]byte(n.Value)) {
			return nil, errors.New("the text is not JSON")
		}
		return []byte(n.Value), nil
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return nil, err
	}
	return encodeJSON(v)
}

func (s *matchSpec) compile() (m matcher, err error) {
	m = matcher{
		host: strings.ToLower(s.Host), path: s.Path, query: s.Query, body: s.Body, worker: s.Worker,
		headers: map[string]string{},
	}
	for _, method := range s.Method {
		m.methods = append(m.methods, strings.ToUpper(method))
	}
	for name, want := range s.Headers {
		m.headers[http.CanonicalHeaderKey(name)] = want
	}
	if s.Path != "" && s.PathPattern != "" {
		return m, errors.New("match takes path or path_pattern, not both")
	}
	for _, p := range []struct {
		key, text string
		into      **regexp.Regexp
	}{{"path_pattern", s.PathPattern, &m.pathPattern}, {"body_pattern", s.BodyPattern, &m.bodyPattern}} {
		if p.text == "" {
			continue
		}
		if *p.into, err = regexp.Compile(p.text); err != nil {
			return m, fmt.Errorf("match.%s: %w", p.key, err)
		}
	}
	if !s.JSON.IsZero() {
		text, err := jsonOf(&s.JSON)
		if err != nil {
			return m, fmt.Errorf("match.json: %w", err)
		}
		m.json, m.hasJSON = decodeJSON(text)
	}
	return m, nil
}
