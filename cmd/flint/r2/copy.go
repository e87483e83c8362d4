package r2

import (
	"encoding/json"
	"net/http"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/emulator"
)

func (a commands) r2Copy() *cobra.Command {
	var content contentFlags
	cmd := &cobra.Command{
		Use:   "copy BUCKET/KEY BUCKET/KEY",
		Short: "Copy an object; what the flags name differs from the source, all else is kept",
		Args:  cli.Exactly("BUCKET/KEY of the source", "BUCKET/KEY of the copy"),
		RunE: func(cmd *cobra.Command, args []string) error {
			fromBucket, fromKey, err := splitObject(args[0])
			if err != nil {
				return err
			}
			header, err := content.header(cmd.Flags())
			if err != nil {
				return err
			}
			return a.onObject(cmd, args[1], func(b *bucket, key string) error {
				from := &bucket{b.Client, fromBucket, b.project}
				a.Printf("Copying object %q from bucket %q to %q in bucket %q.", fromKey, fromBucket, key, b.name)
				in := map[string]any{"bucket": fromBucket, "key": fromKey}
				var source ObjectInfo
				if err := from.head(cmd, fromKey, &source); err != nil {
					return noBucket(err, fromBucket)
				}
				if content.describe(header) {
					in["replace"] = true
					if err := source.keep(header); err != nil {
						return err
					}
				}
				if err := b.postJSON(cmd, b.path("_flint", "copy", key), in, header); err != nil {
					return err
				}
				a.Printf("Copy complete.")
				return nil
			})
		},
	}
	content.add(cmd.Flags())
	return r2Flags(cmd)
}

// describe reports whether the flags say more than a storage class.
func (c *contentFlags) describe(h http.Header) bool {
	return len(h) > 1 || len(h) == 1 && c.storageClass == ""
}

// keep adds to the headers of a copy what the source has and they do not say.
func (o *ObjectInfo) keep(header http.Header) error {
	for field, value := range o.HTTP {
		name := headerOfField(field)
		if name == "Expires" {
			at, err := parseExpires(value)
			if err != nil {
				return err
			}
			value = at.UTC().Format(http.TimeFormat)
		}
		if header.Get(name) == "" {
			header.Set(name, value)
		}
	}
	if len(o.Custom) == 0 {
		return nil
	}
	merged := o.Custom
	if given := header.Get(headerCustomMetadata); given != "" {
		if err := json.Unmarshal([]byte(given), &merged); err != nil { // adds to the map
			return err
		}
	}
	text, err := json.Marshal(merged)
	if err != nil {
		return err
	}
	header.Set(headerCustomMetadata, asciiJSON(string(text)))
	return nil
}

// headerOfField is Content-Type for contentType, and Expires for cacheExpiry.
func headerOfField(field string) string {
	if field == "cacheExpiry" {
		return "Expires"
	}
	var name strings.Builder
	for _, c := range field {
		if unicode.IsUpper(c) {
			name.WriteByte('-')
		}
		name.WriteRune(c)
	}
	return name.String()
}

// head asks what is known of an object.
func (b *bucket) head(cmd *cobra.Command, key string, into any) error {
	res, err := b.Do(cmd.Context(), http.MethodGet, b.object(key), nil, http.Header{"Cf-Metadata-Only": {"true"}})
	if err == nil {
		_, err = emulator.Result(res, into)
	}
	return b.noKey(err, key)
}

// postJSON sends a JSON body with more headers than Call does.
func (b *bucket) postJSON(cmd *cobra.Command, path string, in any, header http.Header) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	res, err := b.Do(cmd.Context(), http.MethodPost, path, strings.NewReader(string(body)), header)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
