package ai

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"flint/ai/inference"
	"flint/ai/providers"
	"flint/internal/cferr"
)

// batches keeps batch requests and their answers, until flint ends or there are
// more than MaxBatches.
// https://developers.cloudflare.com/workers-ai/features/batch-api/
type batches struct {
	mu    sync.Mutex
	byID  map[string]*batch
	order []string // the oldest first
}

// batch is one batch request. Each poll answers the next BatchStep of its
// requests, so that nothing runs in the background and no call takes long.
type batch struct {
	model *inference.Model

	mu          sync.Mutex
	pending     []json.RawMessage // not answered yet
	results     []batchResult
	usage       inference.Usage
	answerBytes int
	body        []byte // the whole answer, once all requests are answered
	err         error
}

func newBatches() *batches { return &batches{byID: map[string]*batch{}} }

func (b *batches) add(one *batch) string {
	id := providers.RequestID()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.order) >= inference.MaxBatches {
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
func (m *Models) runBatch(ctx context.Context, known *inference.Model, in inference.Fields, opt inference.RunOptions) (*inference.Answer, error) {
	if in.Has("request_id") {
		return m.pollBatch(ctx, known, in)
	}
	if flag, problem := in.Flag("stream"); flag || problem != "" {
		return nil, inference.BadInput("a queued request cannot stream")
	}
	requests, err := batchRequests(in)
	if err != nil {
		return nil, err
	}
	id := m.batches.add(&batch{model: known, pending: requests})
	return inference.JSONAnswer(map[string]string{"status": "queued", "model": known.Name, "request_id": id}, inference.Usage{}, inference.SourceGenerator)
}

func batchRequests(in inference.Fields) ([]json.RawMessage, error) {
	if !in.Has("requests") {
		one, err := inference.EncodeJSON(in)
		return []json.RawMessage{one}, err
	}
	var requests []json.RawMessage
	if json.Unmarshal(in["requests"], &requests) != nil {
		return nil, inference.BadInput(inference.Mismatch("/requests", "array", in["requests"]))
	}
	if len(requests) == 0 {
		return nil, inference.BadInput("Length of '/requests' must be >= 1 not met")
	}
	if len(requests) > inference.MaxBatchSize {
		return nil, inference.BadInput("Length of '/requests' must be <= " + strconv.Itoa(inference.MaxBatchSize))
	}
	if len(in["requests"]) > inference.MaxBatchBytes {
		return nil, inference.ErrTooLarge
	}
	return requests, nil
}

func (m *Models) pollBatch(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	id, problem := in.Text("request_id", inference.Bounds{Min: 1, Max: inference.Unbounded})
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	b := m.batches.get(id)
	if b == nil || b.model.Name != known.Name {
		return nil, cferr.Newf(http.StatusNotFound, inference.CodeIncomplete, "no batch request %s of %s; flint keeps the last %d until it ends", id, known.Name, inference.MaxBatches)
	}
	body, err := m.advance(ctx, b)
	if err != nil {
		return nil, err
	}
	if body == nil {
		return inference.JSONAnswer(map[string]string{"status": "running", "model": known.Name, "request_id": id}, inference.Usage{}, inference.SourceGenerator)
	}
	return &inference.Answer{ContentType: inference.ContentJSON, Body: body, Source: inference.SourceGenerator}, nil
}

type batchResult struct {
	ID        int                    `json:"id"`
	Result    json.RawMessage        `json:"result,omitempty"`
	Success   bool                   `json:"success"`
	Error     *inference.CodeMessage `json:"error,omitempty"`
	Reference json.RawMessage        `json:"external_reference,omitempty"`
}

// advance answers the next requests of a batch. An error of one is its result.
// The body is nil while there are more.
func (m *Models) advance(ctx context.Context, b *batch) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range inference.BatchStep {
		if len(b.pending) == 0 || b.err != nil || ctx.Err() != nil {
			break
		}
		result := batchResult{ID: len(b.results)}
		m.answerOne(ctx, b, &result)
		if err := ctx.Err(); err != nil {
			return nil, err // the next poll answers this request
		}
		b.results, b.pending = append(b.results, result), b.pending[1:]
		if b.answerBytes > inference.MaxBatchAnswerBytes {
			b.err, b.results, b.pending = inference.ErrTooLarge, nil, nil
		}
	}
	if b.err != nil || len(b.pending) > 0 || b.body != nil {
		return b.body, b.err
	}
	b.body, b.err = inference.EncodeJSON(map[string]any{"responses": b.results, "usage": b.usage})
	b.results, b.pending = nil, nil
	return b.body, b.err
}

func (m *Models) answerOne(ctx context.Context, b *batch, result *batchResult) {
	answer, err := m.runOne(ctx, b.model, b.pending[0], result)
	if err == nil && answer.ContentType != inference.ContentJSON {
		err = cferr.NotServed("answers of " + answer.ContentType + " in a batch")
	}
	if err != nil {
		known := m.ClientError(err)
		result.Error = &inference.CodeMessage{Code: known.Code, Message: known.Message}
		return
	}
	result.Success, result.Result = true, answer.Body
	b.answerBytes += len(answer.Body)
	b.usage.PromptTokens += answer.Usage.PromptTokens
	b.usage.CompletionTokens += answer.Usage.CompletionTokens
	b.usage.TotalTokens += answer.Usage.TotalTokens
}

func (m *Models) runOne(ctx context.Context, known *inference.Model, raw json.RawMessage, result *batchResult) (*inference.Answer, error) {
	in, err := inference.ParseFields(raw)
	if err != nil {
		return nil, err
	}
	if in.Has("external_reference") {
		result.Reference = in["external_reference"]
		delete(in, "external_reference")
	}
	if stream, _ := in.Flag("stream"); stream {
		return nil, inference.BadInput("a queued request cannot stream")
	}
	return m.run(ctx, known, in)
}

// requestsJob is {requests: […]} of an embedding model outside a batch: the
// answers in one list.
func (m *Models) requestsJob(known *inference.Model, in inference.Fields) (*inference.Job, error) {
	requests, err := batchRequests(in)
	if err != nil {
		return nil, err
	}
	jobs := make([]*inference.Job, len(requests))
	texts := 0
	for i, raw := range requests {
		one, err := inference.ParseFields(raw)
		if err == nil && one.Has("requests") {
			err = inference.BadInput(inference.Missing("text"))
		}
		if err == nil {
			jobs[i], err = m.embeddingJob(known, one)
		}
		if err != nil {
			return nil, err
		}
		if texts += jobs[i].TextCount; texts > inference.MaxTextsPerCall {
			return nil, inference.BadInput("the requests hold more than " + strconv.Itoa(inference.MaxTextsPerCall) + " texts; queue them (queueRequest)")
		}
	}
	return &inference.Job{Prompt: jobs[0].Prompt, Answer: func() (*inference.Answer, error) {
		parts := make([]json.RawMessage, len(jobs))
		for i, j := range jobs {
			answer, err := j.Answer()
			if err != nil {
				return nil, err
			}
			parts[i] = answer.Body
		}
		return inference.JSONAnswer(map[string]any{"responses": parts}, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}
