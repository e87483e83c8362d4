package r2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"flint/internal/clock"
	"flint/internal/testkit"
)

// postbox is a Notifier that keeps what it is sent.
type postbox struct {
	mu   sync.Mutex
	sent []string // queue and body
	err  error
}

// Queue implements Notifier.
func (p *postbox) Queue(nameOrID string) (id, name string, ok bool) {
	name, ok = strings.CutPrefix(nameOrID, "id-of-")
	return "id-of-" + name, name, ok || name == "jobs"
}

// Send implements Notifier.
func (p *postbox) Send(_ context.Context, queue string, messages []json.RawMessage) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return p.err
	}
	for _, m := range messages {
		p.sent = append(p.sent, queue+" "+string(m))
	}
	return nil
}

func (p *postbox) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// take returns what came since the last take.
func (p *postbox) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.sent
	p.sent = nil
	return sent
}

func (p *postbox) want(t *testing.T, want ...string) {
	t.Helper()
	got := p.take()
	if len(got) != len(want) {
		t.Fatalf("%d events %q, want %d", len(got), got, len(want))
	}
	for i := range want {
		if !strings.Contains(got[i], want[i]) {
			t.Errorf("event %d is %s, want %s", i, got[i], want[i])
		}
	}
}

func notifyRule(prefix, suffix string, events ...string) NotificationRule {
	actions, err := Actions(events)
	if err != nil {
		panic(err) // a slip in a test
	}
	return NotificationRule{Prefix: prefix, Suffix: suffix, Actions: actions}
}

func newNotified(t *testing.T, rules ...NotificationRule) (*Bucket, *postbox, *clock.Virtual) {
	t.Helper()
	b, c := newBucket(t)
	b.store.account = "the-account"
	p := &postbox{}
	b.store.AttachNotifier(p)
	if err := b.AddNotifications("jobs", rules); err != nil {
		t.Fatal(err)
	}
	return b, p, c
}

// A message is Cloudflare's, field by field.
func TestEventForm(t *testing.T) {
	t.Parallel()
	b, p, _ := newNotified(t, notifyRule("", "", "object-create", "object-delete"))
	put(t, b, "a/k", "hello")
	if err := b.Delete(context.Background(), "a/k"); err != nil {
		t.Fatal(err)
	}
	got := p.take()
	want := []string{
		`jobs {"account":"the-account","action":"PutObject","bucket":"media","object":{"key":"a/k","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592"},"eventTime":"2026-03-01T12:00:00.250Z"}`,
		`jobs {"account":"the-account","action":"DeleteObject","bucket":"media","object":{"key":"a/k"},"eventTime":"2026-03-01T12:00:00.250Z"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestEventFilters(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b, p, _ := newNotified(t, notifyRule("img/", ".png", "object-create"), notifyRule("", ".gone", "object-delete"))
	put(t, b, "img/a.png", "")
	put(t, b, "img/a.jpg", "")
	put(t, b, "a.png", "")
	p.want(t, `"key":"img/a.png","size":0,`)
	put(t, b, "x.gone", "")
	if err := b.Delete(ctx, "x.gone", "never.gone", "img/a.png"); err != nil {
		t.Fatal(err)
	}
	p.want(t, `"action":"DeleteObject","bucket":"media","object":{"key":"x.gone"}`)
	if _, err := b.Put(ctx, "img/b.png", strings.NewReader("x"), PutOptions{Size: 1, OnlyIf: &Conditional{Matches: []ETag{{Value: "0"}}}}); !errors.Is(err, ErrPreconditionFailed) {
		t.Fatal(err)
	}
	p.want(t)
	b.store.env.MinPart = 1
	id, err := b.CreateMultipart(ctx, "img/m.png", MultipartOptions{})
	if err != nil {
		t.Fatal(err)
	}
	etag, err := b.UploadPart(ctx, "img/m.png", id, 1, strings.NewReader("part"), 4)
	if err != nil {
		t.Fatal(err)
	}
	p.want(t)
	if _, err := b.CompleteMultipart(ctx, "img/m.png", id, []Part{{Number: 1, ETag: etag}}); err != nil {
		t.Fatal(err)
	}
	p.want(t, `"action":"CompleteMultipartUpload","bucket":"media","object":{"key":"img/m.png","size":4,"eTag":"`)
}

func TestEventOfLifecycle(t *testing.T) {
	t.Parallel()
	b, p, c := newNotified(t, notifyRule("", "", "LifecycleDeletion"))
	put(t, b, "a", "x")
	setLifecycle(t, b, expire("", time.Hour))
	testkit.Advance(t, c, time.Hour)
	p.want(t, `"action":"LifecycleDeletion","bucket":"media","object":{"key":"a"},"eventTime":"2026-03-01T13:00:00.250Z"`)
}

// A queue that does not take events has them later, and after a restart.
func TestEventsWait(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), clock.NewFrozen(noon)
	s := openStore(t, dir, c)
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	p := &postbox{err: errors.New("the disk is full")}
	s.AttachNotifier(p)
	if err := b.AddNotifications("jobs", []NotificationRule{notifyRule("", "", "object-create", "object-delete")}); err != nil {
		t.Fatal(err)
	}
	put(t, b, "a", "x")
	put(t, b, "b", "x")
	testkit.Advance(t, c, eventRetry)
	p.want(t)
	p.fail(nil)
	testkit.Advance(t, c, eventRetry)
	p.want(t, `"key":"a"`, `"key":"b"`)
	p.fail(errors.New("the disk is full"))
	put(t, b, "c", "x")
	if err := b.Delete(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, dir, c)
	p.fail(nil)
	s.AttachNotifier(p)
	p.want(t, `"action":"PutObject","bucket":"media","object":{"key":"c","size":1`, `"action":"DeleteObject","bucket":"media","object":{"key":"a"}`)
	testkit.Advance(t, c, time.Hour)
	p.want(t)
}

// What a killed run was about to do makes an event only if it was done.
func TestEventsOfKilledRun(t *testing.T) {
	t.Parallel()
	dir, c := t.TempDir(), clock.NewFrozen(noon)
	s := openStore(t, dir, c)
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.AddNotifications("jobs", []NotificationRule{notifyRule("", "", "object-create", "object-delete")}); err != nil {
		t.Fatal(err)
	}
	put(t, b, "kept", "x")
	for _, i := range []struct{ action, key string }{
		{ActionPut, "stored"}, {ActionPut, "not stored"}, {ActionDelete, "deleted"}, {ActionDelete, "kept"},
	} {
		if a, err := b.beginEvent(i.action, nil, i.key); err != nil || a == nil {
			t.Fatal(a, err)
		}
	}
	if _, err := b.driver.Put(context.Background(), "stored", strings.NewReader("xyz"), PutOptions{Size: 3, StorageClass: Standard}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	p := &postbox{}
	s = openStore(t, dir, c)
	s.AttachNotifier(p)
	p.want(t, `"action":"PutObject","bucket":"media","object":{"key":"kept"`, `"key":"stored","size":3`, `"action":"DeleteObject","bucket":"media","object":{"key":"deleted"}`)
}

// Too many that wait are refused by a clear error, not kept in memory for ever.
func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	b, _, _ := newNotified(t, notifyRule("", "", "object-create"))
	for i := range maxPendingEvents {
		if _, err := b.beginEvent(ActionPut, nil, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := b.Put(context.Background(), "k", strings.NewReader("x"), PutOptions{Size: 1})
	if err == nil || !strings.Contains(err.Error(), "(10058)") {
		t.Errorf("one more: %v", err)
	}
}

// The log of what was told does not grow.
func TestEventLogIsCleared(t *testing.T) {
	t.Parallel()
	b, p, _ := newNotified(t, notifyRule("", "", "object-create"))
	key := strings.Repeat("k", 1000)
	for range 1000 {
		put(t, b, key, "x")
	}
	if n := len(p.take()); n != 1000 {
		t.Errorf("%d events", n)
	}
	if size := b.outbox.log.Size(); size > maxEventLog+4096 {
		t.Errorf("the log has %d bytes", size)
	}
}

func TestNotificationRules(t *testing.T) {
	t.Parallel()
	b, p, _ := newNotified(t, notifyRule("a", "", "object-create"))
	twice := []NotificationRule{notifyRule("a", "", "object-create"), notifyRule("b", "", "object-create")}
	if err := b.AddNotifications("jobs", twice); err != nil {
		t.Fatal(err)
	}
	rules := b.Notifications()
	if len(rules) != 1 || len(rules[0].Rules) != 2 || len(rules[0].Rules[0].ID) != 32 {
		t.Fatalf("rules %+v", rules)
	}
	if err := b.store.DeclareNotifications("media", []QueueNotifications{{Queue: "jobs", Rules: []NotificationRule{notifyRule("f", "", "object-create")}}}); err != nil {
		t.Fatal(err)
	}
	put(t, b, "f", "")
	put(t, b, "b", "")
	p.want(t, `"key":"f"`, `"key":"b"`)
	if err := b.RemoveNotifications("jobs", rules[0].Rules[0].ID); err != nil {
		t.Fatal(err)
	}
	put(t, b, "a", "")
	put(t, b, "b", "")
	p.want(t, `"key":"b"`)
	if err := b.RemoveNotifications("jobs", "no such id"); !errors.Is(err, errNoNotifications) {
		t.Errorf("no such rule: %v", err)
	}
	if err := b.RemoveNotifications("jobs"); err != nil {
		t.Fatal(err)
	}
	put(t, b, "b", "")
	p.want(t)
	if _, err := Actions([]string{"object-made"}); err == nil || !strings.Contains(err.Error(), `"object-made"`) {
		t.Errorf("an unknown event: %v", err)
	}
	many := make([]NotificationRule, 101)
	for i := range many {
		many[i] = notifyRule(fmt.Sprint(i), "", "object-create")
	}
	if err := b.AddNotifications("jobs", many); err == nil || !strings.Contains(err.Error(), "at most 100 event notification rules") {
		t.Errorf("101 rules: %v", err)
	}
}

func TestEventOfCopy(t *testing.T) {
	t.Parallel()
	b, p, _ := newNotified(t, notifyRule("copy", "", "CopyObject"))
	put(t, b, "k", "x")
	if _, err := b.Copy(context.Background(), b, "k", "copy", CopyOptions{}); err != nil {
		t.Fatal(err)
	}
	p.want(t, `"action":"CopyObject","bucket":"media","object":{"key":"copy","size":1,"eTag":"9dd4e461268c8034f5c8564e155c67a6"},"eventTime":"2026-03-01T12:00:00.250Z","copySource":{"bucket":"media","object":"k"}`)
}
