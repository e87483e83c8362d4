package d1

import (
	"fmt"

	"flint/d1/codec"
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
		return codec.PackBytes(b, csqlite.Text, v), nil
	case []byte:
		return codec.PackBytes(b, csqlite.Blob, v), nil
	case float64:
		return codec.PackReal(b, v), nil
	case float32:
		return codec.PackReal(b, float64(v)), nil
	case int:
		return codec.PackReal(b, float64(v)), nil
	case int64:
		return codec.PackReal(b, float64(v)), nil
	case int32:
		return codec.PackReal(b, float64(v)), nil
	case bool:
		if v {
			return codec.PackReal(b, 1), nil
		}
		return codec.PackReal(b, 0), nil
	}
	return nil, codec.Malformed(fmt.Sprintf(msgUnsupportedParam, fmt.Sprintf("%T", p), fmt.Sprint(p)))
}
