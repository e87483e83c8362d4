package kvtest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"flint/kv"
)

// A key is gone at its second, for every method, and not before.
func expiry(p *place) {
	p.put("minute", "1", ttl(60))
	hour := epoch.Unix() + 3600
	p.put("hour", "2", kv.PutOptions{Expiration: &hour})
	p.put("moved", "3", ttl(60))
	p.put("moved", "3", ttl(7200))
	p.put("freed", "4", ttl(60))
	p.put("freed", "4", kv.PutOptions{})
	p.put("far", "5", ttl(1<<62))
	for _, step := range []struct {
		after time.Duration
		want  []string
	}{
		{0, []string{"far", "freed", "hour", "minute", "moved"}},
		{59*time.Second + 999*time.Millisecond, []string{"far", "freed", "hour", "minute", "moved"}},
		{time.Millisecond, []string{"far", "freed", "hour", "moved"}},
		{time.Hour - time.Minute, []string{"far", "freed", "moved"}},
		{time.Hour, []string{"far", "freed"}},
		{20_000 * time.Hour, []string{"far", "freed"}},
	} {
		p.advance(step.after)
		p.wantNames("", step.want...)
		live := map[string]bool{}
		for _, key := range step.want {
			live[key] = true
		}
		for _, key := range []string{"minute", "hour", "moved", "freed", "far"} {
			if got := get(p.T, p.ns, key); (got != "-") != live[key] {
				p.Errorf("after another %v %s is %q", step.after, key, got)
			}
		}
		found, err := p.ns.GetBulk(p.Context(), []string{"minute", "hour", "moved", "freed", "far"}, kv.BulkGetOptions{})
		if err != nil || len(found) != len(step.want) {
			p.Errorf("after another %v a bulk get finds %d keys, %v", step.after, len(found), err)
		}
	}
	p.put("minute", "back", kv.PutOptions{})
	p.want("minute", "back")
}

// More keys expire at once than a driver looks at in one step, before, between
// and behind those that stay.
func manyGone(p *place) {
	for _, part := range []string{"a", "c"} {
		pairs := make([]kv.Pair, 6000)
		for i := range pairs {
			pairs[i] = kv.Pair{Key: fmt.Sprintf("%s%05d", part, i), PutOptions: ttl(60)}
		}
		if err := p.ns.PutBulk(p.Context(), pairs); err != nil {
			p.Fatal(err)
		}
	}
	p.put("b", "stays", kv.PutOptions{})
	p.put("d", "stays", kv.PutOptions{})
	p.advance(time.Minute)
	p.wantNames("", "b", "d")
	p.wantNames("c")
}

// What was seen to be gone stays gone when the clock has been set back by the
// next start.
func clockBack(p *place) {
	if p.driver.Volatile {
		p.Skip("nothing is left")
	}
	p.put("gone", "v", ttl(60))
	p.put("later", "v", ttl(3600))
	p.advance(time.Minute)
	p.wantNames("", "later")
	if err := p.store.Close(); err != nil {
		p.Fatal(err)
	}
	p.setClock(epoch)
	p.again()
	p.want("gone", "-")
	p.wantNames("", "later")
}

func namespaces(p *place) {
	ids := []string{"a", "A", "a:e:b", "a:keys", "a%3Ae", "b", "é/", "0123456789abcdef0123456789abcdef"}
	for _, id := range ids {
		n := p.namespace(id)
		for _, key := range []string{"k", "b:e:k"} {
			if err := n.Put(p.Context(), key, []byte(id+key), kv.PutOptions{}); err != nil {
				p.Fatal(err)
			}
		}
	}
	for i, id := range ids {
		if got := get(p.T, p.namespace(id), "k"); got != id+"k" {
			p.Errorf("in %q k is %q", id, got)
		}
		if err := p.store.Delete(p.Context(), id); err != nil {
			p.Fatal(err)
		}
		for _, other := range ids[i+1:] {
			if got := get(p.T, p.namespace(other), "b:e:k"); got != other+"b:e:k" {
				p.Errorf("without %q %q has %q", id, other, got)
			}
		}
		if got := get(p.T, p.namespace(id), "k"); got != "-" {
			p.Errorf("in the deleted %q k is %q", id, got)
		}
	}
}

// catalog is what the REST API does with namespaces.
func catalog(p *place) {
	ctx := p.Context()
	p.store.Declare("declared", "ONE")
	made, err := p.store.Create(ctx, "made")
	if err != nil {
		p.Fatal(err)
	}
	if _, err := p.store.Create(ctx, "made"); err == nil {
		p.Error("a title was given twice")
	}
	if _, err := p.store.Rename(ctx, "declared", "renamed"); err != nil {
		p.Fatal(err)
	}
	used := p.namespace("used")
	pairs := make([]kv.Pair, 2500)
	for i := range pairs {
		pairs[i] = kv.Pair{Key: fmt.Sprint(i)}
	}
	if err := used.PutBulk(ctx, pairs); err != nil {
		p.Fatal(err)
	}
	if !p.driver.Volatile {
		p.again()
		p.store.Declare("declared", "ONE")
	}
	want := map[string]string{"declared": "renamed", "used": "used", made.ID: "made"}
	all, err := p.store.List(ctx)
	if err != nil {
		p.Fatal(err)
	}
	for _, i := range all {
		if w, ok := want[i.ID]; ok && w != i.Title {
			p.Errorf("%s has the title %q, want %q", i.ID, i.Title, w)
		}
		delete(want, i.ID)
	}
	if len(want) != 0 {
		p.Errorf("not listed: %v", want)
	}
	for _, id := range []string{made.ID, "used"} {
		if err := p.store.Delete(ctx, id); err != nil {
			p.Fatal(err)
		}
		if err := p.store.Delete(ctx, id); !errors.Is(err, kv.ErrNamespaceNotFound) {
			p.Errorf("deleted %s twice: %v", id, err)
		}
	}
	p.ns = p.namespace("used")
	p.wantNames("")
}

func reopen(p *place) {
	if p.driver.Volatile {
		p.Skip("nothing is left")
	}
	old := p.ns
	p.put("k", "1", kv.PutOptions{Metadata: []byte(`"m"`)})
	p.put("t", "2", ttl(60))
	p.put("d", "3", kv.PutOptions{})
	if err := old.Delete(p.Context(), "d"); err != nil {
		p.Fatal(err)
	}
	p.again()
	p.wantNames("", "k", "t")
	p.want("k", "1")
	if e, err := p.ns.Get(p.Context(), "t", kv.GetOptions{}); err != nil || e.Expiration != epoch.Unix()+60 {
		p.Errorf("t is %+v, %v", e, err)
	}
	p.advance(time.Minute)
	p.wantNames("", "k")
}

func closed(p *place) {
	p.put("k", "v", kv.PutOptions{})
	ns := p.ns
	if err := p.store.Close(); err != nil {
		p.Fatal(err)
	}
	for what, err := range map[string]error{
		"put":    ns.Put(p.Context(), "k", nil, kv.PutOptions{}),
		"delete": ns.Delete(p.Context(), "k"),
	} {
		if !errors.Is(err, kv.ErrClosed) {
			p.Errorf("%s: %v", what, err)
		}
	}
	if _, err := p.store.Namespace("ns"); !errors.Is(err, kv.ErrClosed) {
		p.Errorf("namespace: %v", err)
	}
}

// clients are 64 at once, each with keys of its own and some that all share.
func clients(p *place) {
	var wg sync.WaitGroup
	for c := range 64 {
		wg.Go(func() { p.client(c) })
	}
	wg.Wait()
	if got := len(p.names("own", 0)); got != 64*5 {
		p.Errorf("%d keys, want %d", got, 64*5)
	}
}

func (p *place) client(c int) {
	ctx := p.Context()
	for i := range 5 {
		own, value := fmt.Sprintf("own:%d:%d", c, i), fmt.Sprintf("%d-%d", c, i)
		o := ttl(int64(60 + i))
		if err := errors.Join(p.ns.Put(ctx, own, []byte(value), o), p.ns.Put(ctx, "shared", []byte(value), o)); err != nil {
			p.Error(err)
		}
		if got := get(asError{p.T}, p.ns, own); got != value {
			p.Errorf("%s is %q", own, got)
		}
		if _, err := p.ns.List(ctx, kv.ListOptions{Limit: 10}); err != nil {
			p.Error(err)
		}
		if _, err := p.ns.GetBulk(ctx, []string{own, "shared"}, kv.BulkGetOptions{}); err != nil {
			p.Error(err)
		}
		if err := p.ns.Delete(ctx, "shared"); err != nil {
			p.Error(err)
		}
	}
}

// asError is for goroutines of a test, which may not end it.
type asError struct{ testing.TB }

// Fatalf reports an error.
func (e asError) Fatalf(format string, args ...any) { e.Errorf(format, args...) }
