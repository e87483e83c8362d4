package ai

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

type label struct {
	Label string  `json:"label"`
	Score float64 `json:"score"`
}

var good, bad, negations = wordSet(`amazing awesome beautiful best better brilliant calm charming delicious delight delighted easy enjoy enjoyed
	excellent excited fantastic favorite fine fun glad good gorgeous great happy helpful hope impressive incredible interesting joy kind like
	liked love loved lovely nice perfect pleasant pleased positive recommend satisfied smile super superb sweet terrific thank thanks thrilled
	useful warm well win wonderful yes`), wordSet(`angry annoyed annoying awful bad bored boring broken bug cold confusing crash cruel dead
	difficult dirty disappointed disappointing disgusting dislike dull error evil fail failed failure fear hard hate hated horrible hurt
	ignore lazy lose lost mad mess miserable negative nasty overpriced pain painful poor problem refund rude sad scared scary sick slow sorry
	stupid terrible tired ugly unhappy upset useless waste worried worse worst wrong`), wordSet(`not no never without hardly isn wasn don doesn
	didn won wouldn couldn can't cannot nothing`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(list) {
		set[w] = true
	}
	return set
}

// sentimentJob is the task Text Classification: a count of good and bad words,
// turned around by a negation just before.
// https://developers.cloudflare.com/workers-ai/models/distilbert-sst-2-int8/
func sentimentJob(in fields) (*job, error) {
	text, err := in.requiredText("text", "text")
	if err != nil {
		return nil, err
	}
	return &job{prompt: text, answer: func() (*Answer, error) { return jsonAnswer(sentiment(text), Usage{}, sourceGenerator) }}, nil
}

func sentiment(text string) []label {
	sum, turned := 0.0, 0
	for _, w := range tokensOf(text) {
		value := 0.0
		switch {
		case good[w]:
			value = 1
		case bad[w]:
			value = -1
		case negations[w]:
			turned = 3
		}
		if turned > 0 {
			value = -value
			turned--
		}
		sum += value
	}
	positive := 1 / (1 + math.Exp(-2.2*sum))
	out := []label{{"NEGATIVE", 1 - positive}, {"POSITIVE", positive}}
	if out[1].Score > out[0].Score {
		out[0], out[1] = out[1], out[0]
	}
	return out
}

// translationJob is the task Translation. flint has no dictionary: it marks
// the text with the two languages, so that a page shows where a translation
// would stand.
// https://developers.cloudflare.com/workers-ai/models/m2m100-1.2b/
func translationJob(in fields) (*job, error) {
	text, err := in.requiredText("text", "text,target_lang")
	if err != nil {
		return nil, err
	}
	target, problem := in.text("target_lang", bounds{1, open})
	if problem == "" && target == "" {
		problem = missing("text,target_lang")
	}
	source, sourceProblem := in.text("source_lang", bounds{open, open})
	if problem == "" {
		problem = sourceProblem
	}
	if problem != "" {
		return nil, badInput(problem)
	}
	if source == "" {
		source = "en"
	}
	out := map[string]string{"translated_text": marked(source, target, text)}
	return &job{prompt: text, answer: func() (*Answer, error) { return jsonAnswer(out, Usage{}, sourceGenerator) }}, nil
}

func marked(source, target, text string) string { return "[" + source + "→" + target + "] " + text }

// translationsJob is the same for a model that takes several texts.
// https://developers.cloudflare.com/workers-ai/models/indictrans2-en-indic-1B/
func translationsJob(in fields) (*job, error) {
	texts, problem := parseTexts(in)
	if problem != "" {
		return nil, badInput(problem)
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = marked("eng_Latn", inputText(in, "target_language"), text)
	}
	return &job{prompt: strings.Join(texts, "\n"), answer: func() (*Answer, error) {
		return jsonAnswer(map[string][]string{"translations": out}, Usage{}, sourceGenerator)
	}}, nil
}

// summaryJob is the task Summarization: the sentences whose words the text
// repeats most, in their order, up to max_length tokens.
// https://developers.cloudflare.com/workers-ai/models/bart-large-cnn/
func summaryJob(in fields) (*job, error) {
	text, err := in.requiredText("input_text", "input_text")
	if err != nil {
		return nil, err
	}
	most, problem := in.number("max_length", "integer", bounds{open, open}, 1024)
	if problem != "" {
		return nil, badInput(problem)
	}
	return &job{prompt: text, answer: func() (*Answer, error) {
		return jsonAnswer(map[string]string{"summary": summarize(text, int(max(most, 1)))}, Usage{}, sourceGenerator)
	}}, nil
}

func summarize(text string, most int) string {
	text = head(text, maxRead) // a model reads no more either
	sentences := splitSentences(text)
	weights := weigh(text, sentences)
	order := make([]int, len(sentences))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weights[b], weights[a]) })
	keep := make([]bool, len(sentences))
	left, picks := most, (len(sentences)+2)/3
	for _, i := range order {
		if picks == 0 || left <= 0 {
			break
		}
		if tokens := countTokens(sentences[i]); left == most || tokens <= left {
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
	short, _ := cut(strings.Join(kept, " "), most)
	return short
}

// weigh gives each sentence the number of times that text uses its words, with
// less for long sentences.
func weigh(text string, sentences []string) []float64 {
	often := map[string]int{}
	for _, w := range tokensOf(text) {
		if !stopWords[w] && len(w) > 3 {
			often[w]++
		}
	}
	weights := make([]float64, len(sentences))
	for i, s := range sentences {
		sum, n := 0, 1
		for _, w := range tokensOf(s) {
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
