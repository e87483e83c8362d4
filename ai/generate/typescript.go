package generate

import (
	"regexp"
	"strings"

	"flint/ai/inference"
)

// declaration is the start of a TypeScript type in a prompt.
var declaration = regexp.MustCompile(`(?m)\b(?:export\s+)?(interface|type)\s+([A-Za-z_]\w*)\s*(=|\{|extends\s+[\w\s,]+\{)`)

// declaredShape is the type that a prompt declares and asks for: of several the
// one that no other uses, and of those the last. Nil when it declares none.
func declaredShape(text string) *shapeNode {
	found := declaration.FindAllStringSubmatchIndex(text, inference.MaxArrayItems)
	if found == nil {
		return nil
	}
	types := map[string]string{}
	var names []string
	for _, m := range found {
		start := m[1]
		if text[m[7]-1] == '{' {
			start = m[7] - 1 // the body begins with its brace
		}
		name := text[m[4]:m[5]]
		if _, twice := types[name]; !twice {
			names = append(names, name)
		}
		types[name] = text[start:]
	}
	var root *shapeNode
	referenced := map[string]bool{}
	budget := &inference.Budget{Remaining: inference.MaxExampleValues}
	for _, name := range names {
		p := &exampleParser{text: types[name], types: types, referenced: referenced, budget: budget}
		node, ok := p.value(0)
		if !ok || node.kind == kindString {
			delete(types, name)
		}
	}
	for _, name := range names {
		if types[name] == "" || referenced[name] && len(types) > 1 {
			continue
		}
		p := &exampleParser{text: types[name], types: types, referenced: map[string]bool{}, budget: budget}
		if node, ok := p.value(0); ok {
			root = node
		}
	}
	return root
}

var generic = regexp.MustCompile(`^(Array|ReadonlyArray|Set|Partial|Readonly|Required)<(.+)>$`)

// namedType is a type by its name: one that the prompt declares, Array<T>, Date.
func (p *exampleParser) namedType(word string, depth int) (*shapeNode, bool) {
	word = strings.TrimSpace(strings.TrimPrefix(word, "readonly "))
	if m := generic.FindStringSubmatch(word); m != nil {
		inner, ok := p.namedType(m[2], depth+1)
		if !ok {
			inner, ok = exampleWord(m[2])
		}
		if ok && (strings.HasSuffix(m[1], "Array") || m[1] == "Set") {
			inner = &shapeNode{kind: kindArray, items: []*shapeNode{inner}}
		}
		return inner, ok
	}
	if word == "Date" && p.types != nil {
		return &shapeNode{kind: kindString, format: "date-time"}, true
	}
	text, ok := p.types[word]
	if !ok || depth > inference.MaxTypeDepth {
		return nil, false
	}
	if p.referenced != nil {
		p.referenced[word] = true
	}
	inner := &exampleParser{text: text, types: p.types, budget: p.budget}
	return inner.value(depth + 1)
}
