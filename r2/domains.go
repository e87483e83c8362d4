package r2

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Domains are the public hosts of buckets: what the configuration says, which
// stays as it is, and what was added while flint runs, which a file keeps.
// Its methods may be called from any goroutine.
// https://developers.cloudflare.com/r2/buckets/public-buckets/
type Domains struct {
	file  string
	fixed map[string]Site
	open  map[string]bool // buckets that are public at r2.dev by configuration

	mu    sync.Mutex // of changes
	kept  keptDomains
	hosts atomic.Pointer[map[string]Site]
}

// DomainsOptions say what is public.
type DomainsOptions struct {
	File   string          // keeps what is added; created with the first change
	Fixed  map[string]Site // hosts of the configuration
	Public []string        // buckets that are public at r2.dev by configuration
}

// Domain is a custom domain of a bucket.
type Domain struct {
	Host    string `json:"-"`
	Bucket  string `json:"bucket"`
	Enabled bool   `json:"enabled"`
	MinTLS  string `json:"min_tls,omitempty"` // kept and otherwise ignored: hosts are served without TLS
	Fixed   bool   `json:"-"`                 // by the configuration
}

// keptDomains is the file.
type keptDomains struct {
	Custom map[string]Domain `json:"custom"`
	R2Dev  map[string]bool   `json:"r2_dev"` // buckets that are public at r2.dev
}

// devSuffix is the domain under which a bucket can be public without one of
// its own.
const devSuffix = ".r2.dev"

// OpenDomains reads what was kept.
func OpenDomains(o DomainsOptions) (*Domains, error) {
	d := &Domains{file: o.File, fixed: map[string]Site{}, open: map[string]bool{}, kept: keptDomains{map[string]Domain{}, map[string]bool{}}}
	for host, site := range o.Fixed {
		d.fixed[strings.ToLower(host)] = site
	}
	for _, bucket := range o.Public {
		d.open[bucket] = true
	}
	data, err := os.ReadFile(o.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(data, &d.kept); err != nil {
			return nil, fmt.Errorf("%s: %w", o.File, err)
		}
		if d.kept.Custom == nil || d.kept.R2Dev == nil {
			return nil, fmt.Errorf("%s: \"custom\" or \"r2_dev\" is missing", o.File)
		}
	}
	d.publish()
	return d, nil
}

// DevHost is the host of a bucket at r2.dev: one that does not tell its name,
// as Cloudflare gives. It is the same on every machine. The bucket is also
// there as BUCKET.r2.dev.
func DevHost(bucket string) string {
	sum := sha256.Sum256([]byte("r2.dev " + bucket))
	return "pub-" + hex.EncodeToString(sum[:16]) + devSuffix
}

// publish makes the map that Find looks at.
func (d *Domains) publish() {
	hosts := map[string]Site{}
	for _, buckets := range []map[string]bool{d.kept.R2Dev, d.open} {
		for bucket := range buckets {
			hosts[bucket+devSuffix] = Site{Bucket: bucket}
			hosts[DevHost(bucket)] = Site{Bucket: bucket}
		}
	}
	for host, domain := range d.kept.Custom {
		if domain.Enabled {
			hosts[host] = Site{Bucket: domain.Bucket}
		}
	}
	maps.Copy(hosts, d.fixed)
	d.hosts.Store(&hosts)
}

// Find returns what is public at a host, which is in lower case.
func (d *Domains) Find(host string) (Site, bool) {
	site, ok := (*d.hosts.Load())[host]
	return site, ok
}

// BelowR2Dev reports whether a host can only be a bucket at r2.dev.
func BelowR2Dev(host string) bool { return strings.HasSuffix(host, devSuffix) }

// Custom lists the custom domains of a bucket, by host.
func (d *Domains) Custom(bucket string) []Domain {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []Domain
	for host, site := range d.fixed {
		if site.Bucket == bucket {
			found = append(found, Domain{Host: host, Bucket: bucket, Enabled: true, Fixed: true})
		}
	}
	for host, domain := range d.kept.Custom {
		if _, hidden := d.fixed[host]; domain.Bucket == bucket && !hidden {
			domain.Host = host
			found = append(found, domain)
		}
	}
	slices.SortFunc(found, func(a, b Domain) int { return strings.Compare(a.Host, b.Host) })
	return found
}

// Add connects a host to a bucket. A host that has a bucket is an error.
func (d *Domains) Add(domain Domain) error {
	host := strings.ToLower(strings.TrimSuffix(domain.Host, "."))
	if !validHost(host) {
		return errInvalidDomain(domain.Host)
	}
	return d.change(func() error {
		site, taken := d.fixed[host]
		if other, ok := d.kept.Custom[host]; ok && !taken {
			site, taken = Site{Bucket: other.Bucket}, true
		}
		if taken {
			return errDomainTaken(host, site.Bucket)
		}
		if len(d.kept.Custom) >= maxDomains {
			return errTooManyDomains
		}
		d.kept.Custom[host] = domain
		return nil
	})
}

// Update changes a custom domain of a bucket.
func (d *Domains) Update(bucket, host string, set func(*Domain)) error {
	return d.change(func() error {
		domain, err := d.changeable(bucket, host)
		if err != nil {
			return err
		}
		set(&domain)
		d.kept.Custom[host] = domain
		return nil
	})
}

// Remove takes a custom domain from a bucket.
func (d *Domains) Remove(bucket, host string) error {
	return d.change(func() error {
		_, err := d.changeable(bucket, host)
		delete(d.kept.Custom, host)
		return err
	})
}

// changeable is a custom domain that can be changed.
func (d *Domains) changeable(bucket, host string) (Domain, error) {
	if site, ok := d.fixed[host]; ok && site.Bucket == bucket {
		return Domain{}, errFixedDomain(host)
	}
	domain, ok := d.kept.Custom[host]
	if !ok || domain.Bucket != bucket {
		return Domain{}, errNoSuchDomain(host, bucket)
	}
	return domain, nil
}

// Dev reports whether a bucket is public at r2.dev.
func (d *Domains) Dev(bucket string) bool {
	_, public := d.Find(DevHost(bucket))
	return public
}

// SetDev makes a bucket public at r2.dev, or not.
func (d *Domains) SetDev(bucket string, public bool) error {
	return d.change(func() error {
		switch {
		case public:
			d.kept.R2Dev[bucket] = true
		case d.open[bucket]:
			return errFixedPublic(bucket)
		default:
			delete(d.kept.R2Dev, bucket)
		}
		return nil
	})
}

// Forget removes all hosts of a bucket that is gone, but for those of the
// configuration.
func (d *Domains) Forget(bucket string) error {
	if !d.Dev(bucket) && len(d.Custom(bucket)) == 0 {
		return nil
	}
	return d.change(func() error {
		delete(d.kept.R2Dev, bucket)
		maps.DeleteFunc(d.kept.Custom, func(_ string, domain Domain) bool { return domain.Bucket == bucket })
		return nil
	})
}

// change does f and keeps what it did, or nothing.
func (d *Domains) change(f func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := keptDomains{maps.Clone(d.kept.Custom), maps.Clone(d.kept.R2Dev)}
	err := f()
	if err == nil {
		err = d.save()
	}
	if err != nil {
		d.kept = before
		return err
	}
	d.publish()
	return nil
}

// save replaces the file at once.
func (d *Domains) save() error {
	data, err := json.MarshalIndent(d.kept, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(d.file), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(d.file+".tmp", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(d.file+".tmp", d.file)
}

// validHost holds a name to what a Host header can say.
func validHost(host string) bool {
	if len(host) > 253 || !strings.Contains(host, ".") || BelowR2Dev(host) {
		return false
	}
	for label := range strings.SplitSeq(host, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
