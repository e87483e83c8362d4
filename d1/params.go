package d1

import (
	"encoding/binary"
	"fmt"
	"math"

	"flint/d1/csqlite"
)

// packParams packs Go values as parameters. Numbers are bound as REAL and
// booleans as 1 or 0, as the runtime binds JavaScript's; the column that they
// are stored in decides what becomes of them. []byte is a BLOB.
func packParams(params []any) ([]byte, error) {
	var b []byte
	for _, p := range params {
		var err error
		if b, err = packParam(b, p); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func packParam(b []byte, p any) ([]byte, error) {
	switch v := p.(type) {
	case nil:
		return append(b, csqlite.Null), nil
	case string:
		return packBytes(b, csqlite.Text, v), nil
	case []byte:
		return packBytes(b, csqlite.Blob, v), nil
	case float64:
		return packReal(b, v), nil
	case float32:
		return packReal(b, float64(v)), nil
	case int:
		return packReal(b, float64(v)), nil
	case int64:
		return packReal(b, float64(v)), nil
	case int32:
		return packReal(b, float64(v)), nil
	case bool:
		if v {
			return packReal(b, 1), nil
		}
		return packReal(b, 0), nil
	}
	return nil, malformed(fmt.Sprintf(msgUnsupportedParam, fmt.Sprintf("%T", p), fmt.Sprint(p)))
}

func packReal(b []byte, f float64) []byte {
	b = append(b, csqlite.Real)
	return binary.NativeEndian.AppendUint64(b, math.Float64bits(f))
}

func packBytes[T string | []byte](b []byte, kind byte, data T) []byte {
	b = append(b, kind)
	b = binary.NativeEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

// putLength completes the packed text or BLOB that begins at head and ends the
// buffer.
func putLength(b []byte, head int) {
	binary.NativeEndian.PutUint32(b[head+1:], uint32(len(b)-head-5))
}
