package answers

import (
	"context"
	"encoding/json"
	"fmt"

	"flint/ai/inference"
)

// RecordedOrBackendEmbedding is a recorded embedding or one of the backend, nil
// when there is neither. Reranking is always answered by the generator.
func (src *Sources) RecordedOrBackendEmbedding(ctx context.Context, known *inference.Model, in inference.Fields) (*inference.Answer, error) {
	if !in.Has("text") || src.backend == nil && src.recordings.dir == "" {
		return nil, nil
	}
	key := recordingKey(known.Name, in)
	rec, err := src.recordings.find(key)
	if err != nil {
		return nil, err
	}
	if rec != nil {
		return rec.embedding()
	}
	if src.backend == nil {
		return nil, nil
	}
	texts, problem := inference.ParseTexts(in)
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	vectors, dims, usage, err := src.backend.embed(ctx, known.Name, texts)
	if err != nil {
		return nil, err
	}
	body, err := inference.EncodeJSON(map[string]any{"shape": []int{len(vectors), dims}, "data": vectors, "pooling": "mean"})
	if err != nil {
		return nil, err
	}
	if err := src.recordings.save(key, &recording{Model: known.Name, Inputs: redactedInputs(in), JSON: string(body), Usage: usage}); err != nil {
		src.log.Error("ai: an answer could not be recorded", "error", err)
	}
	return &inference.Answer{ContentType: inference.ContentJSON, Body: body, Usage: usage, Source: inference.SourceBackend}, nil
}

func (b *backend) embed(ctx context.Context, model string, texts []string) (vectors []json.RawMessage, dims int, usage inference.Usage, err error) {
	res, err := b.post(ctx, "/embeddings", map[string]any{"model": b.modelFor(b.EmbeddingModel, model), "input": texts})
	if err != nil {
		return nil, 0, inference.Usage{}, err
	}
	var got struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		} `json:"data"`
		Usage inference.Usage `json:"usage"`
	}
	if err := b.decode(ctx, res, &got); err != nil {
		return nil, 0, inference.Usage{}, err
	}
	vectors = make([]json.RawMessage, len(texts))
	for _, d := range got.Data {
		if d.Index < 0 || d.Index >= len(vectors) || len(d.Embedding) == 0 || dims > 0 && dims != len(d.Embedding) {
			return nil, 0, inference.Usage{}, b.failure(ctx, fmt.Errorf("its embeddings do not fit the %d texts", len(texts)))
		}
		dims = len(d.Embedding)
		if vectors[d.Index], err = inference.EncodeJSON(d.Embedding); err != nil {
			return nil, 0, inference.Usage{}, err
		}
	}
	for _, v := range vectors {
		if v == nil {
			return nil, 0, inference.Usage{}, b.failure(ctx, fmt.Errorf("it gave %d embeddings for %d texts", len(got.Data), len(texts)))
		}
	}
	return vectors, dims, got.Usage, nil
}
