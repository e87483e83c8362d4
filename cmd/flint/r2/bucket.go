package r2

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

func (a commands) r2Bucket() *cobra.Command {
	return cli.NewGroup("bucket", "Buckets",
		a.r2BucketCreate(), a.r2BucketList(), a.bucketInfoCommand(), a.r2BucketDelete(),
		cli.NewGroup("update", "Change a bucket", a.r2BucketClass()),
		a.r2Lifecycle(), a.r2CORS(), a.r2Notification(), a.r2Domain(), a.r2DevURL())
}

// BucketInfo is a bucket as the REST API shows it.
type BucketInfo struct {
	Name         string `json:"name"`
	Created      string `json:"creation_date"`
	Location     string `json:"location"`
	StorageClass string `json:"storage_class"`
}

// locations are the hints that Cloudflare takes.
// https://developers.cloudflare.com/r2/reference/data-location/#available-hints
var locations = []string{"weur", "eeur", "apac", "wnam", "enam", "oc"}

func (a commands) r2BucketCreate() *cobra.Command {
	var location, class string
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a bucket, and print the lines of the configuration that bind it",
		Args:  cli.Exactly("a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if location != "" && !slices.Contains(locations, location) {
				return cli.Usagef("--location: %q is none of %s", location, strings.Join(locations, ", "))
			}
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				a.Printf("Creating bucket '%s'...", args[0])
				in := map[string]string{"name": args[0], "locationHint": location, "storageClass": class}
				var made BucketInfo
				if _, err := c.Call(cmd.Context(), http.MethodPost, r2Buckets, in, &made); err != nil {
					return badBucketName(err, args[0])
				}
				a.Printf("✅ Created bucket '%s' with default storage class of %s.\n\nBind it in the Wrangler file:\n[[r2_buckets]]\nbinding = %q\nbucket_name = %q",
					made.Name, made.StorageClass, bucketBinding(made.Name), made.Name)
				return nil
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&location, "location", "", "a hint where the bucket is to be, kept and otherwise without effect: "+strings.Join(locations, ", "))
	f.StringVarP(&class, "storage-class", "s", "", "of objects that name none: Standard or InfrequentAccess")
	return r2Flags(cmd)
}

// codeBadBucketName is Cloudflare's code for a name that no bucket can have.
const codeBadBucketName = 10005

func badBucketName(err error, name string) error {
	if hasCode(err, codeBadBucketName) {
		return fmt.Errorf("the bucket name %q is not valid: 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends", name)
	}
	return err
}

// bucketBinding turns the name of a bucket into the name of a variable.
func bucketBinding(name string) string {
	binding := strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	if binding[0] >= '0' && binding[0] <= '9' {
		return "BUCKET"
	}
	return binding
}

// allBuckets lists the buckets.
func allBuckets(cmd *cobra.Command, c *emulator.Client) ([]BucketInfo, error) {
	all := []BucketInfo{}
	for query := (url.Values{"per_page": {"1000"}}); ; {
		var page struct{ Buckets []BucketInfo }
		info, err := c.Call(cmd.Context(), http.MethodGet, r2Buckets+"?"+query.Encode(), nil, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Buckets...)
		cursor, _ := info["cursor"].(string)
		if cursor == "" {
			return all, nil
		}
		query.Set("cursor", cursor)
	}
}

func (a commands) r2BucketList() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the buckets",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				all, err := allBuckets(cmd, c)
				if err != nil {
					return err
				}
				if asJSON {
					return a.PrintJSON(all)
				}
				a.Printf("Listing buckets...")
				for i, b := range all {
					if i > 0 {
						a.Printf("")
					}
					a.labelled([][2]string{{"name", b.Name}, {"creation_date", b.Created}})
				}
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

func (a commands) bucketInfoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info BUCKET",
		Short: "Print what is known of a bucket, with the number and size of its objects",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				var info BucketInfo
				if _, err := b.Call(cmd.Context(), http.MethodGet, b.path(), nil, &info); err != nil {
					return err
				}
				var usage struct{ Objects, Bytes int64 }
				if _, err := b.Call(cmd.Context(), http.MethodGet, b.path("_flint", "usage"), nil, &usage); err != nil {
					return err
				}
				location := info.Location
				if location == "" {
					location = "(unknown)"
				}
				rows := [][2]string{
					{"name", info.Name}, {"created", info.Created}, {"location", location}, {"default_storage_class", info.StorageClass},
					{"object_count", thousands(usage.Objects)}, {"bucket_size", cli.PrettyBytes(usage.Bytes)},
				}
				if asJSON {
					return a.printFields(rows)
				}
				a.Printf("Getting info for '%s'...", b.name)
				a.labelled(rows)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

func (a commands) r2BucketDelete() *cobra.Command {
	return r2Flags(&cobra.Command{
		Use:   "delete BUCKET",
		Short: "Delete an empty bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Deleting bucket %s.", b.name)
				_, err := b.Call(cmd.Context(), http.MethodDelete, b.path(), nil, nil)
				if hasCode(err, codeBucketNotEmpty) {
					return fmt.Errorf("the bucket %s is not empty; `flint r2 sync --delete EMPTY-FOLDER %s` empties it", b.name, b.name)
				}
				if err != nil {
					return err
				}
				a.Printf("Deleted bucket %s.", b.name)
				return nil
			})
		},
	})
}

const codeBucketNotEmpty = 10008

func (a commands) r2BucketClass() *cobra.Command {
	var class string
	cmd := &cobra.Command{
		Use:   "storage-class BUCKET --storage-class CLASS",
		Short: "Change the storage class of objects that will be put without one",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if class == "" {
				return cli.Usagef("--storage-class is missing: Standard or InfrequentAccess")
			}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				a.Printf("Updating bucket %s to %s default storage class.", b.name, class)
				res, err := b.Do(cmd.Context(), http.MethodPatch, b.path(), nil, http.Header{headerStorageClass: {class}})
				if err != nil {
					return err
				}
				a.Printf("Updated bucket %s to %s default storage class.", b.name, class)
				return res.Body.Close()
			})
		},
	}
	cmd.Flags().StringVarP(&class, "storage-class", "s", "", "Standard or InfrequentAccess")
	return r2Flags(cmd)
}

// labelled prints names and values as Wrangler does, in two columns.
func (a commands) labelled(rows [][2]string) {
	most := 0
	for _, row := range rows {
		most = max(most, cli.Width(row[0]))
	}
	for _, row := range rows {
		a.Printf("%s:%s%s", row[0], strings.Repeat(" ", most+2-cli.Width(row[0])), row[1])
	}
}

// printFields prints names and values as one JSON object.
func (a commands) printFields(rows [][2]string) error {
	object := a.PrintList("{", "}")
	for _, row := range rows {
		if err := object.Add(row[0], row[1]); err != nil {
			return err
		}
	}
	return object.End(nil)
}

// thousands is a number with commas, as Wrangler shows it.
func thousands(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
