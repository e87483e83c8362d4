package ai

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"flint/internal/cferr"
)

// batches keeps what batch requests were answered with, until they are asked
// for. They live as long as flint does.
// https://developers.cloudflare.com/workers-ai/features/batch-api/
type batches struct {
	mu    sync.Mutex
	byID  map[string]*batch
	order []string // the oldest first
}

// batch is one request. It runs when it is asked for the first time, so that
// nothing runs in the background.
type batch struct {
	once     sync.Once
	model    *Model
	requests []json.RawMessage
	body     []byte
	err      error
}

func newBatches() *batches { return &batches{byID: map[string]*batch{}} }

func (b *batches) add(one *batch) string {
	id := requestID()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.order) >= maxBatches {
		delete(b.byID, b.order[0])
		b.order = b.order[1:]
	}
	b.byID[id] = one
	b.order = append(b.order, id)
	return id
}

func (b *batches) get(id string) *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.byID[id]
}

// runBatch queues {requests: […]} or a single request, or answers {request_id}.
func (m *Models) runBatch(ctx context.Context, known *Model, in fields, opt RunOptions) (*Answer, error) {
	if in.has("request_id") {
		return m.pollBatch(ctx, known, in)
	}
	if flag, problem := in.flag("stream"); flag || problem != "" {
		return nil, badInput("a queued request cannot stream")
	}
	requests, err := batchRequests(in)
	if err != nil {
		return nil, err
	}
	id := m.batches.add(&batch{model: known, requests: requests})
	return jsonAnswer(map[string]string{"status": "queued", "model": known.Name, "request_id": id}, Usage{}, sourceGenerator)
}

func batchRequests(in fields) ([]json.RawMessage, error) {
	if !in.has("requests") {
		one, err := encodeJSON(in)
		return []json.RawMessage{one}, err
	}
	var requests []json.RawMessage
	if json.Unmarshal(in["requests"], &requests) != nil {
		return nil, badInput(mismatch("/requests", "array", in["requests"]))
	}
	if len(requests) == 0 {
		return nil, badInput("Length of '/requests' must be >= 1 not met")
	}
	if len(requests) > maxBatchSize {
		return nil, badInput("Length of '/requests' must be <= " + itoa(maxBatchSize))
	}
	return requests, nil
}

func (m *Models) pollBatch(ctx context.Context, known *Model, in fields) (*Answer, error) {
	id, problem := in.text("request_id", bounds{1, open})
	if problem != "" {
		return nil, badInput(problem)
	}
	b := m.batches.get(id)
	if b == nil || b.model.Name != known.Name {
		return nil, cferr.Newf(http.StatusNotFound, codeIncomplete, "no batch request %s of %s; flint keeps the last %d until it ends", id, known.Name, maxBatches)
	}
	b.once.Do(func() { b.body, b.err = m.answerBatch(context.WithoutCancel(ctx), b) })
	if b.err != nil {
		return nil, b.err
	}
	return &Answer{ContentType: contentJSON, Body: b.body, Source: sourceGenerator}, nil
}

type batchResult struct {
	ID        int             `json:"id"`
	Result    json.RawMessage `json:"result,omitempty"`
	Success   bool            `json:"success"`
	Error     *codeMessage    `json:"error,omitempty"`
	Reference json.RawMessage `json:"external_reference,omitempty"`
}

// answerBatch runs one request after the other; one that fails fails alone.
func (m *Models) answerBatch(ctx context.Context, b *batch) ([]byte, error) {
	out := struct {
		Responses []batchResult `json:"responses"`
		Usage     Usage         `json:"usage"`
	}{Responses: make([]batchResult, len(b.requests))}
	size := 0
	for i, raw := range b.requests {
		one := &out.Responses[i]
		one.ID = i
		answer, err := m.runOne(ctx, b.model, raw, one)
		if err == nil && answer.ContentType != contentJSON {
			err = cferr.NotServed("answers of " + answer.ContentType + " in a batch")
		}
		if err != nil {
			known := m.known(err)
			one.Error = &codeMessage{known.Code, known.Message}
			continue
		}
		if size += len(answer.Body); size > maxBackend {
			return nil, errTooLarge
		}
		one.Success, one.Result = true, bytes.Clone(answer.Body)
		out.Usage.PromptTokens += answer.Usage.PromptTokens
		out.Usage.CompletionTokens += answer.Usage.CompletionTokens
		out.Usage.TotalTokens += answer.Usage.TotalTokens
	}
	b.requests = nil
	return encodeJSON(out)
}

func (m *Models) runOne(ctx context.Context, known *Model, raw json.RawMessage, one *batchResult) (*Answer, error) {
	in, err := parseFields(raw)
	if err != nil {
		return nil, err
	}
	if in.has("external_reference") {
		one.Reference = in["external_reference"]
		delete(in, "external_reference")
	}
	if stream, _ := in.flag("stream"); stream {
		return nil, badInput("a queued request cannot stream")
	}
	return m.run(ctx, known, in)
}

// requestsJob is {requests: […]} of an embedding model outside a batch: the
// answers in one list.
func (m *Models) requestsJob(known *Model, in fields) (*job, error) {
	requests, err := batchRequests(in)
	if err != nil {
		return nil, err
	}
	jobs := make([]*job, len(requests))
	for i, raw := range requests {
		one, err := parseFields(raw)
		if err == nil && one.has("requests") {
			err = badInput(missing("text"))
		}
		if err == nil {
			jobs[i], err = m.embeddingJob(known, one)
		}
		if err != nil {
			return nil, err
		}
	}
	return &job{jobs[0].prompt, func() (*Answer, error) {
		parts := make([]json.RawMessage, len(jobs))
		for i, j := range jobs {
			answer, err := j.answer()
			if err != nil {
				return nil, err
			}
			parts[i] = answer.Body
		}
		return jsonAnswer(map[string]any{"responses": parts}, Usage{}, sourceGenerator)
	}}, nil
}
