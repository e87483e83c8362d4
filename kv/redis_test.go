package kv

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"flint/internal/cferr"
	"flint/internal/clock"
	"flint/internal/testkit"
	"flint/kv/redis"
)

func openDriver(t testing.TB, driver string, c clock.Clock, log *slog.Logger) *Store {
	t.Helper()
	s, err := Open(Options{Driver: driver, Clock: c, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func redisOf(s *Store) *redis.Backend { return s.backend.(*redis.Backend) }

// left is what Redis holds, by the end of the names.
func left(t testing.TB, s *Store) []string {
	t.Helper()
	b := redisOf(s)
	keys, err := b.Client().Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

// wantAway checks that a call ends in bounded time with a clear error.
func wantAway(t testing.TB, err error, addr string) {
	t.Helper()
	var e *cferr.Error
	if !errors.As(err, &e) || e.Status != 503 || !strings.HasPrefix(e.Message, "KV cannot reach Redis at "+addr+" (") {
		t.Errorf("got %v, want that Redis at %s cannot be reached", err, addr)
	}
}

func TestRedisGivesMemoryBack(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	for name, driver := range map[string]string{"redis": "redis://" + server.Addr, "embedded": Embedded} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewFrozen(epoch)
			defer c.Close()
			s := openDriver(t, driver, c, nil)
			n := namespace(t, s, "ns")
			pairs := make([]Pair, 2500)
			for i := range pairs {
				pairs[i] = Pair{fmt.Sprint(i), []byte("v"), PutOptions{ExpirationTTL: seconds(60 + int64(i%2))}}
			}
			if err := n.PutBulk(ctx, pairs); err != nil {
				t.Fatal(err)
			}
			put(t, n, "stays", "v", PutOptions{})
			// Nobody reads: the timer alone does it.
			testkit.Advance(t, c, time.Minute)
			if got := len(left(t, s)); got != 1250+1+3 {
				t.Errorf("%d keys in Redis after the first half expired", got)
			}
			testkit.Advance(t, c, time.Second)
			want := []string{"flint:kv:namespaces", "flint:kv:ns:e:stays", "flint:kv:ns:keys"}
			if got := left(t, s); !slices.Equal(got, want) {
				t.Errorf("left in Redis: %q", got)
			}
			if err := s.Delete(ctx, "ns"); err != nil {
				t.Fatal(err)
			}
			if got := left(t, s); len(got) != 0 {
				t.Errorf("a deleted namespace left %q", got)
			}
		})
	}
}

// A flint that starts removes what expired while none ran.
func TestRedisSweepsAtTheStart(t *testing.T) {
	t.Parallel()
	url := "unix://" + testkit.StartRedis(t).Socket
	c := clock.NewFrozen(epoch)
	defer c.Close()
	first := openDriver(t, url, c, nil)
	put(t, namespace(t, first, "ns"), "k", "v", PutOptions{ExpirationTTL: seconds(60)})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	later := clock.NewFrozen(epoch.Add(time.Hour))
	defer later.Close()
	s := openDriver(t, url, later, nil)
	namespace(t, s, "ns")
	testkit.Advance(t, later, 0)
	if got := left(t, s); !slices.Equal(got, []string{"flint:kv:namespaces"}) {
		t.Errorf("left in Redis: %q", got)
	}
}

// Redis removes by itself only what flint has long forgotten, whatever its own
// clock says.
func TestRedisOwnExpiryComesLater(t *testing.T) {
	t.Parallel()
	url := "redis://" + testkit.StartRedis(t).Addr
	for name, at := range map[string]time.Time{"past": time.Unix(1_000_000_000, 0), "now": clock.Deadline(0), "future": clock.Deadline(1000 * time.Hour)} {
		c := clock.NewFrozen(at)
		defer c.Close()
		s := openDriver(t, url+"?prefix="+name, c, nil)
		n := namespace(t, s, "ns")
		for key, ttl := range map[string]int64{"minute": 60, "year": 365 * 86400} {
			put(t, n, key, "v", PutOptions{ExpirationTTL: &ttl})
			got, err := redisOf(s).Client().TTL(ctx, name+":ns:e:"+key).Result()
			least := time.Duration(ttl+redis.GraceSeconds-5) * time.Second
			if at.After(clock.Deadline(time.Hour)) {
				least += 999 * time.Hour
			}
			if err != nil || got < least {
				t.Errorf("%s: Redis removes %s in %v, want at least %v (%v)", name, key, got, least, err)
			}
		}
		put(t, n, "minute", "v", PutOptions{})
		put(t, n, "year", "v", PutOptions{ExpirationTTL: seconds(1 << 60)})
		for _, key := range []string{"minute", "year"} {
			if got, err := redisOf(s).Client().TTL(ctx, name+":ns:e:"+key).Result(); err != nil || got >= 0 {
				t.Errorf("%s: Redis removes %s in %v by itself (%v)", name, key, got, err)
			}
		}
	}
}

// An entry that Redis evicted or expired is no longer listed.
func TestRedisListForgetsEvictedKeys(t *testing.T) {
	t.Parallel()
	s := openDriver(t, "redis://"+testkit.StartRedis(t).Addr, nil, nil)
	n := namespace(t, s, "ns")
	for _, key := range []string{"a", "b", "c"} {
		put(t, n, key, "v", PutOptions{ExpirationTTL: seconds(3600)})
	}
	client := redisOf(s).Client()
	if err := client.Del(ctx, "flint:kv:ns:e:b").Err(); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(names(t, n, ListOptions{Limit: 2})); got != "[a c]" {
		t.Errorf("listed %s", got)
	}
	if got, err := client.ZCard(ctx, "flint:kv:ns:keys").Result(); err != nil || got != 2 {
		t.Errorf("the index holds %d keys, %v", got, err)
	}
}

func TestLostRedisIsSaidAndComesBack(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t, "--requirepass", "s3cret")
	log := testkit.NewLog()
	s := openDriver(t, "redis://:s3cret@"+server.Addr, nil, log.Logger())
	n := namespace(t, s, "ns")
	put(t, n, "k", "v", PutOptions{})
	server.Stop()
	_, err := n.Get(ctx, "k", GetOptions{})
	wantAway(t, err, server.Addr)
	wantAway(t, n.Put(ctx, "k", nil, PutOptions{}), server.Addr)
	wantAway(t, n.Delete(ctx, "k"), server.Addr)
	_, err = n.List(ctx, ListOptions{})
	wantAway(t, err, server.Addr)
	_, err = n.GetBulk(ctx, []string{"k"}, BulkGetOptions{})
	wantAway(t, err, server.Addr)
	_, err = s.List(ctx)
	wantAway(t, err, server.Addr)
	wantAway(t, s.Ping(ctx), server.Addr)
	if !strings.Contains(err.Error(), "connection refused") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("the error is %v", err)
	}
	server.Start(t)
	if got := get(t, n, "k"); got != "v" {
		t.Errorf("after the return k is %q", got)
	}
	put(t, n, "k", "w", PutOptions{})
	said := map[string]int{}
	for _, r := range log.Records() {
		said[r.Message]++
		if strings.Contains(fmt.Sprint(r), "s3cret") {
			t.Errorf("the log shows the password: %v", r)
		}
	}
	want := map[string]int{"KV cannot reach Redis": 1, "KV reaches Redis again": 1}
	if !maps.Equal(said, want) {
		t.Errorf("logged %v, want %v", said, want)
	}
}

// A Redis that hangs costs bounded time, and what it had not done is not half done.
func TestHangingRedisIsBounded(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	s := openDriver(t, "unix://"+server.Socket, nil, nil)
	n := namespace(t, s, "ns")
	put(t, n, "k", "v", PutOptions{})
	redisOf(s).SetTimeout(200 * time.Millisecond)
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Resume() }()
	watch := clock.StartStopwatch()
	_, err := n.Get(ctx, "k", GetOptions{})
	wantAway(t, err, server.Socket)
	if !strings.Contains(err.Error(), "no answer in time") {
		t.Errorf("the error is %v", err)
	}
	if took := watch.Elapsed(); took > 5*time.Second {
		t.Errorf("the call took %v", took)
	}
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	redisOf(s).SetTimeout(redis.DefaultTimeout)
	if got := get(t, n, "k"); got != "v" {
		t.Errorf("after the return k is %q", got)
	}
}

// Keys that expire while Redis is away are gone when it is back, and swept.
func TestExpiryWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	c := clock.NewFrozen(epoch)
	defer c.Close()
	s := openDriver(t, "redis://"+server.Addr, c, nil)
	n := namespace(t, s, "ns")
	put(t, n, "k", "v", PutOptions{ExpirationTTL: seconds(60)})
	server.Stop()
	testkit.Advance(t, c, time.Minute)
	server.Start(t)
	if got := get(t, n, "k"); got != "-" {
		t.Errorf("k is %q", got)
	}
	testkit.Advance(t, c, redis.SweepRetrySeconds*time.Second)
	if got := left(t, s); !slices.Equal(got, []string{"flint:kv:namespaces"}) {
		t.Errorf("left in Redis: %q", got)
	}
}

func TestRedisRefusals(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t, "--requirepass", "s3cret", "--maxmemory", "1mb")
	for url, want := range map[string]string{
		"redis://:wr0ng@" + server.Addr:       "WRONGPASS",
		"redis://" + server.Addr:              "NOAUTH",
		"redis://:s3cret@" + server.Addr + "": "OOM",
	} {
		n := namespace(t, openDriver(t, url, nil, nil), "ns")
		var err error
		for _, size := range []int{0, 2 << 20, 0} { // how full it is is looked at before a write, not after it
			if err == nil {
				err = n.Put(ctx, "k", make([]byte, size), PutOptions{})
			}
		}
		var e *cferr.Error
		if !errors.As(err, &e) || e.Status != 503 || !strings.HasPrefix(e.Message, "Redis at "+server.Addr+" answered KV: ") ||
			!strings.Contains(e.Message, want) || strings.Contains(e.Message, "wr0ng") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestRedisOfSeveralFlints(t *testing.T) {
	t.Parallel()
	url := "redis://" + testkit.StartRedis(t).Addr
	a, b := openDriver(t, url, nil, nil), openDriver(t, url, nil, nil)
	put(t, namespace(t, a, "ns"), "k", "from a", PutOptions{})
	if got := get(t, namespace(t, b, "ns"), "k"); got != "from a" {
		t.Errorf("b sees %q", got)
	}
	made, err := a.Create(ctx, "shared")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Create(ctx, "shared"); err == nil {
		t.Error("a title was given twice")
	}
	if info, err := b.Lookup(ctx, made.ID); err != nil || info.Title != "shared" {
		t.Errorf("b finds %v, %v", info, err)
	}
	alone := openDriver(t, url+"?prefix=alone", nil, nil)
	if got := get(t, namespace(t, alone, "ns"), "k"); got != "-" {
		t.Errorf("another prefix sees %q", got)
	}
}

// Errors about a URL do not show it: it may hold a password.
func TestRedisURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"redis://:s3cret/x@host", "redis://:s3cret#@host", "http://:s3cret@host", "redis://:s3cret@host/x", "unix://", "s3cret",
		"redis://:s3cret@host?unknown=1", "redis://:s3cret@host:x", "redis://:s3cret@host?%zz", "redis://:s3\x7fcret@host",
	} {
		_, err := Open(Options{Driver: url})
		if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "redis://[USER:PASSWORD@]HOST") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// 200 calls at once share the connections that there may be.
func TestRedisConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	server := testkit.StartRedis(t)
	s := openDriver(t, "redis://"+server.Addr+"?pool_size=4", nil, nil)
	n := namespace(t, s, "ns")
	done := make(chan error)
	for i := range 200 {
		go func() { done <- n.Put(ctx, fmt.Sprint(i), nil, PutOptions{}) }()
	}
	for range 200 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if stats := redisOf(s).Client().PoolStats(); stats.TotalConns > 4 {
		t.Errorf("%d connections", stats.TotalConns)
	}
}

// Embedded listens nowhere.
func TestEmbeddedHasNoPort(t *testing.T) {
	t.Parallel()
	s := openDriver(t, Embedded, nil, nil)
	put(t, namespace(t, s, "ns"), "k", "v", PutOptions{})
	if redisOf(s).Listens() {
		t.Error("it listens on a port")
	}
}
