package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httputil"
	"os"
)

// errTooManyFollowers says that the journal has enough readers.
var errTooManyFollowers = errors.New("too many clients follow the outbound log")

// Rules are the keys of [outbound] in flint.toml.
type Rules struct {
	Allow     []string          // hosts that may really be reached: host, host:port, *.suffix, or * for all
	Record    []string          // hosts that may be reached, and whose answers are kept
	Replay    []string          // hosts that are answered from their cassettes and never reached
	Cassettes string            // the folder of the cassettes
	Mocks     []string          // files and folders of mocks
	Inline    []json.RawMessage // mocks in flint.toml
	File      string            // flint.toml, which Inline is relative to
	CA        string            // a PEM file with more authorities to trust
}

// ruleset is Rules, ready for use.
type ruleset struct {
	allow, record, replay []rule
	mocks                 *mockSet
	ca                    string
	transport             *http.Transport
	proxy                 *httputil.ReverseProxy
}

// Configure takes over new rules while requests go on. Mocks that did not
// change keep their counts. On an error the old rules stay.
func (g *Gate) Configure(r Rules) error {
	g.configuring.Lock()
	defer g.configuring.Unlock()
	old := g.rules.Load()
	set := &ruleset{allow: rules(r.Allow), record: rules(r.Record), replay: rules(r.Replay), ca: r.CA}
	var keep *mockSet
	if old != nil {
		keep = old.mocks
	}
	var err error
	if set.mocks, err = newMockSet(r.Mocks, r.Inline, r.File, g.log, keep); err != nil {
		return err
	}
	if old != nil && old.ca == r.CA {
		set.transport, set.proxy = old.transport, old.proxy
	} else {
		trust, err := g.authorities(r.CA)
		if err != nil {
			return err
		}
		set.transport = newTransport(g.dial, trust)
		set.proxy = g.newProxy(set.transport)
	}
	g.cassettesMu.Lock()
	if g.cassettes == nil || g.cassettes.dir != r.Cassettes {
		g.cassettes = &cassetteFolder{dir: r.Cassettes, tape: map[string]*cassette{}}
	}
	g.cassettesMu.Unlock()
	g.rules.Store(set)
	if old != nil && old.transport != set.transport {
		old.transport.CloseIdleConnections()
	}
	return nil
}

// authorities are the system's and those of a PEM file.
func (g *Gate) authorities(file string) (*tls.Config, error) {
	if file == "" {
		return g.trust, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("outbound.ca: cannot read %s: %w", file, pathErrorCause(err))
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("outbound.ca: %s holds no certificate in PEM form", file)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

// pathErrorCause is why a file could not be read, for a message that has its name.
func pathErrorCause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// cassette is the one of a host.
func (g *Gate) cassette(to target) *cassette {
	g.cassettesMu.Lock()
	tapes := g.cassettes
	g.cassettesMu.Unlock()
	return tapes.cassette(to)
}
