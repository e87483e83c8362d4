package r2

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"flint/r2/driver"
)

// Notifier is the way to the queues. Event notifications are sent by it.
type Notifier interface {
	// Queue finds a queue by its name or id.
	Queue(nameOrID string) (id, name string, ok bool)
	// Send adds JSON messages to a queue and returns once they are durable.
	Send(ctx context.Context, queue string, messages []json.RawMessage) error
}

// Actions that make an event.
// https://developers.cloudflare.com/r2/buckets/event-notifications/#event-types
const (
	ActionPut               = "PutObject"
	ActionCopy              = "CopyObject"
	ActionCompleteMultipart = "CompleteMultipartUpload"
	ActionDelete            = "DeleteObject"
	ActionLifecycleDelete   = "LifecycleDeletion"
)

// Event types and their actions, as Wrangler groups them.
var eventTypes = map[string][]string{
	"object-create": {ActionPut, ActionCompleteMultipart, ActionCopy},
	"object-delete": {ActionDelete, ActionLifecycleDelete},
}

// QueueNotifications are the rules by which a bucket tells one queue.
type QueueNotifications struct {
	Queue string             `json:"queue"` // its name
	Rules []NotificationRule `json:"rules"`
}

// NotificationRule chooses the changes that make an event.
type NotificationRule struct {
	ID          string    `json:"ruleId"`
	Prefix      string    `json:"prefix,omitempty"`
	Suffix      string    `json:"suffix,omitempty"`
	Actions     []string  `json:"actions"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"createdAt"`
}

func (r *NotificationRule) fits(action, key string) bool {
	return strings.HasPrefix(key, r.Prefix) && strings.HasSuffix(key, r.Suffix) && slices.Contains(r.Actions, action)
}

// same reports whether two rules choose the same changes.
func (r *NotificationRule) same(o *NotificationRule) bool {
	return r.Prefix == o.Prefix && r.Suffix == o.Suffix && slices.Equal(r.Actions, o.Actions)
}

// Actions turns event types (object-create, object-delete) and single actions
// into actions, each once and sorted. It returns an error that names what it does not know.
func Actions(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		switch {
		case eventTypes[name] != nil:
			out = append(out, eventTypes[name]...)
		case slices.ContainsFunc([]string{"object-create", "object-delete"}, func(t string) bool { return slices.Contains(eventTypes[t], name) }):
			out = append(out, name)
		default:
			return nil, errUnknownEvent(name)
		}
	}
	if len(out) == 0 {
		return nil, errNoEvents
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// AttachNotifier makes events of changes go to queues. Until then, and without
// a rule, nobody is told; a bucket with rules keeps what it could not tell.
func (s *Store) AttachNotifier(n Notifier) {
	s.notifier.Store(&n)
	for _, b := range s.open() {
		b.retryEvents()
	}
}

// DeclareNotifications gives a bucket rules that are not kept: they come from
// a file each time.
func (s *Store) DeclareNotifications(bucket string, rules []QueueNotifications) error {
	b, err := s.Bucket(bucket)
	if err != nil {
		return err
	}
	b.rules.Lock()
	defer b.rules.Unlock()
	b.declared = rules
	b.rememberRules()
	return b.openEvents()
}

// Notifications are the rules of the bucket, those of a file first.
func (b *Bucket) Notifications() []QueueNotifications {
	if rules := b.notify.Load(); rules != nil {
		return *rules
	}
	return nil
}

// rememberRules puts together what Notifications returns. It is called with
// b.rules held.
func (b *Bucket) rememberRules() {
	all := slices.Clone(b.declared)
	for _, q := range b.settings.Load().Notifications {
		i := slices.IndexFunc(all, func(have QueueNotifications) bool { return have.Queue == q.Queue })
		if i < 0 {
			all = append(all, q)
			continue
		}
		all[i].Rules = slices.Concat(all[i].Rules, q.Rules)
	}
	if len(all) == 0 {
		b.notify.Store(nil)
		return
	}
	b.notify.Store(&all)
}

// AddNotifications adds rules for a queue. One that chooses what another one
// chooses already is not added again. Missing ids and times are filled in.
func (b *Bucket) AddNotifications(queue string, rules []NotificationRule) error {
	return b.changeNotifications(func(s *settings) error {
		i := slices.IndexFunc(s.Notifications, func(q QueueNotifications) bool { return q.Queue == queue })
		if i < 0 {
			i = len(s.Notifications)
			s.Notifications = append(s.Notifications, QueueNotifications{Queue: queue})
		}
		q := &s.Notifications[i]
		q.Rules = slices.Clone(q.Rules)
		for _, r := range rules {
			if driver.CheckKey(r.Prefix) != nil || driver.CheckKey(r.Suffix) != nil {
				return ErrInvalidObjectName
			}
			if slices.ContainsFunc(q.Rules, func(have NotificationRule) bool { return have.same(&r) }) {
				continue
			}
			r.ID, r.Created = b.store.newID(16), b.store.clock.Now().UTC().Truncate(time.Millisecond)
			q.Rules = append(q.Rules, r)
		}
		if count(s.Notifications) > MaxNotificationRules {
			return errTooManyRules("event notification", MaxNotificationRules)
		}
		return nil
	})
}

func count(queues []QueueNotifications) (n int) {
	for _, q := range queues {
		n += len(q.Rules)
	}
	return n
}

// RemoveNotifications removes rules of a queue by their ids, or without ids
// all of them.
func (b *Bucket) RemoveNotifications(queue string, ids ...string) error {
	return b.changeNotifications(func(s *settings) error {
		i := slices.IndexFunc(s.Notifications, func(q QueueNotifications) bool { return q.Queue == queue })
		if i < 0 {
			return errNoNotifications
		}
		var left []NotificationRule
		for _, r := range s.Notifications[i].Rules {
			if len(ids) > 0 && !slices.Contains(ids, r.ID) {
				left = append(left, r)
			}
		}
		if len(left) == len(s.Notifications[i].Rules) {
			return errNoNotifications
		}
		if s.Notifications[i].Rules = left; len(left) == 0 {
			s.Notifications = slices.Delete(s.Notifications, i, i+1)
		}
		return nil
	})
}

func (b *Bucket) changeNotifications(change func(*settings) error) error {
	if err := b.changeSettings(change); err != nil {
		return err
	}
	b.rules.Lock()
	defer b.rules.Unlock()
	b.rememberRules()
	return nil
}
