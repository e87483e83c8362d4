package generate

import (
	"math"
	"strconv"
	"strings"

	"flint/ai/inference"
)

// position is where in the answer a value stands, as far as the value depends on it.
type position struct {
	key      string // the name it stands under, also inside an array
	parent   string // the name of the enclosing array or object
	index    int    // position in the nearest array
	length   int    // length of that array
	depth    int
	question *question // the quiz question that encloses it
	option   *option   // the answer option that encloses it
}

// fill writes a value of the form of node.
func (g *generator) fill(b *strings.Builder, node *shapeNode, at position) {
	if at.depth > inference.MaxShapeDepth || b.Len() > inference.MaxGeneratedBytes {
		g.err = inference.ErrJSONMode
	}
	g.spend(8)
	if g.err != nil {
		return
	}
	switch node.kind {
	case kindObject:
		g.object(b, node, at)
	case kindArray:
		g.array(b, node, at)
	case kindChoice:
		b.WriteString(g.choice(node, at))
	case kindInteger, kindNumber:
		b.WriteString(g.number(node, at))
	case kindBoolean:
		b.WriteString(strconv.FormatBool(g.rng.IntN(2) == 0))
	case kindNull:
		b.WriteString("null")
	case kindAny:
		if isCountKey(at.key) {
			b.WriteString(g.number(node, at))
			return
		}
		b.WriteString(inference.Quote(g.stringFor(node, at)))
	default:
		b.WriteString(inference.Quote(g.stringFor(node, at)))
	}
}

func (g *generator) object(b *strings.Builder, node *shapeNode, at position) {
	if at.question == nil && isQuestion(node) {
		at.question = g.question(node, at.index)
		at.question.optionCount = g.optionCount(node, at)
	}
	b.WriteByte('{')
	for i, f := range node.fields {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(inference.Quote(f.name))
		b.WriteByte(':')
		inner := at
		inner.parent, inner.key, inner.depth = at.key, f.name, at.depth+1
		g.fill(b, f.node, inner)
	}
	b.WriteByte('}')
}

func (g *generator) array(b *strings.Builder, node *shapeNode, at position) {
	n := g.elementCount(node, at)
	b.WriteByte('[')
	written := map[string]bool{}
	for i := range n {
		if b.Len() > inference.MaxGeneratedBytes {
			g.err = inference.ErrJSONMode
		}
		if g.err != nil {
			return
		}
		inner := at
		inner.index, inner.length, inner.depth = i, n, at.depth+1
		if at.question != nil && isOptions(at.key) {
			inner.option = at.question.option(i, n)
		}
		item := node.items[min(i, len(node.items)-1)]
		text := g.element(item, inner, node.unique, written)
		g.spend(len(text))
		if node.unique && written[text] && len(written) >= node.minSize {
			continue // no other value was found
		}
		if len(written) > 0 || i > 0 && !node.unique {
			b.WriteByte(',')
		}
		b.WriteString(text)
		if node.unique {
			written[text] = true
		}
	}
	b.WriteByte(']')
}

// element is one element of an array. When elements must be unique it tries to
// make one that is not in written yet.
func (g *generator) element(item *shapeNode, at position, unique bool, written map[string]bool) string {
	for try := 0; ; try++ {
		var b strings.Builder
		g.fill(&b, item, at)
		if unique && try > 0 {
			g.spend(b.Len() + 200)
		}
		if !unique || !written[b.String()] || try >= inference.MaxArrayItems || g.err != nil {
			return b.String()
		}
		at.index += at.length // the next option of a choice, the next id
	}
}

// elementCount is how many elements an array gets: what the schema or the prompt
// asks for, else what is usual for its name.
func (g *generator) elementCount(node *shapeNode, at position) int {
	if len(node.items) == 0 {
		return 0
	}
	n := max(3, len(node.items))
	switch asked := requestedCount(g.prompt, at.key); {
	case isOptions(at.key) && len(node.items) > 1:
		n = len(node.items)
	case isOptions(at.key):
		n = 5
	case asked > 0:
		n = asked
	case isQuestions(at.key):
		n = 7
	}
	n = min(max(n, node.minSize), max(inference.MaxArrayItems, node.minSize))
	if node.maxSize > 0 {
		n = min(n, node.maxSize)
	}
	if isOptions(at.key) {
		return n
	}
	return max(min(n, g.maxElements), node.minSize)
}

func (g *generator) choice(node *shapeNode, at position) string {
	if at.question != nil && isTrait(at.key) {
		for _, o := range node.options {
			if strings.EqualFold(strings.Trim(o, `"`), at.question.trait) {
				return o
			}
		}
	}
	if g.quiz != "" {
		for _, o := range node.options {
			if strings.EqualFold(strings.Trim(o, `"`), g.quiz) {
				return o
			}
		}
	}
	if at.length > 0 && at.option == nil {
		return node.options[at.index%len(node.options)]
	}
	return node.options[g.rng.IntN(len(node.options))]
}

// number is within the bounds that were given, or plausible for the key.
func (g *generator) number(node *shapeNode, at position) string {
	if at.question != nil && at.option == nil && isAnswer(at.key) && node.min == nil && node.max == nil {
		return strconv.Itoa(at.question.correctOption()) // which of the options is right
	}
	low, high := usualRange(at.key, at.option != nil)
	if node.min != nil {
		low = *node.min
		high = max(high, low)
	}
	if node.max != nil {
		high = *node.max
		low = min(low, high)
		if node.min != nil {
			low = *node.min
		}
	}
	if node.step > 0 {
		return multipleInRange(low, high, node.step, g.rng.Float64())
	}
	value := low + g.rng.Float64()*(high-low)
	if at.option != nil && isScore(at.key) {
		value = at.option.score(low, high)
	} else if strings.EqualFold(at.key, "id") && at.length > 0 {
		value = max(low, float64(at.index+1))
	}
	if node.kind == kindNumber && at.option == nil && (node.min != nil || node.max != nil || isFraction(at.key)) {
		return strconv.FormatFloat(float64(int64(value*100))/100, 'f', -1, 64)
	}
	whole := int64(value)
	if float64(whole) < low {
		whole++
	}
	return strconv.FormatInt(whole, 10)
}

// multipleInRange is a multiple of step from low to high; at is from 0 to 1.
func multipleInRange(low, high, step, at float64) string {
	first, last := math.Ceil(low/step-1e-9), math.Floor(high/step+1e-9)
	n := first + math.Floor(at*max(0, last-first+1))
	return strconv.FormatFloat(math.Round(n*step*1e9)/1e9, 'f', -1, 64)
}

// usualRange guesses the bounds of a number by its name.
func usualRange(key string, inOption bool) (low, high float64) {
	k := strings.ToLower(key)
	switch {
	case inOption:
		return 1, 5
	case strings.Contains(k, "percent"):
		return 0, 100
	case strings.Contains(k, "confidence"), strings.Contains(k, "probab"), strings.Contains(k, "ratio"):
		return 0, 1
	case strings.Contains(k, "year"):
		return 1990, 2025
	case strings.Contains(k, "age"):
		return 18, 80
	case strings.Contains(k, "price"), strings.Contains(k, "cost"), strings.Contains(k, "amount"):
		return 5, 200
	case strings.Contains(k, "rating"), strings.Contains(k, "stars"):
		return 1, 5
	case isScore(k):
		return 1, 100
	}
	return 1, 10
}

// spend takes n from the budget; the answer fails with ErrJSONMode when it is used up.
func (g *generator) spend(n int) {
	if !g.budget.Spend(n) && g.err == nil {
		g.err = inference.ErrJSONMode
	}
}
