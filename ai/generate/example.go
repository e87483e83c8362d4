package generate

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"flint/ai/inference"
)

// findExample finds the example of JSON that a prompt shows: the last {…} or […]
// that can be read as one, and the offset at which it begins.
func findExample(text string) (found *shapeNode, at int) {
	budget := &inference.Budget{Remaining: inference.MaxExampleValues}
	for i := 0; i < len(text); i++ {
		if text[i] != '{' && text[i] != '[' {
			continue
		}
		p := &exampleParser{text: text, pos: i, budget: budget}
		node, ok := p.value(0)
		if !ok || node.kind == kindObject && len(node.fields) == 0 || node.kind == kindArray && !isList(node) {
			continue
		}
		found, at = node, i
		i = p.pos - 1
	}
	return found, at
}

// isList reports whether an array holds objects or texts, unlike brackets in prose such as [1].
func isList(node *shapeNode) bool {
	return len(node.items) > 0 && (node.items[0].kind == kindObject || node.items[0].kind == kindString)
}

// exampleParser reads JSON and what people write in its place: unquoted keys
// and types (string, number), unions (a|b), ranges (1-5), ellipses, comments.
type exampleParser struct {
	text       string
	pos        int
	types      map[string]string // the declared types by name: the prompt from the body of the type on
	referenced map[string]bool   // declared types that another type refers to
	budget     *inference.Budget // one for each value
}

func (p *exampleParser) skipSpace() {
	for p.pos < len(p.text) {
		rest := p.text[p.pos:]
		switch {
		case strings.HasPrefix(rest, "//"):
			if end := strings.IndexByte(rest, '\n'); end >= 0 {
				p.pos += end
			} else {
				p.pos = len(p.text)
			}
		case strings.HasPrefix(rest, "..."):
			p.pos += 3
		case strings.HasPrefix(rest, "…"):
			p.pos += len("…")
		case strings.HasPrefix(rest, "/*") && strings.Contains(rest, "*/"):
			p.pos += strings.Index(rest, "*/") + 2
		case strings.IndexByte(" \t\r\n,;", rest[0]) >= 0:
			p.pos++
		default:
			return
		}
	}
}

func (p *exampleParser) peek() byte {
	p.skipSpace()
	if p.pos >= len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

func (p *exampleParser) value(depth int) (*shapeNode, bool) {
	if depth > inference.MaxShapeDepth || !p.budget.Spend(1) {
		return nil, false
	}
	switch p.peek() {
	case 0:
		return nil, false
	case '{':
		p.pos++
		return p.object(depth)
	case '[':
		p.pos++
		return p.array(depth)
	case '"', '\'', '`':
		s, ok := p.quoted()
		if ok && p.types != nil {
			return p.arraySuffix(p.literalUnion(s)), true
		}
		return p.arraySuffix(exampleText(s)), ok
	}
	return p.bareValue(depth)
}

// literalUnion reads the rest of "a" | "b" | "c", a union of TypeScript.
func (p *exampleParser) literalUnion(first string) *shapeNode {
	node := &shapeNode{kind: kindChoice, options: []string{inference.Quote(first)}}
	for len(node.options) < inference.MaxArrayItems {
		rest := strings.TrimLeft(p.text[p.pos:], " \t\r\n")
		if !strings.HasPrefix(rest, "|") {
			break
		}
		p.pos = len(p.text) - len(rest) + 1
		if c := p.peek(); c != '"' && c != '\'' && c != '`' {
			if end := strings.IndexAny(p.text[p.pos:], ",;}\n)|"); end > 0 { // | null, | undefined
				p.pos += end
			}
			continue
		}
		s, ok := p.quoted()
		if !ok {
			break
		}
		node.options = append(node.options, inference.Quote(s))
	}
	return node
}

func (p *exampleParser) object(depth int) (*shapeNode, bool) {
	node := &shapeNode{kind: kindObject}
	for {
		c := p.peek()
		if c == '}' {
			p.pos++
			return p.arraySuffix(node), true
		}
		name, ok := p.key(c)
		if !ok || len(node.fields) >= inference.MaxArrayItems {
			return nil, false
		}
		value, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		node.fields = append(node.fields, shapeField{name, value})
	}
}

func (p *exampleParser) key(c byte) (name string, ok bool) {
	if c == '"' || c == '\'' || c == '`' {
		if name, ok = p.quoted(); !ok {
			return "", false
		}
	} else {
		start := p.pos
		for p.pos < len(p.text) && isWord(rune(p.text[p.pos])) {
			p.pos++
		}
		name = p.text[start:p.pos]
	}
	if p.pos < len(p.text) && p.text[p.pos] == '?' { // an optional key of a TypeScript type
		p.pos++
	}
	if name == "" || p.peek() != ':' {
		return "", false
	}
	p.pos++
	return name, true
}

func isWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '-' || r == '$'
}

func (p *exampleParser) array(depth int) (*shapeNode, bool) {
	node := &shapeNode{kind: kindArray}
	for {
		if p.peek() == ']' {
			p.pos++
			return node, true
		}
		item, ok := p.value(depth + 1)
		if !ok || len(node.items) >= inference.MaxArrayItems {
			return nil, false
		}
		node.items = append(node.items, item)
	}
}

// arraySuffix turns T[] of TypeScript into an array.
func (p *exampleParser) arraySuffix(node *shapeNode) *shapeNode {
	if strings.HasPrefix(p.text[p.pos:], "[]") {
		p.pos += 2
		return &shapeNode{kind: kindArray, items: []*shapeNode{node}}
	}
	return node
}

func (p *exampleParser) quoted() (string, bool) {
	mark := p.text[p.pos]
	var b strings.Builder
	for i := p.pos + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case mark:
			p.pos = i + 1
			return b.String(), true
		case '\\':
			i++
			if i < len(p.text) {
				b.WriteByte(p.text[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// bareValue reads an unquoted value.
func (p *exampleParser) bareValue(depth int) (*shapeNode, bool) {
	end := strings.IndexAny(p.text[p.pos:], ",}\n[]{;:")
	if end <= 0 || end > 200 {
		return nil, false
	}
	word := strings.TrimSpace(p.text[p.pos : p.pos+end])
	p.pos += end
	if at := strings.Index(word, "//"); at >= 0 {
		word = strings.TrimSpace(word[:at])
	}
	node, ok := exampleWord(word)
	if !ok {
		if node, ok = p.namedType(word, depth); !ok {
			return nil, false
		}
	}
	return p.arraySuffix(node), true
}

var (
	typeWord  = regexp.MustCompile(`(?i)^<?(string|text|str|number|float|int|integer|boolean|bool|null|any)s?\b`)
	rangeWord = regexp.MustCompile(`^<?(?:number|integer|int)?\s*\(?(-?\d+(?:\.\d+)?)\s*(?:-|–|\.\.\.?|to)\s*(-?\d+(?:\.\d+)?)\)?>?$`)
	typeNames = map[string]kind{
		"string": kindString, "text": kindString, "str": kindString, "number": kindNumber, "float": kindNumber,
		"int": kindInteger, "integer": kindInteger, "boolean": kindBoolean, "bool": kindBoolean, "null": kindNull, "any": kindString,
	}
)

// exampleWord reads an unquoted value: a literal, a type, a range or a union.
func exampleWord(word string) (*shapeNode, bool) {
	if node := exampleNumber(word); node != nil {
		return node, true
	}
	switch strings.ToLower(word) {
	case "true", "false":
		return &shapeNode{kind: kindBoolean}, true
	}
	if strings.Contains(word, "|") {
		return exampleUnion(word), true
	}
	if m := typeWord.FindStringSubmatch(word); m != nil {
		return &shapeNode{kind: typeNames[strings.ToLower(m[1])]}, true
	}
	return nil, false
}

// exampleNumber reads 3, 0.5, 1-5 or 1..5.
func exampleNumber(word string) *shapeNode {
	if m := rangeWord.FindStringSubmatch(word); m != nil {
		low, _ := strconv.ParseFloat(m[1], 64)
		high, _ := strconv.ParseFloat(m[2], 64)
		k := kindInteger
		if strings.ContainsRune(m[1]+m[2], '.') {
			k = kindNumber
		}
		return &shapeNode{kind: k, min: &low, max: &high}
	}
	if _, err := strconv.ParseFloat(word, 64); err != nil {
		return nil
	}
	if strings.Contains(word, ".") {
		return &shapeNode{kind: kindNumber}
	}
	return &shapeNode{kind: kindInteger}
}

// exampleText reads the text of a quoted value.
func exampleText(s string) *shapeNode {
	if strings.Contains(s, "|") && len(s) < 400 {
		return exampleUnion(s)
	}
	return &shapeNode{kind: kindString}
}

// exampleUnion reads a|b|c; a union of types only is its first type.
func exampleUnion(s string) *shapeNode {
	node := &shapeNode{kind: kindChoice}
	for part := range strings.SplitSeq(s, "|") {
		part = strings.Trim(strings.TrimSpace(part), `"'<>`+"`")
		if k, ok := typeNames[strings.ToLower(part)]; ok {
			return &shapeNode{kind: k}
		}
		if part == "" || part == "..." {
			continue
		}
		if exampleNumber(part) != nil && json.Valid([]byte(part)) {
			node.options = append(node.options, part)
		} else {
			node.options = append(node.options, inference.Quote(part))
		}
	}
	if len(node.options) == 0 {
		return &shapeNode{kind: kindString}
	}
	return node
}
