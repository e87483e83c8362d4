package kv

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
	"flint/config"
	"flint/emulator"
)

// kvInfo is a namespace as the REST API shows it.
type kvInfo struct{ ID, Title string }

// listNamespaces calls f for each page of the namespaces.
func listNamespaces(cmd *cobra.Command, c *emulator.Client, f func(page []json.RawMessage) error) error {
	query := url.Values{"per_page": {"100"}}
	for page := 1; ; page++ {
		query.Set("page", fmt.Sprint(page))
		var all []json.RawMessage
		if _, err := c.Call(cmd.Context(), http.MethodGet, kvNamespaces+"?"+query.Encode(), nil, &all); err != nil {
			return err
		}
		if err := f(all); err != nil || len(all) < 100 {
			return err
		}
	}
}

// titled finds the namespace with a title.
func titled(cmd *cobra.Command, c *emulator.Client, title string) (id string, err error) {
	err = listNamespaces(cmd, c, func(page []json.RawMessage) error {
		for _, raw := range page {
			var i kvInfo
			if err := json.Unmarshal(raw, &i); err != nil {
				return err
			}
			if i.Title == title {
				id = i.ID
			}
		}
		return nil
	})
	if err == nil && id == "" {
		err = fmt.Errorf("no KV namespace is called %q; `flint kv namespace list` shows all", title)
	}
	return id, err
}

func (a commands) kvNamespaceList() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "list",
		Short: "Print the namespaces as JSON",
		Args:  cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				list := a.PrintList("[", "]")
				err := listNamespaces(cmd, c, func(page []json.RawMessage) error {
					for _, raw := range page {
						if err := list.Add("", raw); err != nil {
							return err
						}
					}
					return nil
				})
				return list.End(err)
			})
		},
	})
}

func (a commands) kvNamespaceCreate() *cobra.Command {
	return cli.LocalFlags(&cobra.Command{
		Use:   "create NAME",
		Short: "Create a namespace, and print the lines of the configuration that bind it",
		Args:  cli.Exactly("a name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) error {
				a.Printf("Creating namespace with title %q", args[0])
				var made kvInfo
				if _, err := c.Call(cmd.Context(), http.MethodPost, kvNamespaces, map[string]string{"title": args[0]}, &made); err != nil {
					return err
				}
				a.Printf("Success! Bind it in the Wrangler file:\n[[kv_namespaces]]\nbinding = %q\nid = %q", cli.BindingName(args[0]), made.ID)
				return nil
			})
		},
	})
}

func (a commands) kvNamespaceRename() *cobra.Command {
	var id, name string
	cmd := cli.LocalFlags(&cobra.Command{
		Use:   "rename [OLD-NAME] --new-name NAME",
		Short: "Give a namespace another name",
		Args:  cli.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" {
				return cli.Usagef("--new-name is missing")
			}
			if (id != "") == (len(args) == 1) {
				return cli.Usagef("which namespace? Give its present name or --namespace-id")
			}
			return a.WithClient(cmd, func(_ *config.Project, c *emulator.Client) (err error) {
				if id == "" {
					if id, err = titled(cmd, c, args[0]); err != nil {
						return err
					}
				}
				a.Printf("Renaming KV namespace %s to %q.", id, name)
				if _, err := c.Call(cmd.Context(), http.MethodPut, kvNamespaces+emulator.Path(id), map[string]string{"title": name}, nil); err != nil {
					return err
				}
				a.Printf("Successfully renamed namespace to %q", name)
				return nil
			})
		},
	})
	cmd.Flags().StringVar(&id, "namespace-id", "", "the id of the namespace")
	cmd.Flags().StringVar(&name, "new-name", "", "the new name")
	return cmd
}

func (a commands) kvNamespaceDelete() *cobra.Command {
	var n namespaceFlags
	cmd := n.command(&cobra.Command{
		Use:   "delete [NAME]",
		Short: "Delete a namespace with all its keys",
		Args:  cli.AtMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (n.id != "" || n.binding != "") == (len(args) == 1) {
				return cli.Usagef("which namespace? Give its name, --binding or --namespace-id")
			}
			return a.WithClient(cmd, func(p *config.Project, c *emulator.Client) error {
				id, shown, err := deleted(cmd, &n, p, c, args)
				if err != nil {
					return err
				}
				a.Printf("Deleting KV namespace %s.", shown)
				if _, err := c.Call(cmd.Context(), http.MethodDelete, kvNamespaces+emulator.Path(id), nil, nil); err != nil {
					return err
				}
				a.Printf("Deleted KV namespace %s.", shown)
				return nil
			})
		},
	})
	cmd.Flags().Bool("skip-confirmation", false, "do not ask (flint never asks)")
	_ = cmd.Flags().MarkHidden("skip-confirmation") // fails only for a flag that is not there
	return cmd
}

// deleted finds the namespace to delete.
func deleted(cmd *cobra.Command, n *namespaceFlags, p *config.Project, c *emulator.Client, args []string) (id, shown string, err error) {
	if len(args) == 0 {
		return n.find(p)
	}
	id, err = titled(cmd, c, args[0])
	return id, fmt.Sprintf("%q (id: %q)", args[0], id), err
}
