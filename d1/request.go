package d1

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"flint/d1/csqlite"
)

// parser reads the JSON of a request straight into queries with packed
// parameters: {"sql":"…","params":[…]} or an array of those, for REST clients
// also {"batch":[…]}. Unknown members are skipped. It keeps no part of the
// text it reads.
type parser struct {
	in     []byte
	at     int
	depth  int
	packed []byte // parameters of all queries, one after the other
	why    string // the last failure, without its place
}

// maxDepth bounds the nesting of what a request may hold.
const maxDepth = 64

// parseRequest reads a request. single tells {"sql":…} from an array.
func parseRequest(in []byte) (qs []query, single bool, err error) {
	p := parser{in: in}
	switch p.peek() {
	case '[':
		qs, err = p.queries()
	case '{':
		var q query
		if q, qs, err = p.object(true); err == nil && qs == nil {
			qs, single = []query{q}, true
		}
	default:
		err = p.fail("expected an object or an array")
	}
	if p.peek(); err == nil && p.at < len(in) {
		err = p.fail("text after the end")
	}
	return qs, single, err
}

func (p *parser) fail(why string) error {
	p.why = why
	return malformed(why + " at offset " + strconv.Itoa(p.at))
}

// peek is the next byte that is not white space, 0 at the end.
func (p *parser) peek() byte {
	for ; p.at < len(p.in); p.at++ {
		switch ch := p.in[p.at]; ch {
		case ' ', '\t', '\n', '\r':
		default:
			return ch
		}
	}
	return 0
}

func (p *parser) accept(ch byte) bool {
	if p.peek() != ch {
		return false
	}
	p.at++
	return true
}

// list reads a bracketed list, item by item.
func (p *parser) list(open, end byte, item func() error) error {
	if !p.accept(open) {
		return p.fail("expected '" + string(open) + "'")
	}
	if p.depth++; p.depth > maxDepth {
		return p.fail("too deeply nested")
	}
	defer func() { p.depth-- }()
	if p.accept(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.accept(end) {
			return nil
		}
		if !p.accept(',') {
			return p.fail("expected ',' or '" + string(end) + "'")
		}
	}
}

func (p *parser) queries() ([]query, error) {
	qs := []query{}
	err := p.list('[', ']', func() error {
		if len(qs) >= maxBatch {
			return malformed("too many statements in one batch")
		}
		q, _, err := p.object(false)
		qs = append(qs, q)
		return err
	})
	return qs, err
}

// object reads {"sql","params"}, and {"batch"} where that is allowed.
func (p *parser) object(batch bool) (q query, qs []query, err error) {
	hasSQL := false
	err = p.list('{', '}', func() error {
		key, err := p.text()
		if err != nil {
			return err
		}
		if !p.accept(':') {
			return p.fail("expected ':'")
		}
		switch {
		case key == "sql":
			hasSQL = true
			q.sql, err = p.text()
		case key == "params":
			q.params, q.count, err = p.params()
		case key == "batch" && batch:
			qs, err = p.queries()
		default:
			err = p.skip()
		}
		return err
	})
	if err == nil && !hasSQL && qs == nil {
		err = malformed(`"sql" is missing`)
	}
	return q, qs, err
}

// params reads an array of parameters, or null.
func (p *parser) params() (packed []byte, count int, err error) {
	if p.peek() == 'n' {
		return nil, 0, p.word("null")
	}
	start := len(p.packed)
	err = p.list('[', ']', func() error {
		count++
		return p.param()
	})
	return p.packed[start:len(p.packed):len(p.packed)], count, err
}

func (p *parser) param() error {
	switch ch := p.peek(); {
	case ch == '"':
		return p.packText()
	case ch == '-' || ch >= '0' && ch <= '9':
		f, err := p.number()
		p.packed = packReal(p.packed, f)
		return err
	case ch == 'n':
		p.packed = append(p.packed, csqlite.Null)
		return p.word("null")
	case ch == 't':
		p.packed = packReal(p.packed, 1)
		return p.word("true")
	case ch == 'f':
		p.packed = packReal(p.packed, 0)
		return p.word("false")
	case ch == '[':
		return p.packBlob()
	}
	return p.fail("a parameter must be a string, a number, a boolean, null or an array of bytes")
}

// packBlob reads an array of numbers as a BLOB. A number outside a byte wraps
// around, as in a Uint8Array.
func (p *parser) packBlob() error {
	head := len(p.packed)
	p.packed = packBytes(p.packed, csqlite.Blob, "")
	err := p.list('[', ']', func() error {
		f, err := p.number()
		p.packed = append(p.packed, toByte(f))
		return err
	})
	putLength(p.packed, head)
	return err
}

func toByte(f float64) byte {
	if f >= -(1<<53) && f <= 1<<53 {
		return byte(int64(f))
	}
	return 0
}

func (p *parser) packText() error {
	head := len(p.packed)
	p.packed = packBytes(p.packed, csqlite.Text, "")
	var err error
	p.packed, err = p.appendText(p.packed)
	putLength(p.packed, head)
	return err
}

func (p *parser) number() (float64, error) {
	p.peek()
	start := p.at
	for p.at < len(p.in) {
		ch := p.in[p.at]
		if ch >= '0' && ch <= '9' || ch == '-' || ch == '+' || ch == '.' || ch == 'e' || ch == 'E' {
			p.at++
			continue
		}
		break
	}
	if n, ok := smallInteger(p.in[start:p.at]); ok {
		return n, nil
	}
	f, err := strconv.ParseFloat(string(p.in[start:p.at]), 64)
	if err != nil && (start == p.at || !isRange(err)) {
		return 0, p.fail("expected a number")
	}
	return f, nil
}

// isRange says that a number was understood but is too large: JavaScript
// reads it as Infinity, and so does ParseFloat.
func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

// smallInteger is the quick way for the numbers that most parameters are.
func smallInteger(b []byte) (float64, bool) {
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	var n int64
	for _, ch := range b {
		if ch < '0' || ch > '9' {
			return 0, false
		}
		n = n*10 + int64(ch-'0')
	}
	return float64(n), true
}

func (p *parser) word(w string) error {
	if len(p.in)-p.at < len(w) || string(p.in[p.at:p.at+len(w)]) != w {
		return p.fail("expected " + w)
	}
	p.at += len(w)
	return nil
}

func (p *parser) text() (string, error) {
	if p.peek() == '"' { // most strings have no escape
		for i := p.at + 1; i < len(p.in); i++ {
			switch ch := p.in[i]; {
			case ch == '"':
				s := string(p.in[p.at+1 : i])
				if !utf8.ValidString(s) {
					return "", p.fail("the text is not UTF-8")
				}
				p.at = i + 1
				return s, nil
			case ch == '\\' || ch < ' ':
				b, err := p.appendText(nil)
				return string(b), err
			}
		}
	}
	b, err := p.appendText(nil)
	return string(b), err
}

// appendText reads a string and appends it to b.
func (p *parser) appendText(b []byte) ([]byte, error) {
	if !p.accept('"') {
		return b, p.fail("expected a string")
	}
	from := len(b)
	for p.at < len(p.in) {
		ch := p.in[p.at]
		p.at++
		switch {
		case ch == '"':
			if !utf8.Valid(b[from:]) {
				return b, p.fail("the text is not UTF-8")
			}
			return b, nil
		case ch < ' ':
			return b, p.fail("a control character in a string")
		case ch != '\\':
			b = append(b, ch)
		default:
			var err error
			if b, err = p.escape(b); err != nil {
				return b, err
			}
		}
	}
	return b, p.fail("the text ends inside a string")
}

func (p *parser) escape(b []byte) ([]byte, error) {
	if p.at == len(p.in) {
		return b, p.fail("the text ends inside a string")
	}
	ch := p.in[p.at]
	p.at++
	switch ch {
	case '"', '\\', '/':
		return append(b, ch), nil
	case 'b':
		return append(b, '\b'), nil
	case 'f':
		return append(b, '\f'), nil
	case 'n':
		return append(b, '\n'), nil
	case 'r':
		return append(b, '\r'), nil
	case 't':
		return append(b, '\t'), nil
	case 'u':
		return p.unicode(b)
	}
	return b, p.fail("an unknown escape")
}

// unicode reads what follows \u. Half a surrogate pair becomes U+FFFD.
func (p *parser) unicode(b []byte) ([]byte, error) {
	r, err := p.hex4()
	if err != nil {
		return b, err
	}
	if utf16.IsSurrogate(r) && p.at+1 < len(p.in) && p.in[p.at] == '\\' && p.in[p.at+1] == 'u' {
		back := p.at
		p.at += 2
		low, err := p.hex4()
		if err != nil {
			return b, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return utf8.AppendRune(b, pair), nil
		}
		p.at = back
	}
	return utf8.AppendRune(b, r), nil // a surrogate is appended as U+FFFD
}

func (p *parser) hex4() (rune, error) {
	if len(p.in)-p.at < 4 {
		return 0, p.fail("the text ends inside a string")
	}
	n, err := strconv.ParseUint(string(p.in[p.at:p.at+4]), 16, 32)
	if err != nil {
		return 0, p.fail("expected four hexadecimal digits")
	}
	p.at += 4
	return rune(n), nil
}

// skip reads any value and forgets it.
func (p *parser) skip() error {
	switch ch := p.peek(); {
	case ch == '"':
		_, err := p.text()
		return err
	case ch == '{':
		return p.list('{', '}', func() error {
			if _, err := p.text(); err != nil {
				return err
			}
			if !p.accept(':') {
				return p.fail("expected ':'")
			}
			return p.skip()
		})
	case ch == '[':
		return p.list('[', ']', p.skip)
	case ch == 't':
		return p.word("true")
	case ch == 'f':
		return p.word("false")
	case ch == 'n':
		return p.word("null")
	}
	_, err := p.number()
	return err
}
