package r2

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"flint/internal/clock"
	"flint/r2/driver"
)

// lifecycle applies a bucket's rules. There is one timer, set for what is due
// next; each action remembers up to which upload time it is done, so that no
// object is looked at twice.
type lifecycle struct {
	actions atomic.Pointer[[]*action]
	run     sync.Mutex // one run at a time

	mu     sync.Mutex
	timer  clock.Timer
	at     time.Time // what timer is set for
	closed bool
}

// action is one transition of one rule.
type action struct {
	prefix  string
	when    LifecycleCondition
	class   string      // to transition to; empty: delete
	upload  bool        // about uploads
	applied driver.Mark // objects up to here have been dealt with; guarded by lifecycle.run
}

// from is the class that an action looks for.
func (a *action) from() string {
	if a.class != "" {
		return Standard
	}
	return ""
}

// actions lists what rules do; deletions first, as they win over transitions.
func actions(rules []LifecycleRule) (out []*action) {
	var later []*action
	for i := range rules {
		r := &rules[i]
		if !r.Enabled {
			continue
		}
		if t := r.DeleteObjects; t != nil {
			out = append(out, &action{prefix: r.Conditions.Prefix, when: t.Condition})
		}
		if t := r.AbortUploads; t != nil {
			out = append(out, &action{prefix: r.Conditions.Prefix, when: t.Condition, upload: true})
		}
		for _, t := range r.StorageClasses {
			later = append(later, &action{prefix: r.Conditions.Prefix, when: t.Condition, class: t.StorageClass})
		}
	}
	return append(out, later...)
}

// restartLifecycle begins anew with the rules of now, and runs what is due.
func (b *Bucket) restartLifecycle() error {
	l := &b.lifecycle
	l.run.Lock()
	next := actions(b.Lifecycle())
	objects := slices.ContainsFunc(next, func(a *action) bool { return !a.upload })
	err := b.driver.Age(context.Background(), objects)
	l.actions.Store(&next)
	l.run.Unlock()
	if err != nil {
		return fmt.Errorf("find the objects of bucket %s by age: %w", b.name, err)
	}
	b.runLifecycle()
	return nil
}

// all is what the rules do.
func (l *lifecycle) all() []*action {
	if all := l.actions.Load(); all != nil {
		return *all
	}
	return nil
}

// scheduleLifecycle tells the lifecycle of a new object or upload. Without rules for it this
// costs nothing but a look.
func (b *Bucket) scheduleLifecycle(key string, at time.Time, upload bool) {
	for _, a := range b.lifecycle.all() {
		if a.upload == upload && strings.HasPrefix(key, a.prefix) {
			b.lifecycle.wake(b, a.when.due(at))
		}
	}
}

// wake sets the timer, unless it is set for something earlier.
func (l *lifecycle) wake(b *Bucket, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.timer != nil && !at.Before(l.at) {
		return
	}
	if l.timer != nil {
		l.timer.Stop()
	}
	l.at = at
	l.timer = b.store.clock.AfterFunc(at.Sub(b.store.clock.Now()), b.runLifecycle)
}

// runLifecycle does what is due and sets the timer for what is due next.
func (b *Bucket) runLifecycle() {
	l := &b.lifecycle
	l.run.Lock()
	defer l.run.Unlock()
	l.mu.Lock()
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	closed := l.closed
	l.mu.Unlock()
	if closed {
		return
	}
	now := b.store.clock.Now()
	var next time.Time
	for _, a := range l.all() {
		due, err := b.apply(a, now)
		if err != nil {
			b.store.log.Error("r2: a lifecycle rule could not be applied", "bucket", b.name, "prefix", a.prefix, "error", err)
			due = now.Add(lifecycleRetry)
		}
		if !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	if !next.IsZero() {
		l.wake(b, next)
	}
}

// apply does what of an action is due, and returns when there will be more.
func (b *Bucket) apply(a *action, now time.Time) (next time.Time, err error) {
	ctx, d := context.Background(), b.driver
	until := a.latestDueUpload(now)
	if a.upload {
		if err := d.AbortBefore(ctx, a.prefix, until); err != nil {
			return next, err
		}
		created, found, err := d.OldestUpload(ctx, a.prefix)
		if err != nil || !found {
			return next, err
		}
		return a.when.due(time.UnixMilli(created)), nil
	}
	for {
		objects, err := d.Oldest(ctx, a.prefix, a.from(), a.applied, until, driver.LifecycleBatch)
		if err != nil {
			return next, err
		}
		if err := b.applyTo(ctx, a, objects); err != nil {
			return next, err
		}
		if len(objects) < driver.LifecycleBatch {
			break
		}
		last := objects[len(objects)-1]
		a.applied = driver.Mark{Millis: last.Uploaded.UnixMilli(), Key: last.Key}
	}
	if until >= a.applied.Millis {
		a.applied = driver.Mark{Millis: until, Key: driver.AfterAll} // what comes later is younger
	}
	objects, err := d.Oldest(ctx, a.prefix, a.from(), a.applied, math.MaxInt64, 1)
	if err != nil || len(objects) == 0 {
		return next, err
	}
	return a.when.due(objects[0].Uploaded), nil
}

// latestDueUpload is the latest upload time of which now is due.
func (a *action) latestDueUpload(now time.Time) int64 {
	if a.when.Type == ConditionAge {
		return now.Add(-a.when.MaxAge).UnixMilli()
	}
	if now.Before(a.when.Date) {
		return -1
	}
	// What was there at the date, and what came on an earlier day.
	day := now.UTC().Truncate(24 * time.Hour)
	if day.Before(a.when.Date) {
		day = a.when.Date
	}
	return day.UnixMilli() - 1
}

// applyTo deletes or moves objects.
func (b *Bucket) applyTo(ctx context.Context, a *action, objects []*Object) error {
	if len(objects) == 0 {
		return nil
	}
	d := b.driver
	if a.class != "" {
		return d.Classify(ctx, slices.DeleteFunc(slices.Clone(objects), b.soonGone), a.class)
	}
	keys := make([]string, len(objects))
	for i, o := range objects {
		keys[i] = o.Key
	}
	event, err := b.beginEvent(ActionLifecycleDelete, nil, keys...)
	if err != nil {
		return err
	}
	gone, err := d.RemoveThese(ctx, objects)
	event.keepOnly(gone)
	event.finish(ctx, err)
	return err
}

// soonGone reports whether a rule deletes o within a day: then it is not worth
// a transition. https://developers.cloudflare.com/r2/buckets/object-lifecycles/#behavior
func (b *Bucket) soonGone(o *Object) bool {
	soon := b.store.clock.Now().Add(24 * time.Hour)
	return slices.ContainsFunc(b.lifecycle.all(), func(a *action) bool {
		return a.class == "" && !a.upload && strings.HasPrefix(o.Key, a.prefix) && !a.when.due(o.Uploaded).After(soon)
	})
}

func (l *lifecycle) close() {
	l.mu.Lock()
	l.closed = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()
	l.run.Lock() // waits for a run
	defer l.run.Unlock()
}
