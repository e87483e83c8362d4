package d1

import (
	"flint/d1/codec"
	"flint/d1/csqlite"
)

// requestParser reads the JSON of a request straight into queries with packed
// parameters: {"sql":"…","params":[…]} or an array of those, for REST clients
// also {"batch":[…]}. Unknown members are skipped.
type requestParser struct{ codec.Parser }

// parseRequest reads a request. single tells {"sql":…} from an array.
func parseRequest(in []byte) (qs []query, single bool, err error) {
	p := requestParser{codec.Parser{In: in}}
	switch p.Peek() {
	case '[':
		qs, err = p.queries()
	case '{':
		var q query
		if q, qs, err = p.object(true); err == nil && qs == nil {
			qs, single = []query{q}, true
		}
	default:
		err = p.Fail("expected an object or an array")
	}
	if p.Peek(); err == nil && p.At < len(in) {
		err = p.Fail("text after the end")
	}
	return qs, single, err
}

func (p *requestParser) queries() ([]query, error) {
	qs := []query{}
	err := p.List('[', ']', func() error {
		if len(qs) >= maxBatch {
			return codec.Malformed("too many statements in one batch")
		}
		q, _, err := p.object(false)
		qs = append(qs, q)
		return err
	})
	return qs, err
}

// object reads {"sql","params"}, and {"batch"} where that is allowed.
func (p *requestParser) object(batch bool) (q query, qs []query, err error) {
	hasSQL := false
	err = p.List('{', '}', func() error {
		key, err := p.Text()
		if err != nil {
			return err
		}
		if !p.Accept(':') {
			return p.Fail("expected ':'")
		}
		switch {
		case key == "sql":
			hasSQL = true
			q.sql, err = p.Text()
		case key == "params":
			q.params, q.count, err = p.params()
		case key == "batch" && batch:
			qs, err = p.queries()
		default:
			err = p.Skip()
		}
		return err
	})
	if err == nil && !hasSQL && qs == nil {
		err = codec.Malformed(`"sql" is missing`)
	}
	return q, qs, err
}

// params reads an array of parameters, or null.
func (p *requestParser) params() (packed []byte, count int, err error) {
	if p.Peek() == 'n' {
		return nil, 0, p.Word("null")
	}
	start := len(p.Packed)
	err = p.List('[', ']', func() error {
		count++
		return p.param()
	})
	return p.Packed[start:len(p.Packed):len(p.Packed)], count, err
}

func (p *requestParser) param() error {
	switch ch := p.Peek(); {
	case ch == '"':
		return p.PackText()
	case ch == '-' || ch >= '0' && ch <= '9':
		f, err := p.Number()
		p.Packed = codec.PackReal(p.Packed, f)
		return err
	case ch == 'n':
		p.Packed = append(p.Packed, csqlite.Null)
		return p.Word("null")
	case ch == 't':
		p.Packed = codec.PackReal(p.Packed, 1)
		return p.Word("true")
	case ch == 'f':
		p.Packed = codec.PackReal(p.Packed, 0)
		return p.Word("false")
	case ch == '[':
		return p.packBlob()
	}
	return p.Fail("a parameter must be a string, a number, a boolean, null or an array of bytes")
}

// packBlob reads an array of numbers as a BLOB. A number outside a byte wraps
// around, as in a Uint8Array.
func (p *requestParser) packBlob() error {
	head := len(p.Packed)
	p.Packed = codec.PackBytes(p.Packed, csqlite.Blob, "")
	err := p.List('[', ']', func() error {
		f, err := p.Number()
		p.Packed = append(p.Packed, toByte(f))
		return err
	})
	codec.PutLength(p.Packed, head)
	return err
}

func toByte(f float64) byte {
	if f >= -(1<<53) && f <= 1<<53 {
		return byte(int64(f))
	}
	return 0
}
