package ai

import (
	"strings"

	"flint/ai/generate"
	"flint/ai/inference"
)

// embeddingJob is the task Text Embeddings. Vectors are hashes of words and
// letter groups, of length 1: texts that share words are near each other.
// https://developers.cloudflare.com/workers-ai/models/bge-base-en-v1.5/
func (m *Models) embeddingJob(known *inference.Model, in inference.Fields) (*inference.Job, error) {
	if in.Has("contexts") { // bge-m3 ranks as well
		return generate.RerankJob(in, "contexts")
	}
	if in.Has("requests") {
		return m.requestsJob(known, in)
	}
	texts, problem := inference.ParseTexts(in)
	if problem != "" {
		return nil, inference.BadInput("oneOf at '/' not met, 0 matches: " + problem + ", " + inference.Missing("requests"))
	}
	pooling, problem := in.Text("pooling", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	if pooling != "" && pooling != "mean" && pooling != "cls" {
		return nil, inference.BadInput("enum " + pooling + " not in mean,cls at '/pooling'")
	}
	if pooling == "" {
		pooling = "mean"
	}
	return &inference.Job{Prompt: strings.Join(texts, "\n"), TextCount: len(texts), Answer: func() (*inference.Answer, error) { return generate.Embeddings(known, texts, pooling), nil }}, nil
}
