package queues

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// pushJSON is a message in a REST call.
type pushJSON struct {
	Body         json.RawMessage `json:"body"`
	ContentType  string          `json:"content_type"` // text or json; json when absent
	DelaySeconds *int64          `json:"delay_seconds"`
}

// outgoing checks a message; delay is what it gets without one of its own.
func (p *pushJSON) outgoing(delay time.Duration) (Outgoing, error) {
	out := Outgoing{ContentType: p.ContentType, Delay: delay}
	if p.DelaySeconds != nil {
		var err error
		if out.Delay, err = delayOf(*p.DelaySeconds, codeMessageMetadata); err != nil {
			return out, err
		}
	}
	if len(p.Body) == 0 {
		return out, errSchema("the body of the message is missing")
	}
	switch p.ContentType {
	case "", "json":
		var compact bytes.Buffer
		if err := json.Compact(&compact, p.Body); err != nil {
			return out, errMalformed(err)
		}
		out.ContentType, out.Body = "json", compact.Bytes()
	case "text":
		var text string
		if err := json.Unmarshal(p.Body, &text); err != nil {
			return out, errSchema("the body of a message of content_type text must be a string")
		}
		out.Body = []byte(text)
	default:
		return out, errSchema("content_type %q is invalid: it must be text or json", p.ContentType)
	}
	return out, nil
}

func (a *REST) push(r *http.Request, q *Queue) (any, error) {
	var body pushJSON
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	out, err := body.outgoing(q.DeliveryDelay())
	if err != nil {
		return nil, err
	}
	m, err := q.Send(r.Context(), []Outgoing{out})
	return pushedJSON(m), err
}

func (a *REST) pushBatch(r *http.Request, q *Queue) (any, error) {
	var body struct {
		Messages     []pushJSON `json:"messages"`
		DelaySeconds *int64     `json:"delay_seconds"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if len(body.Messages) > MaxBatchMessages {
		return nil, errBatchCount(len(body.Messages))
	}
	delay := q.DeliveryDelay()
	if body.DelaySeconds != nil {
		var err error
		if delay, err = delayOf(*body.DelaySeconds, codeBatchDelay); err != nil {
			return nil, err
		}
	}
	batch := make([]Outgoing, len(body.Messages))
	for i := range body.Messages {
		var err error
		if batch[i], err = body.Messages[i].outgoing(delay); err != nil {
			return nil, err
		}
	}
	m, err := q.Send(r.Context(), batch)
	return pushedJSON(m), err
}

type metricsJSON struct {
	BacklogBytes int64 `json:"backlog_bytes"`
	BacklogCount int   `json:"backlog_count"`
	Oldest       int64 `json:"oldest_message_timestamp_ms"`
}

func metricsJSONOf(m Metrics) metricsJSON {
	return metricsJSON{m.BacklogBytes, m.BacklogCount, oldestMillis(m)}
}

func pushedJSON(m Metrics) any {
	return map[string]any{"metadata": map[string]any{"metrics": metricsJSONOf(m)}}
}

func (a *REST) metrics(_ *http.Request, q *Queue) (any, error) {
	return metricsJSONOf(q.Metrics()), nil
}

// messageJSON is a waiting message. The body of a text message is shown as it
// is, that of any other in base64, as pull consumers get it.
// https://developers.cloudflare.com/queues/configuration/pull-consumers/#content-types
type messageJSON struct {
	ID        string            `json:"id"`
	Attempts  int               `json:"attempts"`
	Body      string            `json:"body"`
	Metadata  map[string]string `json:"metadata"`
	Ref       string            `json:"ref"`
	Timestamp int64             `json:"timestamp_ms"`
}

// peek answers POST {batch_size} and, which is flint's own, GET ?limit=.
func (a *REST) peek(r *http.Request, q *Queue) (any, error) {
	limit := defaultPullSize
	if r.Method == http.MethodGet {
		limit = min(positive(r.URL.Query().Get("limit"), limit), maxPeek)
	} else {
		body := struct {
			BatchSize *int `json:"batch_size"`
		}{&limit}
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		if limit < 1 || limit > MaxBatchMessages {
			return nil, errSchema("batch_size %d is invalid: it must be between 1 and %d", limit, MaxBatchMessages)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	shown := []messageJSON{}
	batch := q.peek(limit)
	views, err := q.readMessages(batch)
	for i, v := range views {
		shown = append(shown, messageToJSON(batch[i], v))
	}
	return map[string]any{"messages": shown}, err
}

func messageToJSON(m *message, v Message) messageJSON {
	return messageJSON{
		ID: v.ID, Attempts: v.Attempts, Body: bodyJSON(&v), Timestamp: m.SentMs,
		Metadata: metadataJSON(&v),
		Ref:      strconv.FormatUint(m.Seq, 36),
	}
}

// discard deletes peeked messages by their refs.
func (a *REST) discard(r *http.Request, q *Queue) (any, error) {
	var body struct {
		Refs []struct {
			Ref string `json:"ref"`
		} `json:"refs"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	var seqs []uint64
	warnings := map[string]string{}
	for _, ref := range body.Refs {
		seq, err := strconv.ParseUint(ref.Ref, 36, 64)
		if err != nil {
			warnings[ref.Ref] = "not a ref of a peeked message"
			continue
		}
		seqs = append(seqs, seq)
	}
	if _, err := q.discard(seqs); err != nil {
		return nil, err
	}
	return map[string]any{"errors": []any{}, "warnings": warnings}, nil
}
