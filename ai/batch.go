package ai

import (
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

// batch is one request. It runs when it is asked for, batchStep requests each
// time, so that nothing runs in the background and no call takes long.
type batch struct {
	model *Model

	mu       sync.Mutex
	requests []json.RawMessage // not yet answered
	done     []batchResult
	usage    Usage
	size     int
	body     []byte // the whole answer, when it is there
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
	if len(in["requests"]) > maxBatch {
		return nil, errTooLarge
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
	body, err := m.advance(ctx, b)
	if err != nil {
		return nil, err
	}
	if body == nil {
		return jsonAnswer(map[string]string{"status": "running", "model": known.Name, "request_id": id}, Usage{}, sourceGenerator)
	}
	return &Answer{ContentType: contentJSON, Body: body, Source: sourceGenerator}, nil
}

type batchResult struct {
	ID        int             `json:"id"`
	Result    json.RawMessage `json:"result,omitempty"`
	Success   bool            `json:"success"`
	Error     *codeMessage    `json:"error,omitempty"`
	Reference json.RawMessage `json:"external_reference,omitempty"`
}

// advance answers the next requests of a batch; one that fails fails alone. The
// body is nil while there are more.
func (m *Models) advance(ctx context.Context, b *batch) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range batchStep {
		if len(b.requests) == 0 || b.err != nil || ctx.Err() != nil {
			break
		}
		one := batchResult{ID: len(b.done)}
		m.answerOne(ctx, b, &one)
		if err := ctx.Err(); err != nil {
			return nil, err // whoever asks again gets this answer
		}
		b.done, b.requests = append(b.done, one), b.requests[1:]
		if b.size > maxBatchAnswer {
			b.err, b.done, b.requests = errTooLarge, nil, nil
		}
	}
	if b.err != nil || len(b.requests) > 0 || b.body != nil {
		return b.body, b.err
	}
	b.body, b.err = encodeJSON(map[string]any{"responses": b.done, "usage": b.usage})
	b.done, b.requests = nil, nil
	return b.body, b.err
}

func (m *Models) answerOne(ctx context.Context, b *batch, one *batchResult) {
	answer, err := m.runOne(ctx, b.model, b.requests[0], one)
	if err == nil && answer.ContentType != contentJSON {
		err = cferr.NotServed("answers of " + answer.ContentType + " in a batch")
	}
	if err != nil {
		known := m.known(err)
		one.Error = &codeMessage{known.Code, known.Message}
		return
	}
	one.Success, one.Result = true, answer.Body
	b.size += len(answer.Body)
	b.usage.PromptTokens += answer.Usage.PromptTokens
	b.usage.CompletionTokens += answer.Usage.CompletionTokens
	b.usage.TotalTokens += answer.Usage.TotalTokens
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
	texts := 0
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
		if texts += jobs[i].texts; texts > maxTextsInAll {
			return nil, badInput("the requests hold more than " + itoa(maxTextsInAll) + " texts; queue them (queueRequest)")
		}
	}
	return &job{prompt: jobs[0].prompt, answer: func() (*Answer, error) {
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
