package r2

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
)

// DomainsREST is the part of Cloudflare's REST API that makes buckets public.
// https://developers.cloudflare.com/api/resources/r2/subresources/buckets/subresources/domains/
type DomainsREST struct {
	rest    *REST
	domains *Domains
}

// NewDomainsREST serves domains of the buckets that rest serves.
func NewDomainsREST(rest *REST, domains *Domains) *DomainsREST {
	return &DomainsREST{rest, domains}
}

// Routes adds the routes below /accounts/{account}.
func (a *DomainsREST) Routes(r *mux.Router) {
	const base = "/r2/buckets/{bucket}/domains"
	for _, route := range []struct {
		method, path string
		serve        func(http.ResponseWriter, *http.Request, string) error
	}{
		{"GET", "/managed", a.getManaged},
		{"PUT", "/managed", a.putManaged},
		{"GET", "/custom", a.listCustom},
		{"POST", "/custom", a.addCustom},
		{"GET", "/custom/{domain}", a.getCustom},
		{"PUT", "/custom/{domain}", a.putCustom},
		{"DELETE", "/custom/{domain}", a.deleteCustom},
	} {
		r.HandleFunc(base+route.path, a.rest.handler(func(w http.ResponseWriter, r *http.Request) error {
			b, err := a.rest.bucket(r)
			if err != nil {
				return err
			}
			return route.serve(w, r, b.Name())
		})).Methods(route.method)
	}
}

func (a *DomainsREST) writeManaged(w http.ResponseWriter, bucket string) error {
	cferr.WriteResult(w, map[string]any{"bucketId": bucket, "domain": DevHost(bucket), "enabled": a.domains.Dev(bucket)}, nil)
	return nil
}

func (a *DomainsREST) getManaged(w http.ResponseWriter, _ *http.Request, bucket string) error {
	return a.writeManaged(w, bucket)
}

func (a *DomainsREST) putManaged(w http.ResponseWriter, r *http.Request, bucket string) error {
	var in struct{ Enabled *bool }
	if err := decodeJSON(r, &in); err != nil || in.Enabled == nil {
		return errInvalidDevJSON
	}
	if err := a.domains.SetDev(bucket, *in.Enabled); err != nil {
		return err
	}
	return a.writeManaged(w, bucket)
}

func decodeJSON(r *http.Request, into any) error {
	return json.NewDecoder(io.LimitReader(r.Body, maxRESTBody)).Decode(into)
}

// domainJSON is a custom domain in the API's words.
type domainJSON struct {
	Domain  string            `json:"domain"`
	Enabled bool              `json:"enabled"`
	Status  map[string]string `json:"status"`
	MinTLS  string            `json:"minTLS,omitempty"`
}

func describeDomain(d Domain) domainJSON {
	return domainJSON{d.Host, d.Enabled, map[string]string{"ownership": "active", "ssl": "active"}, d.MinTLS}
}

func (a *DomainsREST) listCustom(w http.ResponseWriter, _ *http.Request, bucket string) error {
	found := []domainJSON{}
	for _, d := range a.domains.Custom(bucket) {
		found = append(found, describeDomain(d))
	}
	cferr.WriteResult(w, map[string]any{"domains": found}, nil)
	return nil
}

// domainInput is what a client may say of a custom domain. What it says of
// zones and certificates has no meaning here.
type domainInput struct {
	Domain  string
	Enabled *bool
	MinTLS  string `json:"minTLS"`
}

func (in *domainInput) apply(d *Domain) {
	if in.Enabled != nil {
		d.Enabled = *in.Enabled
	}
	if in.MinTLS != "" {
		d.MinTLS = in.MinTLS
	}
}

func (a *DomainsREST) addCustom(w http.ResponseWriter, r *http.Request, bucket string) error {
	var in domainInput
	if err := decodeJSON(r, &in); err != nil || in.Domain == "" {
		return errInvalidDomainJSON
	}
	d := Domain{Host: in.Domain, Bucket: bucket, Enabled: true}
	in.apply(&d)
	if err := a.domains.Add(d); err != nil {
		return err
	}
	return a.writeCustom(w, bucket, in.Domain)
}

func (a *DomainsREST) writeCustom(w http.ResponseWriter, bucket, host string) error {
	for _, d := range a.domains.Custom(bucket) {
		if strings.EqualFold(d.Host, host) {
			cferr.WriteResult(w, describeDomain(d), nil)
			return nil
		}
	}
	return errNoSuchDomain(host, bucket)
}

func (a *DomainsREST) getCustom(w http.ResponseWriter, r *http.Request, bucket string) error {
	return a.writeCustom(w, bucket, mux.Vars(r)["domain"])
}

func (a *DomainsREST) putCustom(w http.ResponseWriter, r *http.Request, bucket string) error {
	var in domainInput
	if err := decodeJSON(r, &in); err != nil {
		return errInvalidDomainJSON
	}
	host := strings.ToLower(mux.Vars(r)["domain"])
	if err := a.domains.Update(bucket, host, in.apply); err != nil {
		return err
	}
	return a.writeCustom(w, bucket, host)
}

func (a *DomainsREST) deleteCustom(w http.ResponseWriter, r *http.Request, bucket string) error {
	host := strings.ToLower(mux.Vars(r)["domain"])
	if err := a.domains.Remove(bucket, host); err != nil {
		return err
	}
	cferr.WriteResult(w, map[string]string{"domain": host}, nil)
	return nil
}
