package kv

import (
	"errors"
	"net/http"
)

// errWaits says that an answer would have to wait for somebody.
var errWaits = errors.New("not at once")

// ServeNow answers a call that takes neither waiting nor long: a read of a
// small value, or a short list, of a namespace that is in memory already, while
// no hook sees the calls. It is called on the event loop's goroutine. For every other call, and
// for each that fails, it reports false and has done nothing.
func (b *Binding) ServeNow(w http.ResponseWriter, r *http.Request, resource string) bool {
	if r.Method != http.MethodGet || !b.chain.Empty() {
		return false
	}
	ns := b.store.loaded(resource)
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
		missing(w)
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

// listNow is List, or errWaits when that would wait or the page is long.
func (n *Namespace) listNow(o ListOptions) (Page, error) {
	start, limit, err := o.check()
	if err != nil {
		return Page{}, err
	}
	if n.local == nil || n.edge != nil || limit > maxKeysNow {
		return Page{}, errWaits
	}
	return n.local.listNow(start, o.Prefix, limit)
}

func (n *local) listNow(start, prefix string, limit int) (Page, error) {
	if n.overdue() || !n.mu.TryRLock() {
		return Page{}, errWaits
	}
	defer n.mu.RUnlock()
	return pageOf(n.page(start, prefix, limit)), nil
}

// getNow is Get, or errWaits when that would wait or the value is long.
func (n *Namespace) getNow(key string, o GetOptions) (Entry, error) {
	if n.local == nil || n.edge != nil {
		return Entry{}, errWaits
	}
	if err := checkRead(key, o.CacheTTL); err != nil {
		return Entry{}, err
	}
	return n.local.getNow(key)
}

// getNow gives up where get waits: for expired keys to be removed, and for a
// writer that changes the memory.
func (n *local) getNow(key string) (Entry, error) {
	if n.overdue() || !n.mu.TryRLock() {
		return Entry{}, errWaits
	}
	defer n.mu.RUnlock()
	r, ok := n.mem.get(key)
	switch {
	case !ok:
		return Entry{}, ErrKeyNotFound
	case len(r) > maxNow:
		return Entry{}, errWaits
	}
	return r.entry(), nil
}
