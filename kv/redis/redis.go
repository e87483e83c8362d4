package redis

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
	"flint/kv/driver"
)

// Backend keeps namespaces in a Redis of version 6 or later, which several
// flints may share. Below its prefix, "flint:kv" unless the URL says ?prefix=…:
//
//	PREFIX:namespaces  hash: the namespaces that hold something or have a title, id -> title
//	PREFIX:ID:e:KEY    hash: one entry, v (value), m (metadata as JSON, or empty), e (expiration in seconds, 0 for never)
//	PREFIX:ID:keys     sorted set: the names of the keys, all with score 0, so ordered by their bytes
//	PREFIX:ID:expiry   sorted set: the names of the keys that expire, by the second of their expiry
//
// An id is escaped as in a URL's query, so that it holds no colon; a key is as
// it is.
type Backend struct {
	client        *redis.Client
	embedded      *embedded // nil unless the server is in this process
	addr          string    // for messages: without the password
	prefix        string
	timeout       time.Duration // for one call
	clock         clock.Clock
	log           *slog.Logger
	isUnreachable atomic.Bool // the last call did not reach the server
}

const defaultPrefix = "flint:kv"

var silenceClient sync.Once

// Open makes a backend of a driver's URL, or of Embedded. It does not connect.
func Open(driver string, c clock.Clock, log *slog.Logger) (*Backend, error) {
	silenceClient.Do(func() { redis.SetLogger(silentLogger{}) })
	b := &Backend{timeout: DefaultTimeout, clock: c, log: log, prefix: defaultPrefix}
	o := &redis.Options{}
	if driver == Embedded {
		b.embedded = startEmbedded(c)
		b.addr, o.Dialer = Embedded, b.embedded.dial
		b.timeout, o.ReadTimeout, o.WriteTimeout = embeddedTimeout, embeddedTimeout, embeddedTimeout // it cannot be lost, only slow
		log.Warn("KV is in a Redis inside flint, which forgets everything when flint ends", "driver", Embedded)
	} else {
		var err error
		if o, b.prefix, err = parseURL(driver); err != nil {
			return nil, err
		}
		b.addr = o.Addr
	}
	limitConns(o)
	b.client = redis.NewClient(o)
	return b, nil
}

// parseURL reads redis://, rediss:// and unix:// with the parameters of
// go-redis, and prefix. Its error shows nothing of the URL, which may hold a
// password.
func parseURL(text string) (*redis.Options, string, error) {
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
		prefix = defaultPrefix
	}
	q.Del("prefix")
	u.RawQuery = q.Encode()
	o, err := redis.ParseURL(u.String())
	if err != nil {
		return nil, "", ErrDriver
	}
	return o, prefix, nil
}

// limitConns sets limits that the URL does not: connections, waiting, retrying.
func limitConns(o *redis.Options) {
	def := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	def(&o.DialTimeout, dialTimeout)
	def(&o.ReadTimeout, DefaultTimeout)
	def(&o.WriteTimeout, DefaultTimeout)
	def(&o.PoolTimeout, DefaultTimeout)
	if o.PoolSize == 0 {
		o.PoolSize = maxConns
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

// silentLogger drops what go-redis would print; errors are returned as well.
type silentLogger struct{}

func (silentLogger) Printf(context.Context, string, ...any) {}

// call runs one call of the client within bounded time, and explains its error.
func (b *Backend) call(ctx context.Context, f func(context.Context) error) error {
	if b.embedded != nil {
		b.embedded.setClock()
	}
	limited, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	err := f(limited)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // the caller gave up
	}
	return b.explain(err)
}

// explain turns an error of the client into one that says what to do.
func (b *Backend) explain(err error) error {
	var reply redis.Error
	switch {
	case err == nil, errors.Is(err, driver.ErrKeyNotFound), errors.Is(err, driver.ErrBulkBytes):
		b.markReachable()
		return err
	case errors.Is(err, redis.ErrClosed):
		return driver.ErrClosed
	case errors.As(err, &reply):
		b.markReachable()
		return errReply(b.addr, reply.Error())
	}
	reason := b.rootCause(err)
	if b.isUnreachable.CompareAndSwap(false, true) {
		b.log.Warn("KV cannot reach Redis", "address", b.addr, "reason", reason)
	}
	return errUnreachable(b.addr, reason)
}

func (b *Backend) markReachable() {
	if b.isUnreachable.Load() && b.isUnreachable.CompareAndSwap(true, false) {
		b.log.Info("KV reaches Redis again", "address", b.addr)
	}
}

// rootCause is the innermost cause, without the addresses around it.
func (b *Backend) rootCause(err error) string {
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

// Open implements driver.Backend.
func (b *Backend) Open(id string) (driver.Namespace, error) {
	return openNamespace(b, id), nil
}

func (b *Backend) namespacesKey() string { return b.prefix + ":namespaces" }

// Titles implements driver.Backend.
func (b *Backend) Titles(ctx context.Context) (all map[string]string, err error) {
	err = b.call(ctx, func(ctx context.Context) error {
		all, err = b.client.HGetAll(ctx, b.namespacesKey()).Result()
		return err
	})
	return all, err
}

// SetTitle implements driver.Backend.
func (b *Backend) SetTitle(ctx context.Context, id, title string) error {
	return b.call(ctx, func(ctx context.Context) error {
		return b.client.HSet(ctx, b.namespacesKey(), id, title).Err()
	})
}

// Drop removes a namespace in steps that do not hold Redis up for long.
func (b *Backend) Drop(ctx context.Context, id string) error {
	k := b.keysOf(id)
	for more := true; more; {
		err := b.call(ctx, func(ctx context.Context) error {
			left, err := dropScript.Run(ctx, b.client, []string{k.index, k.expiry, b.namespacesKey()}, k.entry, scriptBatch, id).Int()
			more = left != 0
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Ping implements driver.Backend.
func (b *Backend) Ping(ctx context.Context) error {
	return b.call(ctx, func(ctx context.Context) error { return b.client.Ping(ctx).Err() })
}

// Close implements driver.Backend.
func (b *Backend) Close() error {
	err := b.client.Close()
	if b.embedded != nil {
		b.embedded.close()
	}
	if errors.Is(err, redis.ErrClosed) {
		return nil
	}
	return err
}

// keyNames are the names of a namespace's keys in Redis.
type keyNames struct{ entry, index, expiry string }

func (b *Backend) keysOf(id string) keyNames {
	base := strings.Join([]string{b.prefix, url.QueryEscape(id), ""}, ":")
	return keyNames{base + "e:", base + "keys", base + "expiry"}
}

// Client is the connection pool to the server.
func (b *Backend) Client() *redis.Client { return b.client }

// SetTimeout bounds one call, waiting for a connection included.
func (b *Backend) SetTimeout(d time.Duration) { b.timeout = d }

// Listens reports whether the server is in this process and has a port.
func (b *Backend) Listens() bool {
	return b.embedded != nil && b.embedded.server.Server().Addr() != (*net.TCPAddr)(nil)
}
