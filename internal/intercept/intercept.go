package intercept

import (
	"context"
	"sync"
	"sync/atomic"
)

// Op is one call of a binding.
type Op struct {
	Service  string // kv, d1, r2, queues, ai, cache, outbound
	Resource string // namespace id, database id, bucket, queue, model, host
	Action   string // get, put, list, query …
	Key      string // key, object or URL, where there is one
	Bytes    int64  // size of the value read or written, once known
	Rows     int64  // rows read or written, once known
}

// Hook is called around an operation. It calls next to run it; without that it
// answers itself, as a fault does. op is complete after next has returned.
type Hook func(ctx context.Context, op *Op, next func(context.Context) error) error

// Chain is an ordered list of hooks. The zero value and a nil *Chain have none.
type Chain struct {
	mu    sync.Mutex
	hooks atomic.Pointer[[]Hook]
}

// Use appends a hook. Operations that are running keep the hooks they began with.
func (c *Chain) Use(h Hook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var hooks []Hook
	if old := c.hooks.Load(); old != nil {
		hooks = append(hooks, *old...)
	}
	hooks = append(hooks, h)
	c.hooks.Store(&hooks)
}

// Empty reports whether there is no hook. A caller may then run an operation without
// Do.
func (c *Chain) Empty() bool { return c == nil || c.hooks.Load() == nil }

// Do runs call as the operation op through the hooks, the first one outermost.
func (c *Chain) Do(ctx context.Context, op *Op, call func(context.Context) error) error {
	if c.Empty() {
		return call(ctx)
	}
	return run(ctx, *c.hooks.Load(), op, call)
}

func run(ctx context.Context, hooks []Hook, op *Op, call func(context.Context) error) error {
	if len(hooks) == 0 {
		return call(ctx)
	}
	return hooks[0](ctx, op, func(ctx context.Context) error {
		return run(ctx, hooks[1:], op, call)
	})
}
