package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"flint/emulator"
	"flint/emulator/config"
)

func (a *app) kv() *cobra.Command {
	return group("kv", "Workers KV", group("key", "Keys of a namespace", a.kvPut(), a.kvGet(), a.kvList(), a.kvDelete()),
		notYet("bulk"), notYet("namespace"), notYet("export"), notYet("import"))
}

// namespaceFlags say which namespace is meant.
type namespaceFlags struct{ binding, id string }

func (n *namespaceFlags) add(f *pflag.FlagSet) {
	f.StringVar(&n.binding, "binding", "", "the binding of the namespace")
	f.StringVar(&n.id, "namespace-id", "", "the id of the namespace")
}

// find resolves the flags; a project with one namespace needs none.
func (n *namespaceFlags) find(p *config.Project) (string, error) {
	if n.id != "" {
		return n.id, nil
	}
	known := map[string]string{}
	var names []string
	for i := range p.Workers {
		for _, b := range p.Workers[i].KV {
			known[b.Binding] = b.ID
			names = append(names, b.Binding)
		}
	}
	if id, ok := known[n.binding]; ok {
		return id, nil
	}
	switch {
	case n.binding != "":
		return "", usagef("no KV namespace has the binding %q; the project binds: %s", n.binding, listOr(names, "none"))
	case len(known) == 1:
		return known[names[0]], nil
	case len(known) == 0:
		return "", usagef("the project binds no KV namespace; name one with --namespace-id")
	}
	return "", usagef("which namespace? Name one with --binding (%s) or --namespace-id", strings.Join(names, ", "))
}

func listOr(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// onNamespace runs f on the namespace that the flags name.
func (a *app) onNamespace(cmd *cobra.Command, n *namespaceFlags, f func(c *emulator.Client, base string) error) (err error) {
	p, c, err := a.connect(cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	id, err := n.find(p)
	if err != nil {
		return err
	}
	return f(c, "/storage/kv/namespaces"+emulator.Path(id))
}

func (a *app) kvPut() *cobra.Command {
	var n namespaceFlags
	var path, metadata string
	var ttl, expiration int64
	cmd := &cobra.Command{
		Use:   "put KEY [VALUE]",
		Short: "Write a value: VALUE, --path FILE, or standard input",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := a.input(args[1:], path)
			if err != nil {
				return err
			}
			defer value.Close()
			query := url.Values{}
			if ttl != 0 {
				query.Set("expiration_ttl", strconv.FormatInt(ttl, 10))
			}
			if expiration != 0 {
				query.Set("expiration", strconv.FormatInt(expiration, 10))
			}
			if metadata != "" && !json.Valid([]byte(metadata)) {
				return usagef("--metadata must be JSON, for example '{\"a\":1}'")
			}
			return a.onNamespace(cmd, &n, func(c *emulator.Client, base string) error {
				return putValue(cmd, c, base+"/values"+emulator.Path(args[0])+"?"+query.Encode(), value, metadata)
			})
		},
	}
	f := cmd.Flags()
	n.add(f)
	f.StringVar(&path, "path", "", "read the value from a file")
	f.Int64Var(&ttl, "ttl", 0, "seconds until it expires (at least 60)")
	f.Int64Var(&expiration, "expiration", 0, "when it expires, in seconds since the epoch")
	f.StringVar(&metadata, "metadata", "", "JSON to keep beside the value")
	return cmd
}

// putValue sends a raw value or, with metadata, a form.
func putValue(cmd *cobra.Command, c *emulator.Client, path string, value io.Reader, metadata string) error {
	header := http.Header{"Content-Type": {"application/octet-stream"}}
	body := value
	if metadata != "" {
		form, contentType := kvForm(value, metadata)
		defer form.Close()
		body, header = form, http.Header{"Content-Type": {contentType}}
	}
	res, err := c.Do(cmd.Context(), http.MethodPut, path, body, header)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

func (a *app) kvGet() *cobra.Command {
	var n namespaceFlags
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Print a value as it is",
		Args:  exactly("a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onNamespace(cmd, &n, func(c *emulator.Client, base string) error {
				res, err := c.Do(cmd.Context(), http.MethodGet, base+"/values"+emulator.Path(args[0]), nil, nil)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				_, err = io.Copy(a.std.Out, res.Body)
				return err
			})
		},
	}
	n.add(cmd.Flags())
	cmd.Flags().Bool("text", false, "decode as text (accepted for Wrangler's sake: bytes are printed as they are)")
	return cmd
}

func (a *app) kvList() *cobra.Command {
	var n namespaceFlags
	var prefix string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print the keys as JSON",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onNamespace(cmd, &n, func(c *emulator.Client, base string) error {
				keys, err := allPages[json.RawMessage](cmd, c, base+"/keys", url.Values{"prefix": {prefix}, "limit": {"1000"}})
				if err != nil {
					return err
				}
				return a.printJSON(keys)
			})
		},
	}
	n.add(cmd.Flags())
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin with this")
	return cmd
}

// allPages follows the cursor of a listing.
func allPages[T any](cmd *cobra.Command, c *emulator.Client, path string, query url.Values) ([]T, error) {
	all := []T{}
	for {
		var page []T
		info, err := c.Call(cmd.Context(), http.MethodGet, path+"?"+query.Encode(), nil, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		cursor, _ := info["cursor"].(string)
		if cursor == "" {
			return all, nil
		}
		query.Set("cursor", cursor)
	}
}

func (a *app) kvDelete() *cobra.Command {
	var n namespaceFlags
	cmd := &cobra.Command{
		Use:   "delete KEY",
		Short: "Delete a key",
		Args:  exactly("a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onNamespace(cmd, &n, func(c *emulator.Client, base string) error {
				_, err := c.Call(cmd.Context(), http.MethodDelete, base+"/values"+emulator.Path(args[0]), nil, nil)
				return err
			})
		},
	}
	n.add(cmd.Flags())
	return cmd
}

// input is a value given as an argument, as a file, or on standard input.
func (a *app) input(args []string, path string) (io.ReadCloser, error) {
	switch {
	case len(args) == 1 && path != "":
		return nil, usagef("give the value or --path, not both")
	case len(args) == 1:
		return io.NopCloser(strings.NewReader(args[0])), nil
	case path != "":
		f, err := os.Open(path)
		if err != nil {
			return nil, fileError(fmt.Errorf("--path: %w", err))
		}
		return f, nil
	}
	return io.NopCloser(a.std.In), nil
}
