package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"flint/queues"
)

// event is what the dispatcher reads. Its queue part follows
// https://developers.cloudflare.com/queues/configuration/javascript-apis/
type event struct {
	Type          string         `json:"type"`
	Worker        string         `json:"worker"`
	Queue         string         `json:"queue,omitempty"`
	Messages      []eventMessage `json:"messages,omitempty"`
	Metrics       eventMetrics   `json:"metrics"`
	Cron          string         `json:"cron,omitempty"`
	ScheduledTime int64          `json:"scheduledTime,omitempty"` // ms since the epoch
}

type eventMessage struct {
	ID          string          `json:"id"`
	Timestamp   int64           `json:"timestamp"` // ms since the epoch
	Attempts    int             `json:"attempts"`
	ContentType string          `json:"contentType"`
	Body        json.RawMessage `json:"body"`
}

type eventMetrics struct {
	BacklogCount           int64 `json:"backlogCount"`
	BacklogBytes           int64 `json:"backlogBytes"`
	OldestMessageTimestamp int64 `json:"oldestMessageTimestamp,omitempty"`
}

// eventOutcome is what workerd reports of a handler call.
type eventOutcome struct {
	Outcome    string `json:"outcome"`
	NoRetry    bool   `json:"noRetry"`
	AckAll     bool   `json:"ackAll"`
	RetryBatch struct {
		Retry        bool `json:"retry"`
		DelaySeconds *int `json:"delaySeconds"`
	} `json:"retryBatch"`
	ExplicitAcks  []string `json:"explicitAcks"`
	RetryMessages []struct {
		MsgID        string `json:"msgId"`
		DelaySeconds *int   `json:"delaySeconds"`
	} `json:"retryMessages"`
}

// DeliverQueue runs the Worker's queue() handler on a batch. An error says that
// the Worker was not reached. A batch under which workerd goes away counts as
// an exception, so that one that crashes it is not delivered for ever.
func (w *Worker) DeliverQueue(ctx context.Context, b queues.Batch) (queues.Outcome, error) {
	ev := event{Type: "queue", Worker: w.name, Queue: b.Queue, Messages: make([]eventMessage, len(b.Messages))}
	for i, m := range b.Messages {
		body, err := encodeBody(m.ContentType, m.Body)
		if err != nil { // it would hold up the queue for ever: a failed attempt, at the end of which is the dead letter queue
			w.runtime.log.Error("a message cannot be given to the Worker", "queue", b.Queue, "message", m.ID, "error", err)
			return queues.Outcome{Outcome: "exception"}, nil
		}
		ev.Messages[i] = eventMessage{m.ID, m.Timestamp.UnixMilli(), m.Attempts, m.ContentType, body}
	}
	ev.Metrics = metricsOf(b.Metrics)
	out, err := w.dispatch(ctx, ev)
	var crash *CrashError
	if errors.As(err, &crash) {
		w.runtime.log.Error("workerd stopped during a queue batch", "queue", b.Queue, "messages", len(b.Messages))
		return queues.Outcome{Outcome: "exception"}, nil
	}
	if err != nil {
		return queues.Outcome{}, err
	}
	if d := out.RetryBatch.DelaySeconds; d != nil && *d == noQueueHandler {
		return queues.Outcome{}, fmt.Errorf("the Worker %s has no queue() handler: export default { async queue(batch, env, ctx) { … } }", w.name)
	}
	return out.queue(), nil
}

// noQueueHandler is the delay by which entry.js says that the Worker has no
// queue() handler.
const noQueueHandler = 1<<31 - 1

// encodeBody writes a message body as JSON: text as a string, JSON as it is,
// everything else in base64.
func encodeBody(contentType string, body []byte) (json.RawMessage, error) {
	switch contentType {
	case "json":
		if !json.Valid(body) {
			return nil, errors.New("the body is not JSON")
		}
		return body, nil
	case "text":
		return json.Marshal(string(body))
	default:
		return json.Marshal(body)
	}
}

func metricsOf(m queues.Metrics) eventMetrics {
	out := eventMetrics{BacklogCount: int64(m.BacklogCount), BacklogBytes: int64(m.BacklogBytes)}
	if !m.OldestMessage.IsZero() {
		out.OldestMessageTimestamp = m.OldestMessage.UnixMilli()
	}
	return out
}

func (o eventOutcome) queue() queues.Outcome {
	out := queues.Outcome{
		Outcome:       o.Outcome,
		AckAll:        o.AckAll,
		RetryAll:      o.RetryBatch.Retry,
		RetryAllDelay: seconds(o.RetryBatch.DelaySeconds),
		ExplicitAcks:  o.ExplicitAcks,
	}
	for _, m := range o.RetryMessages {
		out.Retries = append(out.Retries, queues.Retry{ID: m.MsgID, Delay: seconds(m.DelaySeconds)})
	}
	return out
}

func seconds(n *int) *time.Duration {
	if n == nil {
		return nil
	}
	d := time.Duration(*n) * time.Second
	return &d
}

// ScheduledResult is what workerd reports of a scheduled() call.
type ScheduledResult struct {
	Outcome string `json:"outcome"` // ok, exception …
	NoRetry bool   `json:"noRetry"` // the handler called noRetry()
}

// RunScheduled runs the Worker's scheduled() handler. An error says that the
// Worker was not reached.
func (w *Worker) RunScheduled(ctx context.Context, cron string, at time.Time) (ScheduledResult, error) {
	out, err := w.dispatch(ctx, event{Type: "scheduled", Worker: w.name, Cron: cron, ScheduledTime: at.UnixMilli()})
	return ScheduledResult{out.Outcome, out.NoRetry}, err
}

// Scheduled is RunScheduled for a schedule: a handler that throws is an error.
func (w *Worker) Scheduled(ctx context.Context, cron string, at time.Time) error {
	res, err := w.RunScheduled(ctx, cron, at)
	if err == nil && res.Outcome != "ok" {
		err = fmt.Errorf("scheduled() of %s ended with %q", w.name, res.Outcome)
	}
	return err
}

func (w *Worker) dispatch(ctx context.Context, ev event) (eventOutcome, error) {
	var out eventOutcome
	payload, err := json.Marshal(ev)
	if err != nil {
		return out, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://flint/", bytes.NewReader(payload))
	if err != nil {
		return out, err
	}
	res, err := w.roundTrip(req, w.events)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return out, &CrashError{Err: err}
	}
	if res.StatusCode != http.StatusOK {
		return out, fmt.Errorf("the dispatcher answered %s: %s", res.Status, body)
	}
	return out, json.Unmarshal(body, &out)
}
