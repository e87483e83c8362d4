package kvtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/kv"
)

// Driver is what is tested.
type Driver struct {
	// New makes an empty place and returns what opens a store on it. It may
	// be opened again, also while an older store is still open, as after a
	// kill -9.
	New func(t testing.TB) Open
	// Volatile says that nothing is left when a store is opened again.
	Volatile bool
}

// Open opens a store on a place.
type Open func(c clock.Clock) (*kv.Store, error)

var epoch = time.Unix(1_800_000_000, 0)

// Run tests a driver.
func Run(t *testing.T, d Driver) {
	t.Helper()
	for name, test := range map[string]func(*place){
		"values":     values,
		"keys":       keys,
		"large":      large,
		"metadata":   metadata,
		"list":       list,
		"pages":      pages,
		"bulk":       bulk,
		"bulk size":  bulkSize,
		"expiry":     expiry,
		"many gone":  manyGone,
		"clock back": clockBack,
		"namespaces": namespaces,
		"catalog":    catalog,
		"reopen":     reopen,
		"closed":     closed,
		"given up":   givenUp,
		"clients":    clients,
		"binding":    binding,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(d.at(t))
		})
	}
	t.Run("model", func(t *testing.T) {
		t.Parallel()
		model(t, d)
	})
}

// place is an empty store on a clock that stands still.
type place struct {
	*testing.T
	driver Driver
	clock  *clock.Virtual
	open   Open
	store  *kv.Store
	ns     *kv.Namespace
}

func (d Driver) at(t *testing.T) *place {
	t.Helper()
	p := &place{T: t, driver: d, open: d.New(t)}
	p.setClock(epoch)
	p.again()
	return p
}

func (p *place) setClock(at time.Time) {
	p.clock = clock.NewFrozen(at)
	p.Cleanup(p.clock.Close)
}

// again opens another store on the same place.
func (p *place) again() {
	p.Helper()
	s, err := p.open(p.clock)
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		if err := s.Close(); err != nil {
			p.Error(err)
		}
	})
	p.store = s
	p.ns = p.namespace("ns")
}

func (p *place) namespace(id string) *kv.Namespace {
	p.Helper()
	n, err := p.store.Namespace(id)
	if err != nil {
		p.Fatal(err)
	}
	return n
}

func (p *place) put(key, value string, o kv.PutOptions) {
	p.Helper()
	if err := p.ns.Put(p.Context(), key, []byte(value), o); err != nil {
		p.Fatalf("put %.40q: %v", key, err)
	}
}

// get is the value of a key, "-" when it does not exist.
func get(t testing.TB, n *kv.Namespace, key string) string {
	t.Helper()
	e, err := n.Get(t.Context(), key, kv.GetOptions{})
	if errors.Is(err, kv.ErrKeyNotFound) {
		return "-"
	}
	if err != nil {
		t.Fatalf("get %.40q: %v", key, err)
	}
	return string(e.Value)
}

func (p *place) want(key, value string) {
	p.Helper()
	if got := get(p.T, p.ns, key); got != value {
		p.Errorf("%.40q is %.40q, want %.40q", key, got, value)
	}
}

// names are all keys with a prefix, read in pages of limit.
func (p *place) names(prefix string, limit int) []string {
	p.Helper()
	o := kv.ListOptions{Prefix: prefix, Limit: limit}
	var out []string
	for {
		page, err := p.ns.List(p.Context(), o)
		if err != nil {
			p.Fatal(err)
		}
		for _, k := range page.Keys {
			out = append(out, k.Name)
		}
		if page.Complete {
			return out
		}
		o.Cursor = page.Cursor
	}
}

func (p *place) wantNames(prefix string, want ...string) {
	p.Helper()
	for _, limit := range []int{0, 1, 2} {
		if got := p.names(prefix, limit); !slices.Equal(got, want) {
			p.Errorf("keys with %q, %d a page: %q, want %q", prefix, limit, got, want)
		}
	}
}

func (p *place) advance(d time.Duration) {
	p.Helper()
	if err := p.clock.Advance(p.Context(), d); err != nil {
		p.Fatal(err)
	}
}

// wantError checks status and text of an error that a user caused.
func (p *place) wantError(err error, status int, text string) {
	p.Helper()
	var e *cferr.Error
	if !errors.As(err, &e) || e.Status != status || e.Message != text {
		p.Errorf("got %v, want %d %q", err, status, text)
	}
}

func ttl(n int64) kv.PutOptions { return kv.PutOptions{ExpirationTTL: &n} }

func values(p *place) {
	for _, value := range []string{"", "v", "\x00\xff\r\n", `{"a":1}`, "é💩", strings.Repeat("x", 100_000)} {
		p.put("k", value, kv.PutOptions{})
		p.want("k", value)
	}
	for range 2 { // a key that does not exist is no error
		if err := p.ns.Delete(p.Context(), "k"); err != nil {
			p.Error(err)
		}
		p.want("k", "-")
		p.wantNames("")
	}
}

// Keys are taken byte by byte.
func keys(p *place) {
	all := []string{
		"a", "A", "a/b", "a%2Fb", "a b+c", "?q#f", "é☃💩", "...", "a//b", "/", "%", "\n", "\x00", ";=:@", "*", "[a]", "(", "+", "-",
		"a:e:b", "e:a", "keys", "expiry", "{a}", strings.Repeat("k", kv.MaxKeyBytes), strings.Repeat("é", kv.MaxKeyBytes/2),
	}
	for i, key := range all {
		p.put(key, fmt.Sprint(i), kv.PutOptions{})
	}
	for i, key := range all {
		p.want(key, fmt.Sprint(i))
	}
	slices.Sort(all)
	p.wantNames("", all...)
	for i, key := range all {
		if err := p.ns.Delete(p.Context(), key); err != nil {
			p.Fatal(err)
		}
		p.want(key, "-")
		p.wantNames("", all[i+1:]...)
	}
}

func large(p *place) {
	value := bytes.Repeat([]byte("0123456789abcdef"), kv.MaxValueBytes/16)
	if err := p.ns.PutStream(p.Context(), "known", bytes.NewReader(value), int64(len(value)), ttl(60)); err != nil {
		p.Fatal(err)
	}
	if err := p.ns.PutStream(p.Context(), "unknown", bytes.NewReader(value), -1, kv.PutOptions{}); err != nil {
		p.Fatal(err)
	}
	for _, key := range []string{"known", "unknown"} {
		e, err := p.ns.Get(p.Context(), key, kv.GetOptions{})
		if err != nil || !bytes.Equal(e.Value, value) {
			p.Errorf("%s: %d bytes, %v", key, len(e.Value), err)
		}
	}
	more := append(value, '!')
	err := p.ns.PutStream(p.Context(), "k", bytes.NewReader(more), -1, kv.PutOptions{})
	p.wantError(err, 413, "Value length of 26214401 exceeds limit of 26214400.")
	p.want("k", "-")
}

func metadata(p *place) {
	for _, c := range []struct{ in, out string }{
		{`{"a": [1, "<é>"]}`, `{"a":[1,"<é>"]}`}, {"", ""}, {"null", ""}, {`"` + strings.Repeat("m", 1022) + `"`, `"` + strings.Repeat("m", 1022) + `"`}, {"0", "0"},
	} {
		o := ttl(100)
		o.Metadata = []byte(c.in)
		p.put("k", "v", o)
		e, err := p.ns.Get(p.Context(), "k", kv.GetOptions{})
		if err != nil || string(e.Metadata) != c.out || e.Expiration != epoch.Unix()+100 || (e.Metadata == nil) != (c.out == "") {
			p.Errorf("metadata %q became %q, expiration %d, %v", c.in, e.Metadata, e.Expiration, err)
		}
		page, err := p.ns.List(p.Context(), kv.ListOptions{})
		if err != nil || len(page.Keys) != 1 || string(page.Keys[0].Metadata) != c.out || page.Keys[0].Expiration != epoch.Unix()+100 {
			p.Errorf("listed as %+v, %v", page, err)
		}
	}
	p.put("k", "v", kv.PutOptions{})
	if e, err := p.ns.Get(p.Context(), "k", kv.GetOptions{}); err != nil || e.Metadata != nil || e.Expiration != 0 {
		p.Errorf("a plain put left %+v, %v", e, err)
	}
}

func list(p *place) {
	all := []string{"", "a", "a\x00", "aa", "ab", "b", "é", "é!", "\xf0\x9f\x92\xa9", "\xff", "\xff\xff", "\xff\xff!"}[1:]
	for _, key := range slices.Backward(all) {
		p.put(key, "v", kv.PutOptions{})
	}
	p.wantNames("", all...)
	p.wantNames("a", "a", "a\x00", "aa", "ab")
	p.wantNames("ab", "ab")
	p.wantNames("é", "é", "é!")
	p.wantNames("\xff", "\xff", "\xff\xff", "\xff\xff!")
	p.wantNames("\xff\xff", "\xff\xff", "\xff\xff!")
	p.wantNames("c")
	_, err := p.ns.List(p.Context(), kv.ListOptions{Limit: 1001})
	p.wantError(err, 400, "Invalid key_count_limit of 1001. Please specify an integer less than 1000.")
}

// A page has 1000 keys; keys that come and go between two pages do no harm.
func pages(p *place) {
	var want []string
	pairs := make([]kv.Pair, 2500)
	for i := range pairs {
		pairs[i] = kv.Pair{Key: fmt.Sprintf("k%04d", i), Value: []byte("v")}
		if i%2 == 1 {
			pairs[i].PutOptions = ttl(60)
		} else {
			want = append(want, pairs[i].Key)
		}
	}
	if err := p.ns.PutBulk(p.Context(), pairs); err != nil {
		p.Fatal(err)
	}
	first, err := p.ns.List(p.Context(), kv.ListOptions{})
	if err != nil || len(first.Keys) != kv.MaxListKeys || first.Complete {
		p.Fatalf("first page of %d keys, %v", len(first.Keys), err)
	}
	if err := p.ns.DeleteBulk(p.Context(), []string{"k0999", "k1000"}); err != nil {
		p.Fatal(err)
	}
	second, err := p.ns.List(p.Context(), kv.ListOptions{Cursor: first.Cursor, Limit: 1})
	if err != nil || len(second.Keys) != 1 || second.Keys[0].Name != "k1001" {
		p.Errorf("second page: %+v, %v", second, err)
	}
	p.put("k1000", "v", kv.PutOptions{})
	p.advance(time.Minute)
	if got := p.names("", 0); !slices.Equal(got, want) {
		p.Errorf("%d keys after half expired, want %d", len(got), len(want))
	}
	if got := p.names("k", 7); !slices.Equal(got, want) {
		p.Errorf("%d keys in small pages, want %d", len(got), len(want))
	}
}

func bulk(p *place) {
	ctx := p.Context()
	pairs := []kv.Pair{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("2"), PutOptions: ttl(60)}, {Key: "a", Value: []byte("3")}, {Key: "e"}}
	if err := p.ns.PutBulk(ctx, pairs); err != nil {
		p.Fatal(err)
	}
	bad := append(slices.Clone(pairs), kv.Pair{Key: "c", PutOptions: ttl(59)})
	bad[0].Key = "none"
	p.wantError(p.ns.PutBulk(ctx, bad), 400, "Invalid expiration_ttl of 59. Expiration TTL must be at least 60.")
	p.wantNames("", "a", "b", "e")
	got, err := p.ns.GetBulk(ctx, []string{"b", "gone", "a", "e", "a"}, kv.BulkGetOptions{})
	if err != nil || len(got) != 3 || string(got["a"].Value) != "3" || string(got["b"].Value) != "2" || got["b"].Expiration != epoch.Unix()+60 {
		p.Errorf("bulk get: %v, %v", got, err)
	}
	p.advance(time.Minute)
	if got, err = p.ns.GetBulk(ctx, []string{"a", "b"}, kv.BulkGetOptions{Type: "json"}); err != nil || len(got) != 1 {
		p.Errorf("bulk get of an expired key: %v, %v", got, err)
	}
	_, err = p.ns.GetBulk(ctx, []string{"e"}, kv.BulkGetOptions{Type: "json"})
	p.wantError(err, 400, "At least one of the requested keys corresponds to a non-json value")
	if err := p.ns.DeleteBulk(ctx, []string{"a", "gone", "e"}); err != nil {
		p.Fatal(err)
	}
	if err := errors.Join(p.ns.DeleteBulk(ctx, nil), p.ns.PutBulk(ctx, nil)); err != nil {
		p.Error(err)
	}
	p.wantNames("")
}

func bulkSize(p *place) {
	value := make([]byte, kv.MaxBulkGetBytes/2)
	for _, key := range []string{"a", "b"} {
		p.put(key, string(value), kv.PutOptions{})
	}
	p.put("c", "!", kv.PutOptions{})
	got, err := p.ns.GetBulk(p.Context(), []string{"a", "b"}, kv.BulkGetOptions{})
	if err != nil || len(got["a"].Value)+len(got["b"].Value) != kv.MaxBulkGetBytes {
		p.Errorf("at the limit: %v", err)
	}
	_, err = p.ns.GetBulk(p.Context(), []string{"a", "b", "c"}, kv.BulkGetOptions{})
	p.wantError(err, 413, "Total size of request exceeds the limit of 25MB")
}

// A canceled call ends with its context.
func givenUp(p *place) {
	ctx, cancel := context.WithCancel(p.Context())
	cancel()
	if _, err := p.ns.Get(ctx, "k", kv.GetOptions{}); err != nil && !errors.Is(err, kv.ErrKeyNotFound) && !errors.Is(err, context.Canceled) {
		p.Errorf("get: %v", err)
	}
	p.put("k", "v", kv.PutOptions{})
	p.want("k", "v")
}
