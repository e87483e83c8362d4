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
	options     int // how many the question offers
}

// right is the option that a question with a right answer names: another for
// each text, and always one that is there.
func (q *question) right() int { return len(q.text) % max(q.options, 1) }

// options is how many options the question node offers.
func (g *generator) options(node *shapeNode, at place) int {
	for _, f := range node.fields {
		if isOptions(f.name) && f.node.kind == kindArray {
			at.key = f.name
			return g.count(f.node, at)
		}
	}
	return 0
}

// option is one step of a scale.
type option struct {
	text  string
	index int
	of    int
}

// isQuestion tells an object that asks something from one that does not.
func isQuestion(node *shapeNode) bool {
	return node.field("text", "question", "prompt", "statement", "title") != nil &&
		node.field("options", "answers", "choices") != nil
}

// question takes the statement for the index-th question: traits take turns,
// and no statement comes twice while there are others.
func (g *generator) question(node *shapeNode, index int) *question {
	if g.subject != "" && node.field("trait", "dimension", "category", "factor", "scale") == nil {
		return g.trivia(index)
	}
	traits := g.traits(node)
	trait := traits[index%len(traits)]
	statements := g.bank.Statements[strings.ToLower(trait)]
	if len(statements) == 0 { // a trait of the app's own
		own := g.bank.Quizzes["personality"].Traits
		statements = g.bank.Statements[own[index%len(own)]]
	}
	start := int(g.start(trait)) % len(statements)
	return &question{
		text: statements[(start+index/len(traits))%len(statements)], trait: trait,
		scale: g.bank.Scales[int(g.start("scale"))%len(g.bank.Scales)],
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
	if m == nil || quizOfSelf.MatchString(proseOnly(text)) {
		return ""
	}
	return quizWithin.ReplaceAllString(m[1], "")
}

// trivia is the index-th question of a quiz of knowledge.
func (g *generator) trivia(index int) *question {
	texts, words := g.bank.Trivia, g.bank.Nouns
	start := int(g.start(g.subject)) + index
	scale := make([]string, 5)
	for i := range scale {
		scale[i] = titleCase(words[(start*3+i)%len(words)])
	}
	return &question{text: about(texts[start%len(texts)], g.subject), trait: g.subject, scale: scale}
}

// start is a choice that stays the same through one answer.
func (g *generator) start(name string) uint32 {
	h := uint32(2166136261)
	for _, c := range []byte(name + g.text) {
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
	return &option{text: q.scale[min(at, len(q.scale)-1)], index: index, of: n}
}

// score spreads the options over low to high.
func (o *option) score(low, high float64) float64 {
	if o.of < 2 {
		return low
	}
	return low + (high-low)*float64(o.index)/float64(o.of-1)
}

// askedCount finds "10 questions" in a prompt, for a key like questions.
func askedCount(text, key string) int {
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
			if err == nil && n > 0 && n <= inference.MaxItems {
				return n
			}
		}
	}
	return 0
}

var countBefore = regexp.MustCompile(`\b(\d{1,2})\s+(?:(?:short|simple|multiple|choice|multiple-choice|thoughtful|different|unique|personality|engaging|quick|random)\s+){0,3}([a-z_]+)`)

func oneOf(key string, names ...string) bool {
	for _, n := range names {
		if strings.EqualFold(key, n) {
			return true
		}
	}
	return false
}

func isOptions(key string) bool {
	return oneOf(key, "options", "answers", "choices", "answerOptions", "answer_options")
}

func isQuestions(key string) bool {
	return oneOf(key, "questions", "items", "quiz", "prompts", "statements")
}
func isTrait(key string) bool {
	return oneOf(key, "trait", "dimension", "category", "factor", "scale")
}

// isAnswer tells a field that names the right option of a question.
func isAnswer(key string) bool {
	return oneOf(key, "answer", "correct", "correctAnswer", "correct_answer", "correctIndex", "correct_index",
		"answerIndex", "answer_index", "correctOption", "correct_option", "solution")
}

// isFraction tells the numbers that are seldom whole.
func isFraction(key string) bool {
	k := strings.ToLower(key)
	for _, part := range []string{"percent", "confidence", "probab", "ratio", "price", "cost", "amount", "rating", "score", "weight", "latitude", "longitude", "temperature"} {
		if strings.Contains(k, part) {
			return true
		}
	}
	return oneOf(k, "lat", "lon", "lng")
}
func isScore(key string) bool { return oneOf(key, "score", "value", "weight", "points", "rating") }
func isCountKey(key string) bool {
	return isScore(key) || oneOf(key, "count", "age", "year", "price", "amount", "total", "percentage", "confidence")
}
