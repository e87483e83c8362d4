package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"flint/internal/cferr"
)

// What one request of a bulk command carries.
const (
	bulkPairs   = 1000    // entries of a put
	bulkBytes   = 8 << 20 // bytes of a put, unless one entry has more
	bulkGets    = 100     // keys of a get: Cloudflare's limit
	bulkDeletes = 10_000  // keys of a delete: Cloudflare's limit
)

func (a *app) kvBulkPut() *cobra.Command {
	var n namespaceFlags
	return n.command(&cobra.Command{
		Use:   "put FILE",
		Short: "Write the entries of a JSON file: [{\"key\":…,\"value\":…,\"expiration_ttl\":…,\"metadata\":…,\"base64\":…}]",
		Args:  exactly("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := openJSON(args[0])
			if err != nil {
				return err
			}
			// Looked at as a whole first: a broken file changes nothing.
			if err := file.each(func(i item) error { return wrongItem(i, checkPair(i.raw)) }); err != nil {
				return err
			}
			return a.onNamespace(cmd, &n, func(s *space) error {
				up := newUpload(cmd, s, &progress{a, file.size})
				defer up.progress.done()
				err := file.each(func(i item) error { return up.add(i) })
				if err = errors.Join(err, up.flush()); err == nil {
					up.progress.done()
					a.say("Success!")
				}
				return err
			})
		},
	})
}

func wrongItem(i item, err error) error {
	if err == nil {
		return nil
	}
	return i.errorf("%s", err)
}

// upload sends entries in requests of a bounded size.
type upload struct {
	cmd      *cobra.Command
	space    *space
	progress *progress
	items    []item
	bytes    int
	sent     int
	accept   func(err error) bool // says that an entry may be left out
	failed   bool
}

func newUpload(cmd *cobra.Command, s *space, p *progress) *upload {
	return &upload{cmd: cmd, space: s, progress: p, accept: func(error) bool { return false }}
}

func (u *upload) add(i item) error {
	if len(u.items) == bulkPairs || u.bytes+len(i.raw) > bulkBytes {
		if err := u.flush(); err != nil {
			return err
		}
	}
	u.items = append(u.items, i)
	u.bytes += len(i.raw)
	return nil
}

// flush sends what was added. After a failure nothing is sent any more.
func (u *upload) flush() error {
	if len(u.items) == 0 || u.failed {
		return nil
	}
	bad, err := halving(u.items, u.send)
	if err != nil {
		u.failed = true
		if refused(err) {
			err = fmt.Errorf("%s: item %d: %s (the items before it are stored)", u.items[bad].place(), u.items[bad].index, sentence(err))
		}
		return err
	}
	u.progress.show(u.sent, u.items[len(u.items)-1].at)
	u.items, u.bytes = u.items[:0], 0
	return nil
}

func (u *upload) send(items []item) error {
	raw := make([]json.RawMessage, len(items))
	for i := range items {
		raw[i] = items[i].raw
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

// halving sends items. What is refused it sends in halves, so that those before
// the item at fault are done and the fault can be given its place.
func halving[T any](items []T, send func([]T) error) (bad int, err error) {
	err = send(items)
	if err == nil || len(items) == 1 || !refused(err) {
		return 0, err
	}
	half := len(items) / 2
	if bad, err = halving(items[:half], send); err != nil {
		return bad, err
	}
	bad, err = halving(items[half:], send)
	return half + bad, err
}

// refused says that the request was understood and what it asks for is wrong.
func refused(err error) bool {
	var e *cferr.Error
	return errors.As(err, &e) && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusNotFound
}

func (a *app) kvBulkGet() *cobra.Command {
	var n namespaceFlags
	return n.command(&cobra.Command{
		Use:   "get FILE",
		Short: "Print the values of the keys in a JSON file: [\"key\",…] or [{\"name\":\"key\"},…]",
		Args:  exactly("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onKeys(cmd, &n, args[0], func(s *space, each eachKeys) error {
				list := a.list("{", "}")
				err := each(bulkGets, func(keys []string) error {
					found, err := getBulk(cmd, s, keys)
					for _, key := range keys {
						if err == nil {
							err = list.add(key, map[string]any{"value": found[key].text()})
						}
					}
					return err
				})
				return list.end(err)
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
	_, err := halving(keys, func(keys []string) error {
		var part struct{ Values map[string]*kvFound }
		_, err := s.Call(cmd.Context(), http.MethodPost, s.base+"/bulk/get", map[string]any{"keys": keys, "withMetadata": true}, &part)
		for key, e := range part.Values {
			found[key] = e
		}
		return err
	})
	return found, err
}

func (a *app) kvBulkDelete() *cobra.Command {
	var n namespaceFlags
	cmd := n.command(&cobra.Command{
		Use:   "delete FILE",
		Short: "Delete the keys in a JSON file: [\"key\",…] or [{\"name\":\"key\"},…]",
		Args:  exactly("a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onKeys(cmd, &n, args[0], func(s *space, each eachKeys) error {
				err := each(bulkDeletes, func(keys []string) error {
					_, err := s.Call(cmd.Context(), http.MethodPost, s.base+"/bulk/delete", keys, nil)
					return err
				})
				if err == nil {
					a.say("Success!")
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
func (a *app) onKeys(cmd *cobra.Command, n *namespaceFlags, name string, f func(*space, eachKeys) error) error {
	file, err := openJSON(name)
	if err != nil {
		return err
	}
	if err := file.each(func(i item) error { _, err := keyOfItem(i); return err }); err != nil {
		return err
	}
	p := &progress{a, file.size}
	return a.onNamespace(cmd, n, func(s *space) error {
		return f(s, func(most int, f func([]string) error) error {
			defer p.done()
			var keys []string
			err := file.each(func(i item) error {
				key, err := keyOfItem(i)
				if err != nil || slices.Contains(keys, key) && most == bulkGets {
					return err
				}
				if keys = append(keys, key); len(keys) < most {
					return nil
				}
				err = f(keys)
				keys = keys[:0]
				p.show(i.index+1, i.at)
				return err
			})
			if err == nil && len(keys) > 0 {
				err = f(keys)
			}
			return err
		})
	})
}
