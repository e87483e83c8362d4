package r2

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

func (a commands) r2Get() *cobra.Command {
	var file, part string
	cmd := &cobra.Command{
		Use:   "get BUCKET/KEY [--file FILE | --pipe]",
		Short: "Read an object into a file (default: a file named as the key) or to standard output",
		Args:  cli.Exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipe, _ := cmd.Flags().GetBool("pipe")
			if pipe && file != "" {
				return cli.Usagef("give --file or --pipe, not both")
			}
			header, err := rangeHeader(part)
			if err != nil {
				return err
			}
			return a.onObject(cmd, args[0], func(b *bucket, key string) error {
				if !pipe && file == "" {
					if file, err = fileOfKey(key); err != nil {
						return err
					}
				}
				if !pipe {
					a.Printf("Downloading %q from %q.", key, b.name)
				}
				return a.getObject(cmd, b, key, file, header)
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "the file to write")
	f.BoolP("pipe", "p", false, "write to standard output")
	f.StringVar(&part, "range", "", "bytes FIRST-LAST, FIRST- or -COUNT of the end")
	return r2Flags(cmd)
}

var byteRange = regexp.MustCompile(`^(\d+-\d*|-\d+)$`)

func rangeHeader(part string) (http.Header, error) {
	if part == "" {
		return nil, nil
	}
	if part = strings.TrimPrefix(part, "bytes="); !byteRange.MatchString(part) {
		return nil, cli.Usagef("--range: %q is not FIRST-LAST, FIRST- or -COUNT, in bytes", part)
	}
	return http.Header{"Range": {"bytes=" + part}}, nil
}

// fileOfKey is the file below this folder that a key names.
func fileOfKey(key string) (string, error) {
	if !filepath.IsLocal(key) || strings.HasSuffix(key, "/") {
		return "", cli.Usagef("the key %q names no file below this folder; say where to write it: --file FILE or --pipe", key)
	}
	return filepath.Clean(key), nil
}

// getObject writes an object to a file; to the standard output if file is empty.
func (a commands) getObject(cmd *cobra.Command, b *bucket, key, file string, header http.Header) error {
	res, err := b.Do(cmd.Context(), http.MethodGet, b.object(key), nil, header)
	if err != nil {
		return b.noKey(err, key)
	}
	defer res.Body.Close()
	w := a.Watch(&cli.Source{Reader: res.Body, Name: key, Bytes: res.ContentLength}, "downloading "+key)
	if file == "" {
		_, err = io.Copy(a.Streams.Out, w.Source)
		return err
	}
	err = cli.WriteFile(file, w)
	w.End()
	if err == nil {
		a.Printf("Download complete.")
	}
	return err
}

// ObjectInfo is an object as the REST API shows it.
type ObjectInfo struct {
	Key          string            `json:"key"`
	Size         int64             `json:"size"`
	ETag         string            `json:"etag"`
	LastModified string            `json:"last_modified"`
	HTTP         map[string]string `json:"http_metadata"`
	Custom       map[string]string `json:"custom_metadata"`
	StorageClass string            `json:"storage_class"`
}

func (a commands) r2Head() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "head BUCKET/KEY",
		Short: "Print what is known of an object besides its content",
		Args:  cli.Exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onObject(cmd, args[0], func(b *bucket, key string) error {
				var raw json.RawMessage
				if err := b.head(cmd, key, &raw); err != nil {
					return err
				}
				if asJSON {
					return a.PrintJSON(raw)
				}
				return a.printObject(raw)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

func (a commands) printObject(raw json.RawMessage) error {
	var o ObjectInfo
	if err := json.Unmarshal(raw, &o); err != nil {
		return err
	}
	rows := [][2]string{
		{"key", o.Key}, {"size", strconv.FormatInt(o.Size, 10)}, {"etag", o.ETag},
		{"last_modified", o.LastModified}, {"storage_class", o.StorageClass},
	}
	for _, name := range cli.SortedKeys(o.HTTP) {
		rows = append(rows, [2]string{name, o.HTTP[name]})
	}
	for _, name := range cli.SortedKeys(o.Custom) {
		rows = append(rows, [2]string{"metadata " + name, o.Custom[name]})
	}
	a.labelled(rows)
	return nil
}

func (a commands) r2Delete() *cobra.Command {
	return r2Flags(&cobra.Command{
		Use:   "delete BUCKET/KEY",
		Short: "Delete an object",
		Args:  cli.Exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onObject(cmd, args[0], func(b *bucket, key string) error {
				a.Printf("Deleting object %q from bucket %q.", key, b.name)
				if _, err := b.Call(cmd.Context(), http.MethodDelete, b.object(key), nil, nil); err != nil {
					return err
				}
				a.Printf("Delete complete.")
				return nil
			})
		},
	})
}

func (a commands) r2List() *cobra.Command {
	var prefix, delimiter, after string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list BUCKET",
		Short: "List the objects of a bucket",
		Args:  cli.Exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"prefix": {prefix}, "delimiter": {delimiter}, "start_after": {after}}
			return a.onBucket(cmd, args[0], func(b *bucket) error {
				if asJSON {
					list := a.PrintList("[", "]")
					err := eachObject(cmd, b, query, func(raw json.RawMessage) error { return list.Add("", raw) }, func(group string) error {
						return list.Add("", map[string]string{"prefix": group})
					})
					return list.End(err)
				}
				return a.printObjects(cmd, b, query)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&prefix, "prefix", "", "only keys that begin with this")
	f.StringVar(&delimiter, "delimiter", "", "show what keys have in common up to this, as folders")
	f.StringVar(&after, "start-after", "", "only keys after this one")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return r2Flags(cmd)
}

// eachObject calls f for each object of a list, and group for what a delimiter
// has put together.
func eachObject[T any](cmd *cobra.Command, b *bucket, query url.Values, f func(o T) error, group func(prefix string) error) error {
	for query.Set("per_page", "1000"); ; {
		var page []T
		info, err := b.Call(cmd.Context(), http.MethodGet, b.path("objects")+"?"+query.Encode(), nil, &page)
		if err != nil {
			return err
		}
		for _, o := range page {
			if err := f(o); err != nil {
				return err
			}
		}
		groups, _ := info["delimited"].([]any)
		for _, g := range groups {
			if err := group(fmt.Sprint(g)); err != nil {
				return err
			}
		}
		cursor, _ := info["cursor"].(string)
		if cursor == "" {
			return nil
		}
		query.Set("cursor", cursor)
	}
}

func (a commands) printObjects(cmd *cobra.Command, b *bucket, query url.Values) error {
	var rows [][]string
	err := eachObject(cmd, b, query, func(o ObjectInfo) error {
		rows = append(rows, []string{o.Key, strconv.FormatInt(o.Size, 10), o.LastModified, o.ETag})
		return nil
	}, func(group string) error {
		rows = append(rows, []string{group, "", "", ""})
		return nil
	})
	if err != nil {
		return err
	}
	cli.Table(a.Streams.Out, []string{"key", "size", "last modified", "etag"}, rows)
	return nil
}
