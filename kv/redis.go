package kv

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"flint/internal/clock"
)

// redisBackend keeps namespaces in a Redis of version 6 or later, which several
// flints may share. Below its prefix, "flint:kv" unless the URL says ?prefix=…:
//
//	PREFIX:namespaces  hash: the namespaces that hold something or have a title, id -> title
//	PREFIX:ID:e:KEY    hash: one entry, v (value), m (metadata as JSON, or empty), e (expiration in seconds, 0 for never)
//	PREFIX:ID:keys     sorted set: the names of the keys, all with score 0, so ordered by their bytes
//	PREFIX:ID:expiry   sorted set: the names of the keys that expire, by the second of their expiry
//
// An id is escaped as in a URL's query, so that it holds no colon; a key is as
// it is.
type redisBackend struct {
	client   *redis.Client
	embedded *embedded // nil unless the server is in this process
	addr     string    // for people: no password in it
	prefix   string
	timeout  time.Duration // for one call
	clock    clock.Clock
	log      *slog.Logger
	lost     atomic.Bool // the last call did not reach the server
}

const redisPrefix = "flint:kv"

var quietRedis sync.Once

// openRedis makes a backend of a driver's URL. It does not connect.
func openRedis(driver string, c clock.Clock, log *slog.Logger) (*redisBackend, error) {
	quietRedis.Do(func() { redis.SetLogger(silent{}) })
	b := &redisBackend{timeout: redisTimeout, clock: c, log: log, prefix: redisPrefix}
	o := &redis.Options{}
	if driver == Embedded {
		b.embedded = startEmbedded(c)
		b.addr, o.Dialer = Embedded, b.embedded.dial
		b.timeout, o.ReadTimeout, o.WriteTimeout = embeddedTimeout, embeddedTimeout, embeddedTimeout // it cannot be lost, only slow
		log.Warn("KV is in a Redis inside flint, which forgets everything when flint ends", "driver", Embedded)
	} else {
		var err error
		if o, b.prefix, err = parseRedisURL(driver); err != nil {
			return nil, err
		}
		b.addr = o.Addr
	}
	bound(o)
	b.client = redis.NewClient(o)
	return b, nil
}

// parseRedisURL reads redis://, rediss:// and unix:// with the parameters of
// go-redis, and prefix. Its error tells nothing of the URL, which may hold a
// password.
func parseRedisURL(text string) (*redis.Options, string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, "", ErrDriver
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, "", ErrDriver
	}
	prefix := q.Get("prefix")
	if prefix == "" {
		prefix = redisPrefix
	}
	q.Del("prefix")
	u.RawQuery = q.Encode()
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, "", ErrDriver
	}
	return o, prefix, nil
}

// bound limits what the URL leaves open: connections, waiting, retrying.
func bound(o *redis.Options) {
	def := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	def(&o.DialTimeout, redisDialTimeout)
	def(&o.ReadTimeout, redisTimeout)
	def(&o.WriteTimeout, redisTimeout)
	def(&o.PoolTimeout, redisTimeout)
	if o.PoolSize == 0 {
		o.PoolSize = redisConns
	}
	if o.MaxActiveConns == 0 {
		o.MaxActiveConns = o.PoolSize
	}
	if o.MaxRetries == 0 {
		o.MaxRetries = 1 // a connection that died while it was idle
	}
	// A server that wants a password says so clearly only in answer to a short command.
	o.OnConnect = func(ctx context.Context, c *redis.Conn) error { return c.Ping(ctx).Err() }
	o.PipelinePoolSize = -1
	o.DialerRetries = 1
	o.ContextTimeoutEnabled = true
	o.Protocol = 2
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// silent drops what go-redis would print; errors are returned as well.
type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// do runs one call within bounded time and says what kept it from succeeding.
func (b *redisBackend) do(ctx context.Context, f func(context.Context) error) error {
	if b.embedded != nil {
		b.embedded.tick()
	}
	limited, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := f(limited)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the caller gave up
	}
	return b.explain(err)
}

// explain turns an error of the client into one for people.
func (b *redisBackend) explain(err error) error {
	var reply redis.Error
	switch {
	case err == nil, errors.Is(err, ErrKeyNotFound), errors.Is(err, errBulkBytes):
		b.found()
		return err
	case errors.Is(err, redis.ErrClosed):
		return ErrClosed
	case errors.As(err, &reply):
		b.found()
		return errRedisReply(b.addr, reply.Error())
	}
	reason := b.reason(err)
	if b.lost.CompareAndSwap(false, true) {
		b.log.Warn("KV cannot reach Redis", "address", b.addr, "reason", reason)
	}
	return errRedisAway(b.addr, reason)
}

func (b *redisBackend) found() {
	if b.lost.Load() && b.lost.CompareAndSwap(true, false) {
		b.log.Info("KV reaches Redis again", "address", b.addr)
	}
}

// reason is the innermost cause, without the addresses around it.
func (b *redisBackend) reason(err error) string {
	var timeout net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return "no answer in time"
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

func (b *redisBackend) open(id string) (driver, error) { return openRedisNamespace(b, id), nil }

func (b *redisBackend) names() string { return b.prefix + ":namespaces" }

func (b *redisBackend) titles(ctx context.Context) (all map[string]string, err error) {
	err = b.do(ctx, func(ctx context.Context) error {
		all, err = b.client.HGetAll(ctx, b.names()).Result()
		return err
	})
	return all, err
}

func (b *redisBackend) setTitle(ctx context.Context, id, title string) error {
	return b.do(ctx, func(ctx context.Context) error {
		return b.client.HSet(ctx, b.names(), id, title).Err()
	})
}

// drop removes a namespace in steps that do not hold Redis up for long.
func (b *redisBackend) drop(ctx context.Context, id string) error {
	k := b.keysOf(id)
	for more := true; more; {
		err := b.do(ctx, func(ctx context.Context) error {
			left, err := dropScript.Run(ctx, b.client, []string{k.index, k.expiry, b.names()}, k.entry, redisBatch, id).Int()
			more = left != 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *redisBackend) ping(ctx context.Context) error {
	return b.do(ctx, func(ctx context.Context) error { return b.client.Ping(ctx).Err() })
}

func (b *redisBackend) close() error {
	err := b.client.Close()
	if b.embedded != nil {
		b.embedded.close()
	}
	if errors.Is(err, redis.ErrClosed) {
		return nil
	}
	return err
}

// redisKeys are the names of a namespace's keys in Redis.
type redisKeys struct{ entry, index, expiry string }

func (b *redisBackend) keysOf(id string) redisKeys {
	base := strings.Join([]string{b.prefix, url.QueryEscape(id), ""}, ":")
	return redisKeys{base + "e:", base + "keys", base + "expiry"}
}
