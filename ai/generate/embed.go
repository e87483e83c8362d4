package generate

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// Embeddings is the answer with one vector for each of texts.
func Embeddings(known *inference.Model, texts []string, pooling string) *inference.Answer {
	usage := inference.Usage{}
	b := make([]byte, 0, len(texts)*known.Dims*11+64)
	b = append(b, `{"shape":[`+strconv.Itoa(len(texts))+","+strconv.Itoa(known.Dims)+`],"data":[`...)
	for i, text := range texts {
		text = inference.TruncateBytes(text, inference.MaxEmbeddedBytes)
		usage.PromptTokens += inference.CountTokens(text)
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendVector(b, Embed(text, known.Dims))
	}
	b = append(b, `],"pooling":"`+pooling+`"}`...)
	usage.TotalTokens = usage.PromptTokens
	return &inference.Answer{ContentType: inference.ContentJSON, Body: b, Usage: usage, Source: inference.SourceGenerator}
}

// AppendVector writes vector as a JSON array, with seven decimal places.
func AppendVector(b []byte, vector []float32) []byte {
	b = append(b, '[')
	for i, v := range vector {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(v), 'f', 7, 64)
	}
	return append(b, ']')
}

// Embed is the vector of a text: dims numbers of length 1.
func Embed(text string, dims int) []float32 {
	sum := make([]float32, dims)
	var padded []byte
	for word := range strings.FieldsFuncSeq(strings.ToLower(inference.TruncateBytes(text, inference.MaxEmbeddedBytes)), inference.IsSeparator) {
		weight := float32(1)
		if inference.StopWords[word] {
			weight = 0.2
		}
		padded = append(append(padded[:0], 'w'), inference.Stem(word)...)
		addFeature(sum, padded, weight)
		padded = append(append(append(padded[:0], '^'), word...), '$')
		for i := 0; i+3 <= len(padded); i++ {
			addFeature(sum, padded[i:i+3], weight*0.25)
		}
	}
	length := float64(0)
	for _, v := range sum {
		length += float64(v) * float64(v)
	}
	if length == 0 {
		sum[0], length = 1, 1
	}
	scale := float32(1 / math.Sqrt(length))
	for i := range sum {
		sum[i] *= scale
	}
	return sum
}

// addFeature adds weight, with either sign, at 24 indexes that follow from a hash of the feature.
func addFeature(sum []float32, feature []byte, weight float32) {
	x := uint64(14695981039346656037)
	for i := range len(feature) {
		x = (x ^ uint64(feature[i])) * 1099511628211
	}
	for range 24 {
		x += 0x9e3779b97f4a7c15
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		at := z % uint64(len(sum))
		if z>>63 == 0 {
			sum[at] += weight
		} else {
			sum[at] -= weight
		}
	}
}

type rankedText struct {
	ID    int     `json:"id"`
	Score float64 `json:"score"`
}

// RerankJob orders contexts by the similarity of their vectors to the query's.
// https://developers.cloudflare.com/workers-ai/models/bge-reranker-base/
func RerankJob(in inference.Fields, required string) (*inference.Job, error) {
	query, problem := in.Text("query", inference.Bounds{Min: 1, Max: inference.Unbounded})
	if problem == "" && !in.Has("query") && strings.HasPrefix(required, "query") || !in.Has("contexts") {
		problem = inference.Missing(required)
	}
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	var contexts []struct{ Text string }
	if json.Unmarshal(in["contexts"], &contexts) != nil {
		return nil, inference.BadInput(inference.Mismatch("/contexts", "array", in["contexts"]))
	}
	if len(contexts) > inference.MaxContexts {
		return nil, inference.BadInput("Length of '/contexts' must be <= " + strconv.Itoa(inference.MaxContexts))
	}
	top, problem := in.Number("top_k", "integer", inference.Bounds{Min: 1, Max: inference.Unbounded}, float64(len(contexts)))
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	texts := make([]string, len(contexts))
	for i, c := range contexts {
		texts[i] = c.Text
	}
	return &inference.Job{Prompt: query, Answer: func() (*inference.Answer, error) {
		out := rerank(query, texts)
		return inference.JSONAnswer(map[string]any{"response": out[:min(len(out), int(top))]}, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

func rerank(query string, texts []string) []rankedText {
	const dims = 256
	queryVector := Embed(query, dims)
	out := make([]rankedText, len(texts))
	for i, text := range texts {
		similarity := float64(0)
		for j, v := range Embed(text, dims) {
			similarity += float64(v) * float64(queryVector[j])
		}
		out[i] = rankedText{i, 1 / (1 + math.Exp(-12*(similarity-0.3)))}
	}
	slices.SortStableFunc(out, func(a, b rankedText) int { return cmp.Compare(b.Score, a.Score) })
	return out
}
