package r2test

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"

	"flint/r2"
	"flint/r2/driver"
)

// uploadSums has checksums of parts, also of uploads that another run began.
func uploadSums(p *place) {
	first := bytes.Repeat([]byte("part"), r2.MinPartSize/4)
	sums := map[string][]byte{}
	for name, full := range map[string]bool{"SHA256": false, r2.FullObject: true} {
		id := p.upload(name, r2.MultipartOptions{Checksum: name})
		p.again()
		_, err := p.b.UploadPartWith(p.Context(), name, id, 1, strings.NewReader("x"), r2.PartOptions{Size: 1, Checksum: "CRC32", Sum: make([]byte, 4)})
		if err == nil || !strings.Contains(err.Error(), "expected checksum Type: "+name) {
			p.Errorf("%s: another checksum: %v", name, err)
		}
		parts := []r2.Part{p.part(name, id, 1, first), p.part(name, id, 2, []byte("end"))}
		p.again()
		l, err := p.b.ListParts(p.Context(), name, id, 0, 0)
		if err != nil || l.Checksum != name || len(l.Parts) != 2 || len(l.Parts[0].Sum) == 0 {
			p.Fatalf("%s: %+v, %v", name, l, err)
		}
		want := sha256.New()
		if full {
			want = driver.NewCRC64NVME()
			want.Write(first)
			want.Write([]byte("end"))
		} else {
			want.Write(l.Parts[0].Sum)
			want.Write(l.Parts[1].Sum)
		}
		sums[name] = want.Sum(nil)
		wrong := r2.CompleteOptions{Checksum: name, Sum: l.Parts[0].Sum}
		if _, err := p.b.CompleteMultipartWith(p.Context(), name, id, parts, wrong); err == nil || !strings.Contains(err.Error(), "did not match") {
			p.Errorf("%s: a wrong sum: %v", name, err)
		}
		if _, err := p.b.CompleteMultipartWith(p.Context(), name, id, parts, r2.CompleteOptions{Checksum: name, Sum: sums[name]}); err != nil {
			p.Fatal(err)
		}
	}
	p.again()
	for name, want := range sums {
		o, err := p.b.Head(p.Context(), name)
		if err != nil || !slices.Equal(o.Checksums.Named(name), want) || (o.Checksums.Parts == 2) == (name == r2.FullObject) {
			p.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	_, err := p.b.CreateMultipart(p.Context(), "k", r2.MultipartOptions{Checksum: "MD4"})
	if err == nil || !strings.Contains(err.Error(), "MD4 is none of") {
		p.Errorf("MD4: %v", err)
	}
}

// partSpans finds the parts of an object by their numbers.
func partSpans(p *place) {
	id := p.upload("parts", r2.MultipartOptions{})
	parts := []r2.Part{p.part("parts", id, 1, make([]byte, r2.MinPartSize)), p.part("parts", id, 2, []byte("end"))}
	if _, err := p.b.CompleteMultipart(p.Context(), "parts", id, parts); err != nil {
		p.Fatal(err)
	}
	p.put("whole", "content")
	p.put("empty", "")
	for _, c := range []struct {
		key    string
		number int
		span   r2.Span
		count  int
		err    error
	}{
		{"parts", 1, r2.Span{Length: r2.MinPartSize}, 2, nil},
		{"parts", 2, r2.Span{Offset: r2.MinPartSize, Length: 3}, 2, nil},
		{"parts", 3, r2.Span{}, 2, nil},
		{"whole", 1, r2.Span{Length: 7}, 0, nil},
		{"whole", 2, r2.Span{}, 0, nil},
		{"empty", 1, r2.Span{}, 0, nil},
		{"none", 1, r2.Span{}, 0, r2.ErrNoSuchKey},
	} {
		span, count, err := p.b.PartSpan(p.Context(), c.key, c.number)
		p.wantErr(c.key, err, c.err)
		if span != c.span || count != c.count {
			p.Errorf("%s %d: %+v of %d, want %+v of %d", c.key, c.number, span, count, c.span, c.count)
		}
	}
}
