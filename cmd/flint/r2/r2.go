package r2

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
	"flint/internal/cferr"
)

// commands are the commands of this group.
type commands struct{ *cli.App }

// newR2 makes the command with its subcommands.
func New(a *cli.App) *cobra.Command { return commands{a}.top() }

const r2Buckets = "/r2/buckets"

func (a commands) top() *cobra.Command {
	return cli.NewGroup("r2", "R2 object storage",
		cli.NewGroup("object", "Objects of a bucket", a.r2Put(), a.r2Get(), a.r2Head(), a.r2Copy(), a.r2Delete(), a.r2List()),
		cli.NewGroup("bulk", "Many objects at once", a.r2BulkPut()),
		a.r2Bucket(), a.r2Sync(), a.r2Token())
}

// r2Flags adds Wrangler's flags that change nothing here.
func r2Flags(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.StringP("jurisdiction", "J", "", "refused: buckets have no jurisdiction here")
	f.Bool("force", false, "do not ask (flint never asks)")
	for _, name := range []string{"jurisdiction", "force"} {
		_ = f.MarkHidden(name) // fails only for a flag that is not there
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("jurisdiction") {
			return cli.Usagef("--jurisdiction: buckets have no jurisdiction here; leave it out")
		}
		return run(cmd, args)
	}
	return cli.LocalFlags(cmd)
}

// bucket is an open bucket, or one that nobody made.
type bucket struct {
	*emulator.Client
	name    string
	project *config.Project
}

func (b *bucket) path(elements ...string) string {
	return r2Buckets + emulator.Path(append([]string{b.name}, elements...)...)
}

func (b *bucket) object(key string) string { return b.path("objects", key) }

// onBucket runs f on a bucket.
func (a commands) onBucket(cmd *cobra.Command, name string, f func(b *bucket) error) error {
	return a.WithClient(cmd, func(p *config.Project, c *emulator.Client) error {
		return noBucket(f(&bucket{c, name, p}), name)
	})
}

// Cloudflare's codes for what does not exist.
const (
	codeNoBucket = 10006
	codeNoKey    = 10007
)

// noBucket names the bucket that an error says does not exist.
func noBucket(err error, name string) error {
	if hasCode(err, codeNoBucket) {
		return fmt.Errorf("no bucket is called %q; `flint r2 bucket list` shows all, `flint r2 bucket create %s` makes it", name, name)
	}
	return err
}

// noKey names the object that an error says does not exist.
func (b *bucket) noKey(err error, key string) error {
	if hasCode(err, codeNoKey) {
		return fmt.Errorf("%s/%s: %s", b.name, key, cli.Sentence(err))
	}
	return err
}

// hasCode reports whether err is Cloudflare's error of that number.
func hasCode(err error, code int) bool {
	var e *cferr.Error
	return errors.As(err, &e) && e.Code == code
}

// splitObject splits BUCKET/KEY.
func splitObject(name string) (bucket, key string, err error) {
	bucket, key, ok := strings.Cut(name, "/")
	if !ok || bucket == "" || key == "" {
		return "", "", cli.Usagef("name the object as BUCKET/KEY, not %q", name)
	}
	return bucket, key, nil
}

// onObject runs f on the bucket of BUCKET/KEY.
func (a commands) onObject(cmd *cobra.Command, name string, f func(b *bucket, key string) error) error {
	bucketName, key, err := splitObject(name)
	if err != nil {
		return err
	}
	return a.onBucket(cmd, bucketName, func(b *bucket) error { return f(b, key) })
}

// contentFlags are the flags that say what is kept with an object.
type contentFlags struct {
	storageClass string
	metadata     []string
}

// contentHeaders are the flags that become headers, with Wrangler's short names.
var contentHeaders = map[string]string{
	"content-type": "ct", "content-disposition": "cd", "content-encoding": "ce",
	"content-language": "cl", "cache-control": "cc", "expires": "",
}

func (c *contentFlags) add(f *pflag.FlagSet) {
	long := map[string]string{}
	for name, short := range contentHeaders {
		f.String(name, "", "the object's "+name)
		long[short] = name
	}
	f.Lookup("expires").Usage = "when the object is no longer fresh: a date as in HTTP or ISO 8601"
	f.StringVarP(&c.storageClass, "storage-class", "s", "", "Standard or InfrequentAccess (default the bucket's)")
	f.StringArrayVar(&c.metadata, "metadata", nil, "NAME=VALUE of the custom metadata (repeatable)")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if full := long[name]; full != "" && name != "" {
			return pflag.NormalizedName(full)
		}
		return pflag.NormalizedName(name)
	})
}
