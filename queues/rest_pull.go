package queues

import (
	"encoding/base64"
	"net/http"
	"time"

	"flint/queues/journal"
)

// pulledJSON is a message as a pull consumer gets it: text as it is, everything
// else in base64.
// https://developers.cloudflare.com/queues/configuration/pull-consumers/#content-types
type pulledJSON struct {
	ID        string            `json:"id"`
	Attempts  int               `json:"attempts"`
	Body      string            `json:"body"`
	LeaseID   LeaseID           `json:"lease_id"`
	Metadata  map[string]string `json:"metadata"`
	Timestamp int64             `json:"timestamp_ms"`
}

func bodyJSON(v *Message) string {
	if v.ContentType == journal.Text.String() {
		return string(v.Body)
	}
	return base64.StdEncoding.EncodeToString(v.Body)
}

func metadataJSON(v *Message) map[string]string {
	return map[string]string{"CF-Content-Type": v.ContentType}
}

// pull answers POST {batch_size, visibility_timeout_ms}. The guide also calls
// the second one visibility_timeout.
func (a *REST) pull(r *http.Request, q *Queue) (any, error) {
	var body struct {
		BatchSize     *int     `json:"batch_size"`
		VisibleMillis *float64 `json:"visibility_timeout_ms"`
		Visible       *float64 `json:"visibility_timeout"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	size, visible := 0, time.Duration(0)
	if body.BatchSize != nil {
		if size = *body.BatchSize; size == 0 {
			return nil, errPullSize(size)
		}
	}
	if body.VisibleMillis == nil {
		body.VisibleMillis = body.Visible
	}
	if ms := body.VisibleMillis; ms != nil {
		visible = atMost(*ms, time.Millisecond, MaxVisibility)
	}
	leased, backlog, err := q.Pull(r.Context(), size, visible)
	if err != nil {
		return nil, err
	}
	out := make([]pulledJSON, len(leased))
	for i := range leased {
		m := &leased[i].Message
		out[i] = pulledJSON{m.ID, m.Attempts, bodyJSON(m), leased[i].Lease, metadataJSON(m), m.Timestamp.UnixMilli()}
	}
	return map[string]any{
		"message_backlog_count": backlog, "messages": out,
		"metadata": map[string]any{"metrics": metricsJSONOf(q.Metrics())},
	}, nil
}

// ack answers POST {acks: [{lease_id}], retries: [{lease_id, delay_seconds}]}.
func (a *REST) ack(r *http.Request, q *Queue) (any, error) {
	var body struct {
		Acks []struct {
			Lease LeaseID `json:"lease_id"`
		} `json:"acks"`
		Retries []struct {
			Lease LeaseID `json:"lease_id"`
			Delay *int64  `json:"delay_seconds"`
		} `json:"retries"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	acks := make([]LeaseID, len(body.Acks))
	for i, m := range body.Acks {
		acks[i] = m.Lease
	}
	retries := make([]LeaseRetry, len(body.Retries))
	for i, m := range body.Retries {
		retries[i].Lease = m.Lease
		if m.Delay != nil {
			delay, err := delayOf(*m.Delay, codeMessageMetadata)
			if err != nil {
				return nil, err
			}
			retries[i].Delay = &delay
		}
	}
	acked, retried, warnings, err := q.Settle(acks, retries)
	if err != nil {
		return nil, err
	}
	return map[string]any{"ackCount": acked, "retryCount": retried, "warnings": warnings}, nil
}
