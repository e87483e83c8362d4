package outbound

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"flint/internal/yamlfile"
)

// cassette is what was recorded of one host: a YAML file that a person can read
// and change.
type cassette struct {
	path string
	name string // the file's, for messages

	mu           sync.Mutex
	size         int64
	mod          time.Time
	loaded       bool
	file         cassetteFile
	recordedKeys map[string]bool // keys that were recorded since flint started
	replayed     map[string]int  // answers given, by key
}

type cassetteFile struct {
	Host      string      `yaml:"host"`
	Exchanges []*exchange `yaml:"exchanges"`
}

// exchange is one request and its response.
type exchange struct {
	Request  recordedRequest  `yaml:"request"`
	Response recordedResponse `yaml:"response"`

	key string // of the request, once it is known
}

type recordedRequest struct {
	Method  string              `yaml:"method"`
	URL     string              `yaml:"url"`
	Headers map[string][]string `yaml:"headers,omitempty"`
	Body    string              `yaml:"body,omitempty"`
	Base64  string              `yaml:"base64,omitempty"`
}

type recordedResponse struct {
	Status  int                 `yaml:"status"`
	Headers map[string][]string `yaml:"headers,omitempty"`
	Body    string              `yaml:"body,omitempty"`
	Base64  string              `yaml:"base64,omitempty"`
	Time    time.Time           `yaml:"recorded"`
	Millis  int64               `yaml:"ms"`
}

const cassetteHead = "# Recorded by flint. Secrets are replaced; the rest is as it was sent. It may be changed by hand.\n"

// cassetteFolder is the folder of cassettes.
type cassetteFolder struct {
	dir string

	mu   sync.Mutex
	tape map[string]*cassette
}

// cassette is the one of a host: a file of its own for each port that is not
// the scheme's.
func (s *cassetteFolder) cassette(to target) *cassette {
	name := fileName(to)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.tape[name]
	if c == nil {
		c = &cassette{path: filepath.Join(s.dir, name), name: name, recordedKeys: map[string]bool{}, replayed: map[string]int{}}
		s.tape[name] = c
	}
	return c
}

// fileName is safe whatever the Host header says.
func fileName(to target) string {
	host := to.name
	if p := portOf(to); p != "80" && p != "443" {
		host += "_" + p
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_' {
			return r
		}
		return '_'
	}, host)
	return strings.TrimLeft(name[:min(len(name), 200)], ".") + ".yaml"
}

// load reads the file when it changed. A file that is not there is empty. The
// caller holds the lock.
func (c *cassette) load() error {
	info, err := os.Stat(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		c.file, c.loaded, c.size, c.mod = cassetteFile{}, true, 0, time.Time{}
		return nil
	}
	if err != nil {
		return fmt.Errorf("cassette: %w", err)
	}
	if c.loaded && info.Size() == c.size && info.ModTime().Equal(c.mod) {
		return nil
	}
	if info.Size() > maxCassette {
		return fmt.Errorf("cassette %s has %d bytes; the most is %d", c.path, info.Size(), maxCassette)
	}
	data, err := os.ReadFile(c.path)
	if err != nil {
		return fmt.Errorf("cassette: %w", err)
	}
	file, err := parseCassette(data)
	if err != nil {
		return fmt.Errorf("cassette %s: %w", c.path, err)
	}
	c.file, c.loaded, c.size, c.mod = *file, true, info.Size(), info.ModTime()
	clear(c.replayed)
	return nil
}

// parseCassette reads a file and finds the key of each request.
func parseCassette(data []byte) (*cassetteFile, error) {
	var file cassetteFile
	if err := yamlfile.Decode(data, &file); err != nil {
		return nil, err
	}
	for i, e := range file.Exchanges {
		if e == nil {
			return nil, fmt.Errorf("exchanges[%d] is empty", i)
		}
		body, err := e.Request.body()
		if err != nil {
			return nil, fmt.Errorf("exchanges[%d].request: %w", i, err)
		}
		if _, err := e.Response.body(); err != nil {
			return nil, fmt.Errorf("exchanges[%d].response: %w", i, err)
		}
		if e.Response.Status < 200 || e.Response.Status > 599 {
			return nil, fmt.Errorf("exchanges[%d].response: status %d, want 200 to 599", i, e.Response.Status)
		}
		e.key = requestKey(e.Request.Method, e.Request.URL, http.Header(e.Request.Headers).Get("Content-Type"), body)
	}
	return &file, nil
}

func (r *recordedRequest) body() ([]byte, error)  { return bodyOf(r.Body, r.Base64) }
func (r *recordedResponse) body() ([]byte, error) { return bodyOf(r.Body, r.Base64) }

func bodyOf(text, packed string) ([]byte, error) {
	if packed == "" {
		return []byte(text), nil
	}
	if text != "" {
		return nil, errors.New("takes body or base64, not both")
	}
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(packed), ""))
}

// split puts a body where it belongs: text as it is, anything else in base64.
func split(body []byte) (text, packed string) {
	if readable(body) {
		return string(body), ""
	}
	return "", base64.StdEncoding.EncodeToString(body)
}

// readable reports whether YAML can hold a body as text and give it back.
func readable(body []byte) bool {
	if !utf8.Valid(body) {
		return false
	}
	for _, r := range string(body) {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			return false
		}
	}
	return true
}

// add keeps an exchange. The first recording of a request since flint started
// takes the place of the older ones; later ones of the same request follow it.
func (c *cassette) add(host string, e *exchange) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return err
	}
	if !c.recordedKeys[e.key] {
		c.recordedKeys[e.key] = true
		c.file.Exchanges = slices.DeleteFunc(c.file.Exchanges, func(old *exchange) bool { return old.key == e.key })
	}
	c.file.Host = host
	c.file.Exchanges = append(c.file.Exchanges, e)
	if n := len(c.file.Exchanges); n > maxExchanges {
		c.file.Exchanges = c.file.Exchanges[n-maxExchanges:]
	}
	return c.save()
}

// save writes the file anew and puts it in place in one step.
func (c *cassette) save() error {
	var b bytes.Buffer
	b.WriteString(cassetteHead)
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(c.file); err != nil {
		return fmt.Errorf("cassette: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(c.path), 0o755); err != nil {
		return fmt.Errorf("cassette: %w", err)
	}
	tmp := c.path + ".new"
	if err := os.WriteFile(tmp, b.Bytes(), 0o600); err != nil { // what a host answers may be private
		return fmt.Errorf("cassette: %w", err)
	}
	if err := os.Rename(tmp, c.path); err != nil {
		return fmt.Errorf("cassette: %w", err)
	}
	info, err := os.Stat(c.path)
	if err != nil {
		return fmt.Errorf("cassette: %w", err)
	}
	c.size, c.mod = info.Size(), info.ModTime()
	return nil
}

// next is the recorded answer to a request: those of the same key in their
// order, the last one again and again.
func (c *cassette) next(key string) (*exchange, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		return nil, err
	}
	var same []*exchange
	for _, e := range c.file.Exchanges {
		if e.key == key {
			same = append(same, e)
		}
	}
	if len(same) == 0 {
		return nil, nil
	}
	n := c.replayed[key]
	c.replayed[key]++
	return same[min(n, len(same)-1)], nil
}
