package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"flint/emulator"
)

func (a *app) r2() *cobra.Command {
	return group("r2", "R2 object storage", group("object", "Objects of a bucket", a.r2Put(), a.r2Get(), a.r2Delete(), a.r2List()),
		notYet("bucket"), notYet("bulk"), notYet("sync"), a.r2Token())
}

// objectPath turns BUCKET/KEY into the REST path of the object.
func objectPath(name string) (string, error) {
	bucket, key, ok := strings.Cut(name, "/")
	if !ok || bucket == "" || key == "" {
		return "", usagef("name the object as BUCKET/KEY, not %q", name)
	}
	return "/r2/buckets" + emulator.Path(bucket) + "/objects" + emulator.Path(key), nil
}

// onObject runs f with the REST path of an object.
func (a *app) onObject(cmd *cobra.Command, name string, f func(c *emulator.Client, path string) error) (err error) {
	path, err := objectPath(name)
	if err != nil {
		return err
	}
	_, c, err := a.connect(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return f(c, path)
}

// objectHeaders are the flags that become headers of a put.
var objectHeaders = []string{"content-type", "content-disposition", "content-encoding", "content-language", "cache-control", "expires"}

func (a *app) r2Put() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "put BUCKET/KEY (--file FILE | --pipe)",
		Short: "Write an object from a file or standard input",
		Args:  exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipe, _ := cmd.Flags().GetBool("pipe")
			if pipe == (file != "") {
				return usagef("say where the object comes from: --file FILE or --pipe")
			}
			body, err := a.input(nil, file)
			if err != nil {
				return err
			}
			defer body.Close()
			header := http.Header{}
			for _, name := range objectHeaders {
				if v, _ := cmd.Flags().GetString(name); v != "" {
					header.Set(name, v)
				}
			}
			return a.onObject(cmd, args[0], func(c *emulator.Client, path string) error {
				res, err := c.Do(cmd.Context(), http.MethodPut, path, body, header)
				if err != nil {
					return err
				}
				fmt.Fprintf(a.std.Err, "wrote %s\n", args[0])
				return res.Body.Close()
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "the file to upload")
	f.BoolP("pipe", "p", false, "read standard input")
	for _, name := range objectHeaders {
		f.String(name, "", "the object's "+name)
	}
	return cmd
}

func (a *app) r2Get() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "get BUCKET/KEY [--file FILE | --pipe]",
		Short: "Read an object into a file (default: the key's last part) or to standard output",
		Args:  exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			pipe, _ := cmd.Flags().GetBool("pipe")
			if pipe && file != "" {
				return usagef("give --file or --pipe, not both")
			}
			if file == "" {
				file = args[0][strings.LastIndexByte(args[0], '/')+1:]
			}
			return a.onObject(cmd, args[0], func(c *emulator.Client, path string) error {
				res, err := c.Do(cmd.Context(), http.MethodGet, path, nil, nil)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				if pipe {
					_, err = io.Copy(a.std.Out, res.Body)
					return err
				}
				return a.download(res.Body, file)
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&file, "file", "f", "", "the file to write")
	f.BoolP("pipe", "p", false, "write to standard output")
	return cmd
}

// download writes a file and leaves none behind when it fails.
func (a *app) download(body io.Reader, file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, body)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(file)
		return err
	}
	fmt.Fprintf(a.std.Err, "wrote %d bytes to %s\n", n, file)
	return nil
}

func (a *app) r2Delete() *cobra.Command {
	return &cobra.Command{
		Use:   "delete BUCKET/KEY",
		Short: "Delete an object",
		Args:  exactly("BUCKET/KEY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onObject(cmd, args[0], func(c *emulator.Client, path string) error {
				_, err := c.Call(cmd.Context(), http.MethodDelete, path, nil, nil)
				return err
			})
		},
	}
}

func (a *app) r2List() *cobra.Command {
	var prefix string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list BUCKET",
		Short: "List the objects of a bucket",
		Args:  exactly("a bucket"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			_, c, err := a.connect(cmd)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			objects, err := allPages[json.RawMessage](cmd, c, "/r2/buckets"+emulator.Path(args[0])+"/objects", url.Values{"prefix": {prefix}, "per_page": {"1000"}})
			if err != nil {
				return err
			}
			if asJSON {
				return a.printJSON(objects)
			}
			return a.printObjects(objects)
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin with this")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) printObjects(objects []json.RawMessage) error {
	rows := make([][]string, len(objects))
	for i, raw := range objects {
		var o struct {
			Key          string
			Size         json.Number
			Etag         string
			LastModified string `json:"last_modified"`
		}
		if err := json.Unmarshal(raw, &o); err != nil {
			return err
		}
		rows[i] = []string{o.Key, o.Size.String(), o.LastModified, o.Etag}
	}
	table(a.std.Out, []string{"key", "size", "last modified", "etag"}, rows)
	return nil
}
