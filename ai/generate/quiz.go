package generate

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"flint/ai/inference"
)

// quizOf is the kind of quiz that a prompt asks for: a name in the word bank,
// or empty when it asks for none.
func quizOf(b *wordBank, text string) string {
	if !asksQuiz.MatchString(text) {
		return ""
	}
	lower := strings.ToLower(text)
	if strings.Contains(lower, "big five") || strings.Contains(lower, "big 5") || strings.Contains(lower, "ocean") {
		return "big5"
	}
	best, bestAt := "personality", len(lower)
	for name := range b.Quizzes {
		if at := strings.Index(lower, name); at >= 0 && at < bestAt && name != "personality" {
			best, bestAt = name, at
		}
	}
	return best
}

// quizShape is the quiz that an app gets when its prompt shows no shape.
var quizShape = sync.OnceValue(func() *shapeNode {
	node, _ := findExample(`{"id": string, "type": string, "title": string, "description": string, "questions": [
		{"id": string, "text": string, "trait": string, "options": [{"id": string, "text": string, "score": 1-5}]}]}`)
	return node
})

// question is one statement of the bank and the scale to answer it on.
type question struct {
	text, trait string
	scale       []string
	optionCount int // options that the question offers
}

// correctOption is the index of the option that a question with a correct answer
// names. It follows from the text and is below optionCount.
func (q *question) correctOption() int { return len(q.text) % max(q.optionCount, 1) }

// optionCount is how many options the question node offers.
func (g *generator) optionCount(node *shapeNode, at position) int {
	for _, f := range node.fields {
		if isOptions(f.name) && f.node.kind == kindArray {
			at.key = f.name
			return g.elementCount(f.node, at)
		}
	}
	return 0
}

// option is one step of a scale.
type option struct {
	text  string
	index int
	count int
}

// isQuestion reports whether an object is a question with options.
func isQuestion(node *shapeNode) bool {
	return node.field("text", "question", "prompt", "statement", "title") != nil &&
		node.field("options", "answers", "choices") != nil
}

// question is the index-th question of a quiz: traits alternate, and no statement
// is used twice while there are others.
func (g *generator) question(node *shapeNode, index int) *question {
	if g.subject != "" && node.field("trait", "dimension", "category", "factor", "scale") == nil {
		return g.triviaQuestion(index)
	}
	traits := g.traits(node)
	trait := traits[index%len(traits)]
	statements := g.bank.Statements[strings.ToLower(trait)]
	if len(statements) == 0 { // a trait that the bank does not know
		own := g.bank.Quizzes["personality"].Traits
		statements = g.bank.Statements[own[index%len(own)]]
	}
	start := int(g.stableChoice(trait)) % len(statements)
	return &question{
		text: statements[(start+index/len(traits))%len(statements)], trait: trait,
		scale: g.bank.Scales[int(g.stableChoice("scale"))%len(g.bank.Scales)],
	}
}

var (
	quizAbout  = regexp.MustCompile(`(?i)\b(?:quiz|trivia)\s+(?:about|on)\s+((?:the\s+)?[\p{L}\d'-]{2,30}(?:\s+(?:of\s+)?[\p{L}\d'-]{2,30})?)`)
	quizWithin = regexp.MustCompile(`(?i)\s+(?:with|for|that|in|as|which|using|containing|having|and)(?:\s.*)?$`)
	quizOfSelf = regexp.MustCompile(`(?i)\b(?:personality|character|traits?|moods?|feelings?|yourself|myself|me|my|you|your|users?|habits?)\b`)
)

// quizSubject is what a quiz of knowledge is about; empty for one about the
// person who takes it.
func quizSubject(quiz, text string) string {
	if quiz != "personality" {
		return ""
	}
	m := quizAbout.FindStringSubmatch(text)
	if m == nil || quizOfSelf.MatchString(withoutShape(text)) {
		return ""
	}
	return quizWithin.ReplaceAllString(m[1], "")
}

// triviaQuestion is the index-th question of a quiz of knowledge.
func (g *generator) triviaQuestion(index int) *question {
	texts, words := g.bank.Trivia, g.bank.Nouns
	start := int(g.stableChoice(g.subject)) + index
	scale := make([]string, 5)
	for i := range scale {
		scale[i] = titleCase(words[(start*3+i)%len(words)])
	}
	return &question{text: fillTopic(texts[start%len(texts)], g.subject), trait: g.subject, scale: scale}
}

// stableChoice is a number that follows from name and the prompt, the same
// everywhere in one answer.
func (g *generator) stableChoice(name string) uint32 {
	h := uint32(2166136261)
	for _, c := range []byte(name + g.prompt) {
		h = (h ^ uint32(c)) * 16777619
	}
	return h >> 3
}

// traits are what the questions measure: those that the shape allows, else
// those of the kind of quiz.
func (g *generator) traits(node *shapeNode) []string {
	if t := node.field("trait", "dimension", "category", "factor", "scale"); t != nil && t.kind == kindChoice {
		own := make([]string, 0, len(t.options))
		for _, o := range t.options {
			own = append(own, strings.Trim(o, `"`))
		}
		return own
	}
	quiz := g.quiz
	if quiz == "" {
		quiz = "personality"
	}
	return g.bank.Quizzes[quiz].Traits
}

// option is the step of the scale for the index-th of n options.
func (q *question) option(index, n int) *option {
	at := index
	if n != len(q.scale) && n > 1 { // spread n options over the scale
		at = index * (len(q.scale) - 1) / (n - 1)
	}
	return &option{text: q.scale[min(at, len(q.scale)-1)], index: index, count: n}
}

// score spreads the options over low to high.
func (o *option) score(low, high float64) float64 {
	if o.count < 2 {
		return low
	}
	return low + (high-low)*float64(o.index)/float64(o.count-1)
}

// requestedCount finds "10 questions" in a prompt, for a key like questions.
func requestedCount(text, key string) int {
	if len(key) < 3 {
		return 0
	}
	word := strings.TrimSuffix(strings.ToLower(key), "s")
	at := strings.Index(strings.ToLower(text), word)
	if at < 0 {
		return 0
	}
	for _, m := range countBefore.FindAllStringSubmatch(strings.ToLower(text), 8) {
		if strings.HasPrefix(m[2], word) {
			n, err := strconv.Atoi(m[1])
			if err == nil && n > 0 && n <= inference.MaxArrayItems {
				return n
			}
		}
	}
	return 0
}

var countBefore = regexp.MustCompile(`\b(\d{1,2})\s+(?:(?:short|simple|multiple|choice|multiple-choice|thoughtful|different|unique|personality|engaging|quick|random)\s+){0,3}([a-z_]+)`)

func isAnyOf(key string, names ...string) bool {
	for _, n := range names {
		if strings.EqualFold(key, n) {
			return true
		}
	}
	return false
}

func isOptions(key string) bool {
	return isAnyOf(key, "options", "answers", "choices", "answerOptions", "answer_options")
}

func isQuestions(key string) bool {
	return isAnyOf(key, "questions", "items", "quiz", "prompts", "statements")
}
func isTrait(key string) bool {
	return isAnyOf(key, "trait", "dimension", "category", "factor", "scale")
}

// isAnswer reports whether a field names the correct option of a question.
func isAnswer(key string) bool {
	return isAnyOf(key, "answer", "correct", "correctAnswer", "correct_answer", "correctIndex", "correct_index",
		"answerIndex", "answer_index", "correctOption", "correct_option", "solution")
}

// isFraction reports whether numbers of this name are seldom whole.
func isFraction(key string) bool {
	k := strings.ToLower(key)
	for _, part := range []string{"percent", "confidence", "probab", "ratio", "price", "cost", "amount", "rating", "score", "weight", "latitude", "longitude", "temperature"} {
		if strings.Contains(k, part) {
			return true
		}
	}
	return isAnyOf(k, "lat", "lon", "lng")
}
func isScore(key string) bool { return isAnyOf(key, "score", "value", "weight", "points", "rating") }
func isCountKey(key string) bool {
	return isScore(key) || isAnyOf(key, "count", "age", "year", "price", "amount", "total", "percentage", "confidence")
}
