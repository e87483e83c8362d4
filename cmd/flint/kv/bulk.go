package kv

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"flint/cmd/flint/cli"
)

// What one request of a bulk command carries.
const (
	bulkPairs   = 1000    // entries of a put
	bulkBytes   = 8 << 20 // bytes of a put, unless one entry has more
	bulkGets    = 100     // keys of a get: Cloudflare's limit
	bulkDeletes = 10_000  // keys of a delete: Cloudflare's limit
)

func (a commands) kvBulkPut() *cobra.Command {
	var n namespaceFlags
	return n.command(&cobra.Command{
		Use:   "put FILE",
		Short: "Write the entries of a JSON file: [{\"key\":…,\"value\":…,\"expiration_ttl\":…,\"metadata\":…,\"base64\":…}]",
		Args:  cli.Exactly("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := cli.OpenJSON(args[0])
			if err != nil {
				return err
			}
			// Looked at as a whole first: a broken file changes nothing.
			if err := file.Each(func(i cli.Item) error { return cli.WrongItem(i, CheckPair(i.Raw)) }); err != nil {
				return err
			}
			return a.onNamespace(cmd, &n, func(s *space) error {
				up := newUpload(cmd, s, &cli.Progress{App: a.App, Total: file.Size})
				defer up.progress.Done()
				err := file.Each(func(i cli.Item) error { return up.add(i) })
				if err = errors.Join(err, up.flush()); err == nil {
					up.progress.Done()
					a.Printf("Success!")
				}
				return err
			})
		},
	})
}

// upload sends entries in requests of a bounded size.
type upload struct {
	cmd      *cobra.Command
	space    *space
	progress *cli.Progress
	items    []cli.Item
	bytes    int
	sent     int
	accept   func(err error) bool // says that an entry may be left out
	failed   bool
}

func newUpload(cmd *cobra.Command, s *space, p *cli.Progress) *upload {
	return &upload{cmd: cmd, space: s, progress: p, accept: func(error) bool { return false }}
}

func (u *upload) add(i cli.Item) error {
	if len(u.items) == bulkPairs || u.bytes+len(i.Raw) > bulkBytes {
		if err := u.flush(); err != nil {
			return err
		}
	}
	u.items = append(u.items, i)
	u.bytes += len(i.Raw)
	return nil
}

// flush sends what was added. After a failure nothing is sent any more.
func (u *upload) flush() error {
	if len(u.items) == 0 || u.failed {
		return nil
	}
	bad, err := cli.SendHalving(u.items, u.send)
	if err != nil {
		u.failed = true
		if cli.IsRefused(err) {
			err = fmt.Errorf("%s: item %d: %s (the items before it are stored)", u.items[bad].Place(), u.items[bad].Index, cli.Sentence(err))
		}
		return err
	}
	u.progress.Show(u.sent, u.items[len(u.items)-1].At)
	u.items, u.bytes = u.items[:0], 0
	return nil
}

func (u *upload) send(items []cli.Item) error {
	raw := make([]json.RawMessage, len(items))
	for i := range items {
		raw[i] = items[i].Raw
	}
	_, err := u.space.Call(u.cmd.Context(), http.MethodPut, u.space.base+"/bulk", raw, nil)
	if err != nil && len(items) == 1 && u.accept(err) {
		return nil
	}
	if err == nil {
		u.sent += len(items)
	}
	return err
}

func (a commands) kvBulkGet() *cobra.Command {
	var n namespaceFlags
	return n.command(&cobra.Command{
		Use:   "get FILE",
		Short: "Print the values of the keys in a JSON file: [\"key\",…] or [{\"name\":\"key\"},…]",
		Args:  cli.Exactly("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onKeys(cmd, &n, args[0], func(s *space, each eachKeys) error {
				list := a.PrintList("{", "}")
				err := each(bulkGets, func(keys []string) error {
					found, err := getBulk(cmd, s, keys)
					for _, key := range keys {
						if err == nil {
							err = list.Add(key, map[string]any{"value": found[key].text()})
						}
					}
					return err
				})
				return list.End(err)
			})
		},
	})
}

// kvFound is an entry of a bulk get; a key without one has no value.
type kvFound struct {
	Value      *string         `json:"value"`
	Metadata   json.RawMessage `json:"metadata"`
	Expiration int64           `json:"expiration"`
}

func (f *kvFound) text() *string {
	if f == nil {
		return nil
	}
	return f.Value
}

// getBulk reads entries; absent keys are nil. More than one answer can hold is
// asked for in parts.
func getBulk(cmd *cobra.Command, s *space, keys []string) (map[string]*kvFound, error) {
	found := make(map[string]*kvFound, len(keys))
	_, err := cli.SendHalving(keys, func(keys []string) error {
		var part struct{ Values map[string]*kvFound }
		_, err := s.Call(cmd.Context(), http.MethodPost, s.base+"/bulk/get", map[string]any{"keys": keys, "withMetadata": true}, &part)
		for key, e := range part.Values {
			found[key] = e
		}
		return err
	})
	return found, err
}

func (a commands) kvBulkDelete() *cobra.Command {
	var n namespaceFlags
	cmd := n.command(&cobra.Command{
		Use:   "delete FILE",
		Short: "Delete the keys in a JSON file: [\"key\",…] or [{\"name\":\"key\"},…]",
		Args:  cli.Exactly("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onKeys(cmd, &n, args[0], func(s *space, each eachKeys) error {
				err := each(bulkDeletes, func(keys []string) error {
					_, err := s.Call(cmd.Context(), http.MethodPost, s.base+"/bulk/delete", keys, nil)
					return err
				})
				if err == nil {
					a.Printf("Success!")
				}
				return err
			})
		},
	})
	cmd.Flags().BoolP("force", "f", false, "do not ask (flint never asks)")
	_ = cmd.Flags().MarkHidden("force") // fails only for a flag that is not there
	return cmd
}

// eachKeys gives f the keys of a file, up to most at a time.
type eachKeys func(most int, f func(keys []string) error) error

// onKeys runs f with the keys of a file, which is looked at as a whole first.
func (a commands) onKeys(cmd *cobra.Command, n *namespaceFlags, name string, f func(*space, eachKeys) error) error {
	file, err := cli.OpenJSON(name)
	if err != nil {
		return err
	}
	if err := file.Each(func(i cli.Item) error { _, err := keyOfItem(i); return err }); err != nil {
		return err
	}
	p := &cli.Progress{App: a.App, Total: file.Size}
	return a.onNamespace(cmd, n, func(s *space) error {
		return f(s, func(most int, f func([]string) error) error {
			defer p.Done()
			var keys []string
			err := file.Each(func(i cli.Item) error {
				key, err := keyOfItem(i)
				if err != nil || slices.Contains(keys, key) && most == bulkGets {
					return err
				}
				if keys = append(keys, key); len(keys) < most {
					return nil
				}
				err = f(keys)
				keys = keys[:0]
				p.Show(i.Index+1, i.At)
				return err
			})
			if err == nil && len(keys) > 0 {
				err = f(keys)
			}
			return err
		})
	})
}
