package r2

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func openDomains(t *testing.T, file string) *Domains {
	t.Helper()
	d, err := OpenDomains(DomainsOptions{File: file, Fixed: map[string]Site{"Media.example.com": {Bucket: "media", NotFound: "404.html"}}, Public: []string{"open"}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *Domains) at(host string) string {
	site, _ := d.Find(host)
	return site.Bucket
}

func TestDomains(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "r2", "domains.json")
	d := openDomains(t, file)
	if site, ok := d.Find("media.example.com"); !ok || site != (Site{"media", "404.html"}) {
		t.Errorf("of the configuration: %+v", site)
	}
	if d.at("open.r2.dev") != "open" || d.at(DevHost("open")) != "open" || d.at("other.r2.dev") != "" || !d.Dev("open") || d.Dev("other") {
		t.Error("r2.dev")
	}
	for _, step := range []struct {
		err  error
		want error
	}{
		{d.Add(Domain{Host: "CDN.example.com", Bucket: "other", Enabled: true}), nil},
		{d.Add(Domain{Host: "off.example.com", Bucket: "other"}), nil},
		{d.Add(Domain{Host: "cdn.example.com", Bucket: "third"}), errDomainTaken("", "")},
		{d.Add(Domain{Host: "media.example.com", Bucket: "third"}), errDomainTaken("", "")},
		{d.Add(Domain{Host: "no_host", Bucket: "third"}), errInvalidDomain("")},
		{d.Add(Domain{Host: "x.r2.dev", Bucket: "third"}), errInvalidDomain("")},
		{d.Remove("media", "media.example.com"), errFixedDomain("")},
		{d.Remove("third", "cdn.example.com"), errNoSuchDomain("", "")},
		{d.SetDev("other", true), nil},
		{d.SetDev("open", false), errFixedPublic("")},
		{d.Update("other", "off.example.com", func(d *Domain) { d.MinTLS = "1.2" }), nil},
	} {
		if !errors.Is(step.err, step.want) {
			t.Errorf("%v, want %v", step.err, step.want)
		}
	}
	d = openDomains(t, file) // as after a restart
	if d.at("cdn.example.com") != "other" || d.at("off.example.com") != "" || d.at("other.r2.dev") != "other" {
		t.Error("what was added is lost")
	}
	want := "[{cdn.example.com other true  false} {off.example.com other false 1.2 false}]"
	if got := fmt.Sprint(d.Custom("other")); got != want {
		t.Errorf("domains %s, want %s", got, want)
	}
	if err := d.Forget("other"); err != nil || d.at("cdn.example.com") != "" || d.at("other.r2.dev") != "" || d.at("media.example.com") == "" {
		t.Errorf("after the bucket is gone: %v", err)
	}
}

func TestDomainsFileThatCannotBe(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "domains.json")
	for _, text := range []string{"{", `{"custom":null}`, "[]"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenDomains(DomainsOptions{File: file}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	// What cannot be kept has not happened.
	d, err := OpenDomains(DomainsOptions{File: filepath.Join(file, "below-a-file")})
	if err == nil {
		err = d.Add(Domain{Host: "a.example.com", Bucket: "media", Enabled: true})
	}
	if err == nil {
		t.Fatal("no error")
	}
	if d != nil && d.at("a.example.com") != "" {
		t.Error("a domain that is not kept answers")
	}
}

func FuzzHost(f *testing.F) {
	for _, s := range []string{"media.example.com", "-a.b", "a..b", ".", "x.r2.dev", "a.b:80", "ü.de", "a.b/c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		if validHost(host) {
			for _, c := range host {
				if c <= ' ' || c == '/' || c == ':' || c == '@' || c >= 0x7f {
					t.Fatalf("%q", host)
				}
			}
		}
	})
}
