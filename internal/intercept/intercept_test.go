package intercept

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
)

func TestHooksRunOutermostFirst(t *testing.T) {
	t.Parallel()
	var c Chain
	var trace []string
	hook := func(name string) Hook {
		return func(ctx context.Context, op *Op, next func(context.Context) error) error {
			trace = append(trace, name+" before "+op.Action)
			err := next(ctx)
			trace = append(trace, name+" after")
			return err
		}
	}
	c.Use(hook("journal"))
	c.Use(hook("meter"))
	boom := errors.New("boom")
	err := c.Do(t.Context(), &Op{Service: "kv", Action: "get"}, func(context.Context) error {
		trace = append(trace, "call")
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("err = %v, want boom", err)
	}
	want := []string{"journal before get", "meter before get", "call", "meter after", "journal after"}
	if !slices.Equal(trace, want) {
		t.Errorf("ran %q, want %q", trace, want)
	}
}

func TestNoHooks(t *testing.T) {
	t.Parallel()
	var none *Chain
	for _, c := range []*Chain{none, {}} {
		ran := false
		if err := c.Do(t.Context(), &Op{}, func(context.Context) error { ran = true; return nil }); err != nil || !ran {
			t.Errorf("ran %v, err %v", ran, err)
		}
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	var none *Chain
	var c Chain
	if !none.Empty() || !c.Empty() {
		t.Error("a chain without hooks is not empty")
	}
	c.Use(func(ctx context.Context, _ *Op, next func(context.Context) error) error { return next(ctx) })
	if c.Empty() {
		t.Error("a chain with a hook is empty")
	}
}

// A hook may answer in the service's place; inner hooks and the call are not reached.
func TestHookMayAnswerItself(t *testing.T) {
	t.Parallel()
	var c Chain
	fault := errors.New("fault")
	c.Use(func(context.Context, *Op, func(context.Context) error) error { return fault })
	c.Use(func(context.Context, *Op, func(context.Context) error) error { t.Error("inner hook ran"); return nil })
	err := c.Do(t.Context(), &Op{}, func(context.Context) error { t.Error("call ran"); return nil })
	if !errors.Is(err, fault) {
		t.Errorf("err = %v, want fault", err)
	}
}

func TestHookPassesItsContextAndSeesTheOp(t *testing.T) {
	t.Parallel()
	type key struct{}
	var c Chain
	var bytes int64
	c.Use(func(ctx context.Context, op *Op, next func(context.Context) error) error {
		err := next(context.WithValue(ctx, key{}, "v"))
		bytes = op.Bytes // set by the call
		return err
	})
	op := &Op{}
	err := c.Do(t.Context(), op, func(ctx context.Context) error {
		op.Bytes = 42
		if ctx.Value(key{}) != "v" {
			t.Error("the hook's context did not arrive")
		}
		return nil
	})
	if err != nil || bytes != 42 {
		t.Errorf("err %v, bytes %d, want 42", err, bytes)
	}
}

// An operation keeps the hooks it began with, also when one is added during it.
func TestUseDuringAnOperation(t *testing.T) {
	t.Parallel()
	var c Chain
	late := 0
	c.Use(func(ctx context.Context, _ *Op, next func(context.Context) error) error {
		c.Use(func(ctx context.Context, _ *Op, next func(context.Context) error) error { late++; return next(ctx) })
		return next(ctx)
	})
	for want := range 3 {
		if err := c.Do(t.Context(), &Op{}, func(context.Context) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if want = want * (want + 1) / 2; late != want { // 0, then 1 more, then 2 more
			t.Fatalf("late hooks ran %d times, want %d", late, want)
		}
	}
}

func TestUseBesideDo(t *testing.T) {
	t.Parallel()
	var c Chain
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			c.Use(func(ctx context.Context, op *Op, next func(context.Context) error) error { op.Rows++; return next(ctx) })
			for range 100 {
				_ = c.Do(t.Context(), &Op{}, func(context.Context) error { return nil })
			}
		})
	}
	wg.Wait()
	var op Op
	_ = c.Do(t.Context(), &op, func(context.Context) error { return nil })
	if op.Rows != 8 {
		t.Errorf("%d hooks ran, want 8: one was lost", op.Rows)
	}
}

func BenchmarkDo(b *testing.B) {
	pass := func(ctx context.Context, _ *Op, next func(context.Context) error) error { return next(ctx) }
	call := func(context.Context) error { return nil }
	var none, three Chain
	for range 3 {
		three.Use(pass)
	}
	for name, c := range map[string]*Chain{"none": &none, "three": &three} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = c.Do(b.Context(), &Op{Service: "kv", Action: "get"}, call)
			}
		})
	}
}
