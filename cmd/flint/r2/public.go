package r2

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/emulator"
)

func (a commands) r2Domain() *cobra.Command {
	return cli.NewGroup("domain", "Custom domains of a bucket, beside those of [r2.domains] in flint.toml", a.r2DomainList(), a.r2DomainAdd(), a.r2DomainRemove())
}

func (a commands) r2DomainList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list BUCKET",
		Short: "List the domains of a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				var found struct {
					Domains []struct {
						Domain  string `json:"domain"`
						Enabled bool   `json:"enabled"`
					} `json:"domains"`
				}
				if _, err := b.Call(cmd.Context(), http.MethodGet, b.path("domains", "custom"), nil, &found); err != nil {
					return err
				}
				if asJSON {
					return a.PrintJSON(found.Domains)
				}
				a.Printf("Listing custom domains connected to bucket '%s'...", b.name)
				if len(found.Domains) == 0 {
					a.Printf("There are no custom domains connected to this bucket.")
				}
				for i, d := range found.Domains {
					if i > 0 {
						a.Printf("")
					}
					a.labelled([][2]string{{"domain", d.Domain}, {"enabled", yesNo(d.Enabled)}, {"url", b.localURL(d.Domain)}})
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

// localURL is where this machine reaches a public host.
func (b *bucket) localURL(host string) string {
	port := b.project.Settings.Port
	if run, err := emulator.ReadRun(b.project.Settings.State); err == nil {
		if _, p, ok := strings.Cut(strings.TrimPrefix(run.URL, "http://"), ":"); ok {
			return "http://" + host + ".localhost:" + p
		}
	}
	return fmt.Sprintf("http://%s.localhost:%d", host, port)
}

// domainFlags asks for the domain.
func domainFlags(cmd *cobra.Command, domain *string) *cobra.Command {
	cmd.Flags().StringVar(domain, "domain", "", "the host name")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *domain == "" {
			return cli.Usagef("--domain is missing")
		}
		return run(cmd, args)
	}
	return r2Flags(cmd)
}

func (a commands) r2DomainAdd() *cobra.Command {
	var domain, tls string
	cmd := &cobra.Command{
		Use:   "add BUCKET --domain HOST",
		Short: "Make a bucket public at a host",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Connecting custom domain '%s' to bucket '%s'...", domain, b.name)
				in := map[string]any{"domain": domain, "enabled": true, "minTLS": tls}
				var made struct{ Domain string }
				if _, err := b.Call(cmd.Context(), http.MethodPost, b.path("domains", "custom"), in, &made); err != nil {
					return err
				}
				a.Printf("✨ Custom domain '%s' connected successfully.\nIt answers at %s", made.Domain, b.localURL(made.Domain))
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.String("zone-id", "", "without effect: there are no zones here")
	f.StringVar(&tls, "min-tls", "", "kept and otherwise without effect")
	return domainFlags(cmd, &domain)
}

func (a commands) r2DomainRemove() *cobra.Command {
	var domain string
	return domainFlags(&cobra.Command{
		Use:   "remove BUCKET --domain HOST",
		Short: "Take a host from a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Removing custom domain '%s' from bucket '%s'...", domain, b.name)
				if _, err := b.Call(cmd.Context(), http.MethodDelete, b.path("domains", "custom", domain), nil, nil); err != nil {
					return err
				}
				a.Printf("Custom domain '%s' removed successfully.", domain)
				return nil
			})
		},
	}, &domain)
}

func (a commands) r2DevURL() *cobra.Command {
	return cli.NewGroup("dev-url", "Whether a bucket is public below r2.dev", a.r2DevURLGet(),
		a.r2DevURLSet("enable", "Make a bucket public below r2.dev", true), a.r2DevURLSet("disable", "Make it private again", false))
}

// devURL is the managed domain of a bucket.
type devURL struct {
	Domain  string
	Enabled bool
}

func (a commands) r2DevURLGet() *cobra.Command {
	return r2Flags(&cobra.Command{
		Use:   "get BUCKET",
		Short: "Print where a bucket is public below r2.dev",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				var d devURL
				if _, err := b.Call(cmd.Context(), http.MethodGet, b.path("domains", "managed"), nil, &d); err != nil {
					return err
				}
				if !d.Enabled {
					a.Printf("Public access via the r2.dev URL is disabled.")
					return nil
				}
				a.Printf("Public access is enabled at 'https://%s'.\nIt answers at %s", d.Domain, b.localURL(b.name+".r2.dev"))
				return nil
			})
		},
	})
}

func (a commands) r2DevURLSet(verb, short string, enabled bool) *cobra.Command {
	doing := map[bool]string{true: "Enabling", false: "Disabling"}[enabled]
	return r2Flags(&cobra.Command{
		Use:   verb + " BUCKET",
		Short: short,
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("%s public access for bucket '%s'...", doing, b.name)
				var d devURL
				if _, err := b.Call(cmd.Context(), http.MethodPut, b.path("domains", "managed"), map[string]bool{"enabled": enabled}, &d); err != nil {
					return err
				}
				if !enabled {
					a.Printf("Public access disabled at 'https://%s'.", d.Domain)
					return nil
				}
				a.Printf("✨ Public access enabled at 'https://%s'.\nIt answers at %s", d.Domain, b.localURL(b.name+".r2.dev"))
				return nil
			})
		},
	})
}
