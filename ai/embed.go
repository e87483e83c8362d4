package ai

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// embeddingJob is the task Text Embeddings. Vectors are hashes of words and
// letter groups, of length 1: texts that share words are near each other.
// https://developers.cloudflare.com/workers-ai/models/bge-base-en-v1.5/
func (m *Models) embeddingJob(known *Model, in fields) (*job, error) {
	if in.has("contexts") { // bge-m3 ranks as well
		return rerankJob(in, "contexts")
	}
	if in.has("requests") {
		return m.requestsJob(known, in)
	}
	texts, problem := parseTexts(in)
	if problem != "" {
		return nil, badInput("oneOf at '/' not met, 0 matches: " + problem + ", " + missing("requests"))
	}
	pooling, problem := in.text("pooling", bounds{open, open})
	if problem != "" {
		return nil, badInput(problem)
	}
	if pooling != "" && pooling != "mean" && pooling != "cls" {
		return nil, badInput("enum " + pooling + " not in mean,cls at '/pooling'")
	}
	if pooling == "" {
		pooling = "mean"
	}
	return &job{prompt: strings.Join(texts, "\n"), texts: len(texts), answer: func() (*Answer, error) { return embeddings(known, texts, pooling), nil }}, nil
}

func embeddings(known *Model, texts []string, pooling string) *Answer {
	usage := Usage{}
	b := make([]byte, 0, len(texts)*known.Dims*11+64)
	b = append(b, `{"shape":[`+strconv.Itoa(len(texts))+","+strconv.Itoa(known.Dims)+`],"data":[`...)
	for i, text := range texts {
		text = head(text, maxEmbedded)
		usage.PromptTokens += countTokens(text)
		if i > 0 {
			b = append(b, ',')
		}
		b = appendVector(b, Embed(text, known.Dims))
	}
	b = append(b, `],"pooling":"`+pooling+`"}`...)
	usage.TotalTokens = usage.PromptTokens
	return &Answer{ContentType: contentJSON, Body: b, Usage: usage, Source: sourceGenerator}
}

func appendVector(b []byte, vector []float32) []byte {
	b = append(b, '[')
	for i, v := range vector {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, float64(v), 'f', 7, 64)
	}
	return append(b, ']')
}

func parseTexts(in fields) (texts []string, problem string) {
	if !in.has("text") && (in.has("queries") || in.has("documents")) { // qwen3-embedding's
		for _, name := range []string{"queries", "documents"} {
			if !in.has(name) {
				continue
			}
			more, problem := parseTexts(fields{"text": in[name]})
			if problem != "" {
				return nil, strings.ReplaceAll(problem, "/text", "/"+name)
			}
			texts = append(texts, more...)
		}
		return texts, ""
	}
	if !in.has("text") {
		return nil, missing("text")
	}
	if isType(in["text"], "string") {
		text, problem := in.text("text", bounds{1, open})
		return []string{text}, problem
	}
	if json.Unmarshal(in["text"], &texts) != nil {
		return nil, mismatch("/text", "string", in["text"])
	}
	if len(texts) == 0 {
		return nil, missing("text")
	}
	if len(texts) > maxTexts {
		return nil, "Length of '/text' must be <= " + strconv.Itoa(maxTexts)
	}
	return texts, ""
}

// head is the beginning of a text, at most n bytes of it.
func head(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// Embed is the vector of a text: dims numbers of length 1.
func Embed(text string, dims int) []float32 {
	sum := make([]float32, dims)
	var padded []byte
	for word := range strings.FieldsFuncSeq(strings.ToLower(head(text, maxEmbedded)), isNoWord) {
		weight := float32(1)
		if stopWords[word] {
			weight = 0.2
		}
		padded = append(append(padded[:0], 'w'), stem(word)...)
		spread(sum, padded, weight)
		padded = append(append(append(padded[:0], '^'), word...), '$')
		for i := 0; i+3 <= len(padded); i++ {
			spread(sum, padded[i:i+3], weight*0.25)
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

// stem takes the commonest English endings off a word.
func stem(word string) string {
	for _, ending := range []string{"ing", "ly", "ed", "es", "s"} {
		if rest, ok := strings.CutSuffix(word, ending); ok && len(rest) >= 3 {
			return rest
		}
	}
	return word
}

func tokensOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), isNoWord)
}

func isNoWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// spread adds a feature to 24 places that follow from its name.
func spread(sum []float32, feature []byte, weight float32) {
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

type ranked struct {
	ID    int     `json:"id"`
	Score float64 `json:"score"`
}

// rerankJob orders contexts by how near they are to the query.
// https://developers.cloudflare.com/workers-ai/models/bge-reranker-base/
func rerankJob(in fields, required string) (*job, error) {
	query, problem := in.text("query", bounds{1, open})
	if problem == "" && !in.has("query") && strings.HasPrefix(required, "query") || !in.has("contexts") {
		problem = missing(required)
	}
	if problem != "" {
		return nil, badInput(problem)
	}
	var contexts []struct{ Text string }
	if json.Unmarshal(in["contexts"], &contexts) != nil {
		return nil, badInput(mismatch("/contexts", "array", in["contexts"]))
	}
	if len(contexts) > maxContexts {
		return nil, badInput("Length of '/contexts' must be <= " + strconv.Itoa(maxContexts))
	}
	top, problem := in.number("top_k", "integer", bounds{1, open}, float64(len(contexts)))
	if problem != "" {
		return nil, badInput(problem)
	}
	texts := make([]string, len(contexts))
	for i, c := range contexts {
		texts[i] = c.Text
	}
	return &job{prompt: query, answer: func() (*Answer, error) {
		out := rerank(query, texts)
		return jsonAnswer(map[string]any{"response": out[:min(len(out), int(top))]}, Usage{}, sourceGenerator)
	}}, nil
}

func rerank(query string, texts []string) []ranked {
	const dims = 256
	want := Embed(query, dims)
	out := make([]ranked, len(texts))
	for i, text := range texts {
		near := float64(0)
		for j, v := range Embed(text, dims) {
			near += float64(v) * float64(want[j])
		}
		out[i] = ranked{i, 1 / (1 + math.Exp(-12*(near-0.3)))}
	}
	slices.SortStableFunc(out, func(a, b ranked) int { return cmp.Compare(b.Score, a.Score) })
	return out
}
