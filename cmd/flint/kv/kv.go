package kv

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

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
	"flint/internal/cferr"
)

// commands are the commands of this group.
type commands struct{ *cli.App }

// newKV makes the command with its subcommands.
func New(a *cli.App) *cobra.Command { return commands{a}.top() }

const kvNamespaces = "/storage/kv/namespaces"

func (a commands) top() *cobra.Command {
	return cli.NewGroup("kv", "Workers KV",
		cli.NewGroup("key", "Keys of a namespace", a.kvPut(), a.kvGet(), a.kvList(), a.kvDelete()),
		cli.NewGroup("bulk", "Many keys at once, from a JSON file", a.kvBulkPut(), a.kvBulkGet(), a.kvBulkDelete()),
		cli.NewGroup("namespace", "Namespaces", a.kvNamespaceList(), a.kvNamespaceCreate(), a.kvNamespaceRename(), a.kvNamespaceDelete()),
		a.kvExport(), a.kvImport())
}

// namespaceFlags say which namespace is meant.
type namespaceFlags struct{ binding, id string }

// command adds the flags to cmd, and those of Wrangler's that change nothing here.
func (n *namespaceFlags) command(cmd *cobra.Command) *cobra.Command {
	f := cmd.Flags()
	f.StringVar(&n.binding, "binding", "", "the binding of the namespace")
	f.StringVar(&n.id, "namespace-id", "", "the id of the namespace")
	f.Bool("preview", false, "refused: a binding has one namespace here")
	cli.LocalFlags(cmd)
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if preview, _ := cmd.Flags().GetBool("preview"); preview {
			return cli.Usagef("--preview: a binding has one namespace here; name another one with --namespace-id")
		}
		if n.binding != "" && n.id != "" {
			return cli.Usagef("give --binding or --namespace-id, not both")
		}
		return run(cmd, args)
	}
	return cmd
}

// find resolves the flags; a project with one namespace needs none. shown is
// how Wrangler calls it.
func (n *namespaceFlags) find(p *config.Project) (id, shown string, err error) {
	if n.id != "" {
		return n.id, fmt.Sprintf("id: %q", n.id), nil
	}
	known := map[string]string{}
	var names []string
	for i := range p.Workers {
		for _, b := range p.Workers[i].KV {
			known[b.Binding] = b.ID
			names = append(names, b.Binding)
		}
	}
	binding := n.binding
	if binding == "" && len(known) == 1 {
		binding = names[0]
	}
	id, ok := known[binding]
	switch {
	case ok:
		return id, fmt.Sprintf("binding: %q (id: %q)", binding, id), nil
	case binding != "":
		return "", "", cli.Usagef("no KV namespace has the binding %q; the project binds: %s", binding, cli.JoinOr(names, "none"))
	case len(known) == 0:
		return "", "", cli.Usagef("the project binds no KV namespace; name one with --namespace-id")
	}
	return "", "", cli.Usagef("which namespace? Name one with --binding (%s) or --namespace-id", strings.Join(names, ", "))
}

// space is an open namespace.
type space struct {
	*emulator.Client
	base  string // REST path
	shown string
}

func (s *space) value(key string) string { return s.base + "/values" + emulator.Path(key) }

// onNamespace runs f on the namespace that the flags name.
func (a commands) onNamespace(cmd *cobra.Command, n *namespaceFlags, f func(s *space) error) (err error) {
	p, err := a.Load(".", cmd.Flags())
	if err != nil {
		return err
	}
	id, shown, err := n.find(p)
	if err != nil {
		return err
	}
	c, err := emulator.Connect(cmd.Context(), p, a.Quiet())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return missing(f(&space{c, kvNamespaces + emulator.Path(id), shown}), id)
}

// codeNoNamespace is Cloudflare's code for a namespace that nobody made.
const codeNoNamespace = 10013

// missing names the namespace that an error says does not exist.
func missing(err error, id string) error {
	var e *cferr.Error
	if errors.As(err, &e) && e.Code == codeNoNamespace && e.Status == http.StatusNotFound {
		return fmt.Errorf("no KV namespace has the id %q; `flint kv namespace list` shows all", id)
	}
	return err
}

func (a commands) kvPut() *cobra.Command {
	var n namespaceFlags
	var path, metadata string
	var ttl, expiration int64
	cmd := &cobra.Command{
		Use:   "put KEY [VALUE]",
		Short: "Write a value: VALUE, --path FILE, or standard input",
		Args:  cli.OneOrTwo("a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := a.input(args[1:], path)
			if err != nil {
				return err
			}
			defer value.Close()
			query := url.Values{}
			if cmd.Flags().Changed("ttl") {
				query.Set("expiration_ttl", strconv.FormatInt(ttl, 10))
			}
			if cmd.Flags().Changed("expiration") {
				query.Set("expiration", strconv.FormatInt(expiration, 10))
			}
			if metadata != "" && !json.Valid([]byte(metadata)) {
				return cli.Usagef("--metadata must be JSON, for example '{\"a\":1}'")
			}
			return a.onNamespace(cmd, &n, func(s *space) error {
				a.Printf("%s on namespace %s%s.", writing(args, path), s.shown, withMetadata(metadata))
				return putValue(cmd, s.Client, s.value(args[0])+"?"+query.Encode(), value, metadata)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&path, "path", "", "read the value from a file")
	f.Int64Var(&ttl, "ttl", 0, "seconds until it expires (at least 60)")
	f.Int64Var(&expiration, "expiration", 0, "when it expires, in seconds since the epoch")
	f.StringVar(&metadata, "metadata", "", "JSON to keep beside the value")
	return n.command(cmd)
}

func writing(args []string, path string) string {
	switch {
	case len(args) == 2:
		return fmt.Sprintf(`Writing the value "%s" to key "%s"`, args[1], args[0])
	case path != "":
		return fmt.Sprintf(`Writing the contents of %s to the key "%s"`, path, args[0])
	}
	return fmt.Sprintf(`Writing the contents of standard input to the key "%s"`, args[0])
}

func withMetadata(metadata string) string {
	if metadata == "" {
		return ""
	}
	return fmt.Sprintf(` with metadata "%s"`, metadata)
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

func (a commands) kvGet() *cobra.Command {
	var n namespaceFlags
	var text bool
	cmd := &cobra.Command{
		Use:   "get KEY",
		Short: "Print a value as it is",
		Args:  cli.Exactly("a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onNamespace(cmd, &n, func(s *space) error {
				res, err := s.Do(cmd.Context(), http.MethodGet, s.value(args[0]), nil, nil)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				_, err = io.Copy(a.Streams.Out, res.Body)
				if text && err == nil {
					_, err = io.WriteString(a.Streams.Out, "\n")
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&text, "text", false, "end the value with a line break, as text")
	return n.command(cmd)
}

func (a commands) kvList() *cobra.Command {
	var n namespaceFlags
	var prefix string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Print the keys as JSON",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.onNamespace(cmd, &n, func(s *space) error {
				list := a.PrintList("[", "]")
				err := eachPage(cmd, s.Client, s.base+"/keys", url.Values{"prefix": {prefix}, "limit": {"1000"}}, func(keys []json.RawMessage) error {
					for _, k := range keys {
						if err := list.Add("", k); err != nil {
							return err
						}
					}
					return nil
				})
				return list.End(err)
			})
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys that begin with this")
	return n.command(cmd)
}

// eachPage calls f for each page of a listing.
func eachPage[T any](cmd *cobra.Command, c *emulator.Client, path string, query url.Values, f func(page []T) error) error {
	for {
		var page []T
		info, err := c.Call(cmd.Context(), http.MethodGet, path+"?"+query.Encode(), nil, &page)
		if err != nil {
			return err
		}
		if err := f(page); err != nil {
			return err
		}
		cursor, _ := info["cursor"].(string)
		if cursor == "" {
			return nil
		}
		query.Set("cursor", cursor)
	}
}

func (a commands) kvDelete() *cobra.Command {
	var n namespaceFlags
	return n.command(&cobra.Command{
		Use:   "delete KEY",
		Short: "Delete a key",
		Args:  cli.Exactly("a key"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onNamespace(cmd, &n, func(s *space) error {
				a.Printf(`Deleting the key "%s" on namespace %s.`, args[0], s.shown)
				_, err := s.Call(cmd.Context(), http.MethodDelete, s.value(args[0]), nil, nil)
				return err
			})
		},
	})
}

// input is a value given as an argument, as a file, or on standard input.
func (a commands) input(args []string, path string) (io.ReadCloser, error) {
	switch {
	case len(args) == 1 && path != "":
		return nil, cli.Usagef("give the value or --path, not both")
	case len(args) == 1:
		return io.NopCloser(strings.NewReader(args[0])), nil
	case path != "":
		f, err := os.Open(path)
		if err != nil {
			return nil, cli.Usagef("--path: cannot read %s: %w", path, cli.WithoutPath(err))
		}
		return f, nil
	}
	return io.NopCloser(a.Streams.In), nil
}
