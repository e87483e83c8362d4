package generate

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"flint/ai/inference"
)

// Label is a class of a classification and how sure it is, from 0 to 1.
type Label struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

var positiveWords, negativeWords, negations = WordSet(`amazing awesome beautiful best better brilliant calm charming delicious delight delighted easy enjoy enjoyed
	excellent excited fantastic favorite fine fun glad good gorgeous great happy helpful hope impressive incredible interesting joy kind like
	liked love loved lovely nice perfect pleasant pleased positive recommend satisfied smile super superb sweet terrific thank thanks thrilled
	useful warm well win wonderful yes`), WordSet(`angry annoyed annoying awful bad bored boring broken bug cold confusing crash cruel dead
	difficult dirty disappointed disappointing disgusting dislike dull error evil fail failed failure fear hard hate hated horrible hurt
	ignore lazy lose lost mad mess miserable negative nasty overpriced pain painful poor problem refund rude sad scared scary sick slow sorry
	stupid terrible tired ugly unhappy upset useless waste worried worse worst wrong`), WordSet(`not no never without hardly isn wasn don doesn
	didn won wouldn couldn can't cannot nothing`)

// WordSet is the set of the words in list, which spaces separate.
func WordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// SentimentJob is the task Text Classification: a count of positive and negative
// words, with the sign changed for three words after a negation.
// https://developers.cloudflare.com/workers-ai/models/distilbert-sst-2-int8/
func SentimentJob(in inference.Fields) (*inference.Job, error) {
	text, err := in.RequiredText("text", "text")
	if err != nil {
		return nil, err
	}
	return &inference.Job{Prompt: text, Answer: func() (*inference.Answer, error) {
		return inference.JSONAnswer(sentiment(text), inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

func sentiment(text string) []Label {
	sum, negatedWords := 0.0, 0
	for _, w := range inference.LowerWords(text) {
		value := 0.0
		switch {
		case positiveWords[w]:
			value = 1
		case negativeWords[w]:
			value = -1
		case negations[w]:
			negatedWords = 3
		}
		if negatedWords > 0 {
			value = -value
			negatedWords--
		}
		sum += value
	}
	positive := 1 / (1 + math.Exp(-2.2*sum))
	out := []Label{{"NEGATIVE", 1 - positive}, {"POSITIVE", positive}}
	if out[1].Score > out[0].Score {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// TranslationJob is the task Translation. flint has no dictionary: it marks
// the text with the two languages, so that a page shows where a translation
// would stand.
// https://developers.cloudflare.com/workers-ai/models/m2m100-1.2b/
func TranslationJob(in inference.Fields) (*inference.Job, error) {
	text, err := in.RequiredText("text", "text,target_lang")
	if err != nil {
		return nil, err
	}
	target, problem := in.Text("target_lang", inference.Bounds{Min: 1, Max: inference.Unbounded})
	if problem == "" && target == "" {
		problem = inference.Missing("text,target_lang")
	}
	source, sourceProblem := in.Text("source_lang", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded})
	if problem == "" {
		problem = sourceProblem
	}
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	if source == "" {
		source = "en"
	}
	out := map[string]string{"translated_text": markTranslation(source, target, text)}
	return &inference.Job{Prompt: text, Answer: func() (*inference.Answer, error) {
		return inference.JSONAnswer(out, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

func markTranslation(source, target, text string) string {
	return "[" + source + "→" + target + "] " + text
}

// TranslationsJob is the same for a model that takes several texts.
// https://developers.cloudflare.com/workers-ai/models/indictrans2-en-indic-1B/
func TranslationsJob(in inference.Fields) (*inference.Job, error) {
	texts, problem := inference.ParseTexts(in)
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = markTranslation("eng_Latn", inference.InputText(in, "target_language"), text)
	}
	return &inference.Job{Prompt: strings.Join(texts, "\n"), Answer: func() (*inference.Answer, error) {
		return inference.JSONAnswer(map[string][]string{"translations": out}, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

// SummaryJob is the task Summarization: the sentences whose words the text
// repeats most, in their order, up to max_length tokens.
// https://developers.cloudflare.com/workers-ai/models/bart-large-cnn/
func SummaryJob(in inference.Fields) (*inference.Job, error) {
	text, err := in.RequiredText("input_text", "input_text")
	if err != nil {
		return nil, err
	}
	most, problem := in.Number("max_length", "integer", inference.Bounds{Min: inference.Unbounded, Max: inference.Unbounded}, 1024)
	if problem != "" {
		return nil, inference.BadInput(problem)
	}
	return &inference.Job{Prompt: text, Answer: func() (*inference.Answer, error) {
		return inference.JSONAnswer(map[string]string{"summary": summarize(text, int(max(most, 1)))}, inference.Usage{}, inference.SourceGenerator)
	}}, nil
}

func summarize(text string, maxTokens int) string {
	text = inference.TruncateBytes(text, inference.MaxPromptRead) // a model truncates its input too
	sentences := splitSentences(text)
	weights := sentenceWeights(text, sentences)
	order := make([]int, len(sentences))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	keep := make([]bool, len(sentences))
	left, picks := maxTokens, (len(sentences)+2)/3
	for _, i := range order {
		if picks == 0 || left <= 0 {
			break
		}
		if tokens := inference.CountTokens(sentences[i]); left == maxTokens || tokens <= left {
			keep[i] = true
			picks, left = picks-1, left-tokens
		}
	}
	var kept []string
	for i, s := range sentences {
		if keep[i] {
			kept = append(kept, s)
		}
	}
	short, _ := inference.TruncateTokens(strings.Join(kept, " "), maxTokens)
	return short
}

// sentenceWeights is, for each sentence, how often the text uses its words,
// divided by the square root of its length.
func sentenceWeights(text string, sentences []string) []float64 {
	often := map[string]int{}
	for _, w := range inference.LowerWords(text) {
		if !inference.StopWords[w] && len(w) > 3 {
			often[w]++
		}
	}
	weights := make([]float64, len(sentences))
	for i, s := range sentences {
		sum, n := 0, 1
		for _, w := range inference.LowerWords(s) {
			sum += often[w]
			n++
		}
		weights[i] = float64(sum) / math.Sqrt(float64(n))
	}
	return weights
}

func splitSentences(text string) []string {
	var out []string
	start := 0
	for i, r := range text {
		if r != '.' && r != '!' && r != '?' && r != '\n' {
			continue
		}
		end := i + utf8.RuneLen(r)
		if end < len(text) && text[end] != ' ' && text[end] != '\n' && r != '\n' {
			continue // a point inside a number or a name
		}
		if s := strings.TrimSpace(text[start:end]); s != "" {
			out = append(out, s)
		}
		start = end
	}
	if s := strings.TrimSpace(text[start:]); s != "" {
		out = append(out, s)
	}
	return out
}
