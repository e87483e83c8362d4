package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"

	"flint/config"
	"flint/r2"
)

// openDomains opens the public hosts of R2's buckets.
func openDomains(p *config.Project, dir string) (*r2.Domains, error) {
	fixed := map[string]r2.Site{}
	for host, d := range p.Settings.R2Domains {
		fixed[host] = r2.Site{Bucket: d.Bucket, NotFound: d.NotFound}
	}
	return r2.OpenDomains(r2.DomainsOptions{File: filepath.Join(dir, "domains.json"), Fixed: fixed, Public: p.Settings.R2Public})
}

// declarePublic makes the buckets that the configuration makes public.
func (s *services) declarePublic(p *config.Project) error {
	declare := func(where, bucket string) error {
		err := s.r2.Declare(bucket)
		if errors.Is(err, r2.ErrInvalidBucketName) {
			return &ConfigError{fmt.Sprintf("flint.toml: %s: %q is not the name of a bucket: 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends", where, bucket)}
		}
		return err
	}
	var errs []error
	for host, domain := range p.Settings.R2Domains {
		errs = append(errs, declare("[r2.domains] "+host, domain.Bucket))
	}
	for _, bucket := range p.Settings.R2Public {
		errs = append(errs, declare("[r2] public", bucket))
	}
	return errors.Join(errs...)
}

// publicBuckets finds the bucket of a host. A host below r2.dev where nothing
// is public says so on the public port; a Worker's fetch() may really mean it.
func (e *Emulator) publicBuckets() func(host string) (h http.Handler, named bool) {
	public := r2.NewPublic(e.services.r2, e.services.chain, e.log)
	return func(host string) (http.Handler, bool) {
		if site, ok := e.services.public.Find(host); ok {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { public.ServeSite(w, r, site) }), true
		}
		if r2.BelowR2Dev(host) {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { public.Refuse(w, host) }), false
		}
		return nil, false
	}
}
