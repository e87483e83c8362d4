package codec

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"flint/d1/csqlite"
)

// Parser reads JSON straight into packed values. It keeps no part of the text
// that it reads.
type Parser struct {
	In     []byte
	At     int
	depth  int
	Packed []byte // parameters of all queries, one after the other
	Reason string // the last failure, without its place
}

// maxDepth bounds the nesting of what a request may hold.
const maxDepth = 64

// Fail says why the text is refused, and where.
func (p *Parser) Fail(why string) error {
	p.Reason = why
	return Malformed(why + " at offset " + strconv.Itoa(p.At))
}

// Peek is the next byte that is not white space, 0 at the end.
func (p *Parser) Peek() byte {
	for ; p.At < len(p.In); p.At++ {
		switch ch := p.In[p.At]; ch {
		case ' ', '\t', '\n', '\r':
		default:
			return ch
		}
	}
	return 0
}

// Accept takes the next byte if it is ch, white space before it included.
func (p *Parser) Accept(ch byte) bool {
	if p.Peek() != ch {
		return false
	}
	p.At++
	return true
}

// List reads a bracketed list, item by item.
func (p *Parser) List(open, end byte, item func() error) error {
	if !p.Accept(open) {
		return p.Fail("expected '" + string(open) + "'")
	}
	if p.depth++; p.depth > maxDepth {
		return p.Fail("too deeply nested")
	}
	defer func() { p.depth-- }()
	if p.Accept(end) {
		return nil
	}
	for {
		if err := item(); err != nil {
			return err
		}
		if p.Accept(end) {
			return nil
		}
		if !p.Accept(',') {
			return p.Fail("expected ',' or '" + string(end) + "'")
		}
	}
}

// PackText packs a string.
func (p *Parser) PackText() error {
	head := len(p.Packed)
	p.Packed = PackBytes(p.Packed, csqlite.Text, "")
	var err error
	p.Packed, err = p.appendText(p.Packed)
	PutLength(p.Packed, head)
	return err
}

// Number reads a number; one that is too large is infinite, as in JavaScript.
func (p *Parser) Number() (float64, error) {
	p.Peek()
	start := p.At
	for p.At < len(p.In) {
		ch := p.In[p.At]
		if ch >= '0' && ch <= '9' || ch == '-' || ch == '+' || ch == '.' || ch == 'e' || ch == 'E' {
			p.At++
			continue
		}
		break
	}
	if n, ok := smallInteger(p.In[start:p.At]); ok {
		return n, nil
	}
	f, err := strconv.ParseFloat(string(p.In[start:p.At]), 64)
	if err != nil && (start == p.At || !isRange(err)) {
		return 0, p.Fail("expected a number")
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

// Word takes a word such as null.
func (p *Parser) Word(w string) error {
	if len(p.In)-p.At < len(w) || string(p.In[p.At:p.At+len(w)]) != w {
		return p.Fail("expected " + w)
	}
	p.At += len(w)
	return nil
}

// Text reads a string.
func (p *Parser) Text() (string, error) {
	if p.Peek() == '"' { // most strings have no escape
		for i := p.At + 1; i < len(p.In); i++ {
			switch ch := p.In[i]; {
			case ch == '"':
				s := string(p.In[p.At+1 : i])
				if !utf8.ValidString(s) {
					return "", p.Fail("the text is not UTF-8")
				}
				p.At = i + 1
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
func (p *Parser) appendText(b []byte) ([]byte, error) {
	if !p.Accept('"') {
		return b, p.Fail("expected a string")
	}
	from := len(b)
	for p.At < len(p.In) {
		ch := p.In[p.At]
		p.At++
		switch {
		case ch == '"':
			if !utf8.Valid(b[from:]) {
				return b, p.Fail("the text is not UTF-8")
			}
			return b, nil
		case ch < ' ':
			return b, p.Fail("a control character in a string")
		case ch != '\\':
			b = append(b, ch)
		default:
			var err error
			if b, err = p.escape(b); err != nil {
				return b, err
			}
		}
	}
	return b, p.Fail("the text ends inside a string")
}

func (p *Parser) escape(b []byte) ([]byte, error) {
	if p.At == len(p.In) {
		return b, p.Fail("the text ends inside a string")
	}
	ch := p.In[p.At]
	p.At++
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
	return b, p.Fail("an unknown escape")
}

// unicode reads what follows \u. Half a surrogate pair becomes U+FFFD.
func (p *Parser) unicode(b []byte) ([]byte, error) {
	r, err := p.hex4()
	if err != nil {
		return b, err
	}
	if utf16.IsSurrogate(r) && p.At+1 < len(p.In) && p.In[p.At] == '\\' && p.In[p.At+1] == 'u' {
		back := p.At
		p.At += 2
		low, err := p.hex4()
		if err != nil {
			return b, err
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return utf8.AppendRune(b, pair), nil
		}
		p.At = back
	}
	return utf8.AppendRune(b, r), nil // a surrogate is appended as U+FFFD
}

func (p *Parser) hex4() (rune, error) {
	if len(p.In)-p.At < 4 {
		return 0, p.Fail("the text ends inside a string")
	}
	n, err := strconv.ParseUint(string(p.In[p.At:p.At+4]), 16, 32)
	if err != nil {
		return 0, p.Fail("expected four hexadecimal digits")
	}
	p.At += 4
	return rune(n), nil
}

// Skip reads any value and forgets it.
func (p *Parser) Skip() error {
	switch ch := p.Peek(); {
	case ch == '"':
		_, err := p.Text()
		return err
	case ch == '{':
		return p.List('{', '}', func() error {
			if _, err := p.Text(); err != nil {
				return err
			}
			if !p.Accept(':') {
				return p.Fail("expected ':'")
			}
			return p.Skip()
		})
	case ch == '[':
		return p.List('[', ']', p.Skip)
	case ch == 't':
		return p.Word("true")
	case ch == 'f':
		return p.Word("false")
	case ch == 'n':
		return p.Word("null")
	}
	_, err := p.Number()
	return err
}

// RawText reads a string and returns it as it stands, with its quotes.
func (p *Parser) RawText() ([]byte, error) {
	if p.Peek() != '"' {
		return nil, p.Fail("expected a string")
	}
	from := p.At
	for i := from + 1; i < len(p.In); i++ {
		if ch := p.In[i]; ch == '\\' || ch < ' ' || ch >= 0x80 {
			break
		} else if ch == '"' {
			p.At = i + 1
			return p.In[from:p.At], nil
		}
	}
	_, err := p.Text()
	return p.In[from:p.At], err
}

// PackPlain packs a string; most have nothing to undo.
func (p *Parser) PackPlain() error {
	for i := p.At + 1; i < len(p.In); i++ {
		if ch := p.In[i]; ch == '\\' || ch < ' ' || ch >= 0x80 {
			break
		} else if ch == '"' {
			p.Packed = PackBytes(p.Packed, csqlite.Text, p.In[p.At+1:i])
			p.At = i + 1
			return nil
		}
	}
	return p.PackText()
}

// PackNumber packs a number: INTEGER where it is one and fits, else REAL.
func (p *Parser) PackNumber() error {
	from := p.At
	f, err := p.Number()
	if err != nil {
		return err
	}
	text := p.In[from:p.At]
	if !bytes.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
			p.Packed = binary.NativeEndian.AppendUint64(append(p.Packed, csqlite.Integer), uint64(n))
			return nil
		}
	}
	p.Packed = PackReal(p.Packed, f)
	return nil
}
