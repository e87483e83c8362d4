package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"flint/config"
	"flint/queues"
	"flint/r2"
)

// declareNotifications gives buckets the rules of flint.toml and shows R2 the
// way to the queues.
func (s *services) declareNotifications(events []config.R2Notification) error {
	rules := map[string][]r2.QueueNotifications{}
	var errs []error
	for _, e := range events {
		actions, err := r2.Actions(e.Events)
		errs = append(errs, err, s.queues.Declare(e.Queue))
		queues := rules[e.Bucket]
		i := slices.IndexFunc(queues, func(q r2.QueueNotifications) bool { return q.Queue == e.Queue })
		if i < 0 {
			i, queues = len(queues), append(queues, r2.QueueNotifications{Queue: e.Queue})
		}
		queues[i].Rules = append(queues[i].Rules, r2.NotificationRule{
			ID: "flint.toml", Prefix: e.Prefix, Suffix: e.Suffix, Actions: actions, Created: s.clock.Now(),
		})
		rules[e.Bucket] = queues
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for bucket, queues := range rules {
		errs = append(errs, s.r2.DeclareNotifications(bucket, queues))
	}
	s.r2.AttachNotifier(notifier{s.queues})
	return errors.Join(errs...)
}

// notifier sends R2's events to queues.
type notifier struct{ broker *queues.Broker }

// Queue implements r2.Notifier.
func (n notifier) Queue(nameOrID string) (id, name string, ok bool) {
	q, ok := n.broker.Lookup(nameOrID)
	if !ok {
		return "", "", false
	}
	return q.ID(), q.Name(), true
}

// Send implements r2.Notifier. It splits what is too much for one batch.
func (n notifier) Send(ctx context.Context, queue string, messages []json.RawMessage) error {
	q, ok := n.broker.Lookup(queue)
	if !ok {
		return r2.ErrNoQueue
	}
	for len(messages) > 0 {
		var batch []queues.Outgoing
		for size := 0; len(messages) > 0 && len(batch) < queues.MaxBatchMessages; messages = messages[1:] {
			if size += len(messages[0]); size > queues.MaxBatchBytes && len(batch) > 0 {
				break
			}
			batch = append(batch, queues.Outgoing{ContentType: "json", Body: messages[0]})
		}
		if _, err := q.Send(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}
