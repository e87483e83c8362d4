package kv

import (
	"errors"
	"net/http"

	"flint/kv/memory"
)

// ServeNow answers a call that needs no waiting and little time: a read of a small
// value, or a short list, of a namespace that is loaded and in memory, while the
// interceptor chain has no hook. It is called on the event loop's goroutine. For every
// other call, and for each that fails, it reports false and has done nothing.
func (b *Binding) ServeNow(w http.ResponseWriter, r *http.Request, resource string) bool {
	if r.Method != http.MethodGet || !b.chain.Empty() {
		return false
	}
	ns := b.store.loadedNamespace(resource)
	if ns == nil {
		return false
	}
	c := &call{b, w, r, ns}
	if r.URL.Path == "/" {
		return c.listNow()
	}
	key, o, err := c.getOptions(r.URL.EscapedPath())
	if err != nil {
		return false
	}
	switch e, err := ns.getNow(key, o); {
	case err == nil:
		c.sendEntry(e)
	case errors.Is(err, ErrKeyNotFound):
		replyMissing(w)
	default:
		return false
	}
	return true
}

func (c *call) listNow() bool {
	o, err := c.listOptions()
	if err != nil {
		return false
	}
	page, err := c.ns.listNow(o)
	return err == nil && c.sendPage(page) == nil
}

// listNow is List, or ErrWouldWait when that would wait or the page is long.
func (n *Namespace) listNow(o ListOptions) (Page, error) {
	start, limit, err := o.check()
	if err != nil {
		return Page{}, err
	}
	if n.inMemory == nil || n.edge != nil || limit > maxListNowKeys {
		return Page{}, memory.ErrWouldWait
	}
	keys, more, err := n.inMemory.ListNow(start, o.Prefix, limit)
	if err != nil {
		return Page{}, err
	}
	return pageOf(keys, more), nil
}

// getNow is Get, or ErrWouldWait when that would wait or the value is long.
func (n *Namespace) getNow(key string, o GetOptions) (Entry, error) {
	if n.inMemory == nil || n.edge != nil {
		return Entry{}, memory.ErrWouldWait
	}
	if err := checkRead(key, o.CacheTTL); err != nil {
		return Entry{}, err
	}
	return n.inMemory.GetNow(key)
}
