package ai

import (
	"context"
	"encoding/json"
	"fmt"
)

// embedElsewhere is a recorded embedding or one of the backend; nil is neither.
// Only texts are asked for: ranking stays with flint.
func (m *Models) embedElsewhere(ctx context.Context, known *Model, in fields) (*Answer, error) {
	if !in.has("text") || m.backend == nil && m.recordings.dir == "" {
		return nil, nil
	}
	key := recordingKey(known.Name, in)
	rec, err := m.recordings.find(key)
	if err != nil {
		return nil, err
	}
	if rec != nil {
		return rec.embedding()
	}
	if m.backend == nil {
		return nil, nil
	}
	texts, problem := parseTexts(in)
	if problem != "" {
		return nil, badInput(problem)
	}
	vectors, dims, usage, err := m.backend.embed(ctx, known.Name, texts)
	if err != nil {
		return nil, err
	}
	body, err := encodeJSON(map[string]any{"shape": []int{len(vectors), dims}, "data": vectors, "pooling": "mean"})
	if err != nil {
		return nil, err
	}
	if err := m.recordings.save(key, &recording{Model: known.Name, Asked: plainInputs(in), JSON: string(body), Usage: usage}); err != nil {
		m.log.Error("ai: an answer could not be recorded", "error", err)
	}
	return &Answer{ContentType: contentJSON, Body: body, Usage: usage, Source: sourceBackend}, nil
}

func (b *backend) embed(ctx context.Context, model string, texts []string) (vectors []json.RawMessage, dims int, usage Usage, err error) {
	res, err := b.post(ctx, "/embeddings", map[string]any{"model": b.modelFor(b.EmbeddingModel, model), "input": texts})
	if err != nil {
		return nil, 0, Usage{}, err
	}
	var got struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float64 `json:"embedding"`
		} `json:"data"`
		Usage Usage `json:"usage"`
	}
	if err := b.decode(ctx, res, &got); err != nil {
		return nil, 0, Usage{}, err
	}
	vectors = make([]json.RawMessage, len(texts))
	for _, d := range got.Data {
		if d.Index < 0 || d.Index >= len(vectors) || len(d.Embedding) == 0 || dims > 0 && dims != len(d.Embedding) {
			return nil, 0, Usage{}, b.failed(ctx, fmt.Errorf("its embeddings do not fit the %d texts", len(texts)))
		}
		dims = len(d.Embedding)
		if vectors[d.Index], err = encodeJSON(d.Embedding); err != nil {
			return nil, 0, Usage{}, err
		}
	}
	for _, v := range vectors {
		if v == nil {
			return nil, 0, Usage{}, b.failed(ctx, fmt.Errorf("it gave %d embeddings for %d texts", len(got.Data), len(texts)))
		}
	}
	return vectors, dims, got.Usage, nil
}
