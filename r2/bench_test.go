package r2

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	"flint/r2/driver"
)

func benchPut(b *testing.B, bucket *Bucket, size int64, distinct int) {
	data := bytes.Repeat([]byte("x"), int(size))
	b.SetBytes(size)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		_, err := bucket.Put(context.Background(), fmt.Sprintf("key-%d", i%distinct), bytes.NewReader(data),
			PutOptions{Size: size, HTTP: HTTPMetadata{ContentType: "text/plain"}})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func benchGet(b *testing.B, bucket *Bucket, size int64) {
	if _, err := bucket.Put(context.Background(), "key", bytes.NewReader(make([]byte, size)), PutOptions{Size: size}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		body, err := bucket.Get(context.Background(), "key", GetOptions{})
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, body.Content); n != size || err != nil {
			b.Fatal(n, err)
		}
		body.Content.Close()
	}
}

func BenchmarkPut1KiB(b *testing.B)    { benchPut(b, fresh(b), 1<<10, 1000) }
func BenchmarkPutNew1KiB(b *testing.B) { benchPut(b, fresh(b), 1<<10, 1<<30) }
func BenchmarkGet1KiB(b *testing.B)    { benchGet(b, fresh(b), 1<<10) }
func BenchmarkPut1MiB(b *testing.B)    { benchPut(b, fresh(b), 1<<20, 100) }
func BenchmarkGet1MiB(b *testing.B)    { benchGet(b, fresh(b), 1<<20) }

func fresh(b *testing.B) *Bucket {
	bucket, _ := newBucket(b)
	return bucket
}

// BenchmarkInlineOrFile is what maxInline was chosen by.
func BenchmarkInlineOrFile(b *testing.B) {
	for _, kib := range []int64{1, 4, 16, 64} {
		for place, inline := range map[string]int64{"inline": driver.MaxInline, "file": 0} {
			bucket := fresh(b)
			bucket.store.env.Inline = inline
			b.Run(fmt.Sprintf("put/%dKiB/%s", kib, place), func(b *testing.B) { benchPut(b, bucket, kib<<10, 1000) })
			b.Run(fmt.Sprintf("get/%dKiB/%s", kib, place), func(b *testing.B) { benchGet(b, bucket, kib<<10) })
		}
	}
}
