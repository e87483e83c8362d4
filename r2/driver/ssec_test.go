package driver

import (
	"bytes"
	"strings"
	"testing"
)

// Counter blocks carry into their upper half.
var rightKey = &SSECKey{1, 2, 3}

func TestSSECStreamCarries(t *testing.T) {
	t.Parallel()
	blob := strings.Repeat("f", 32)
	whole := make([]byte, 200)
	s, err := rightKey.stream(blob, 0)
	if err != nil {
		t.Fatal(err)
	}
	s.XORKeyStream(whole, whole)
	for offset := range int64(100) {
		part := make([]byte, 100)
		s, err := rightKey.stream(blob, offset)
		if err != nil {
			t.Fatal(err)
		}
		if s.XORKeyStream(part, part); !bytes.Equal(part, whole[offset:offset+100]) {
			t.Fatalf("offset %d differs", offset)
		}
	}
}
