package r2test

import (
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"strings"

	"flint/internal/cferr"
	"flint/r2"
)

const partSize = r2.MinPartSize

func (p *place) upload(key string, opts r2.MultipartOptions) string {
	p.Helper()
	id, err := p.b.CreateMultipart(p.Context(), key, opts)
	if err != nil {
		p.Fatal(err)
	}
	return id
}

func (p *place) part(key, id string, number int, content []byte) r2.Part {
	p.Helper()
	etag, err := p.b.UploadPart(p.Context(), key, id, number, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		p.Fatal(err)
	}
	return r2.Part{Number: number, ETag: etag}
}

func multipart(p *place) {
	key := "a//dir/../file"
	id := p.upload(key, r2.MultipartOptions{HTTP: r2.HTTPMetadata{ContentType: "a/b"}, Custom: []r2.Field{{Name: "K", Value: "ü"}}, StorageClass: r2.InfrequentAccess})
	one, two := noise(partSize, '1'), []byte("the end")
	p1, p3, p2 := p.part(key, id, 1, one), p.part(key, id, 3, two), p.part(key, id, 2, []byte("small"))
	for name, c := range map[string]struct {
		parts []r2.Part
		want  error
	}{
		"no such part": {[]r2.Part{p1, {Number: 9, ETag: p1.ETag}}, r2.ErrInvalidPart},
		"other etag":   {[]r2.Part{{Number: 1, ETag: p3.ETag}}, r2.ErrInvalidPart},
		"too small":    {[]r2.Part{p2, p3}, r2.ErrEntityTooSmall},
		"twice":        {[]r2.Part{p1, p1}, cferr.Internal},
	} {
		_, err := p.b.CompleteMultipart(p.Context(), key, id, c.parts)
		p.wantErr(name, err, c.want)
	}
	p.want(key, "-")
	o, err := p.b.CompleteMultipart(p.Context(), key, id, []r2.Part{p1, p3})
	if err != nil {
		p.Fatal(err)
	}
	m1, m3 := md5.Sum(one), md5.Sum(two)
	etag := fmt.Sprintf("%x-2", md5.Sum(append(m1[:], m3[:]...)))
	if o.ETag != etag || o.Size != partSize+7 || o.StorageClass != r2.InfrequentAccess || o.Checksums.MD5 != nil || o.HTTP.ContentType != "a/b" || o.Custom[0].Value != "ü" {
		p.Errorf("%s, want etag %s", describe(o), etag)
	}
	if !p.driver.SlowClock && !o.Uploaded.Equal(noon) || o.Uploaded.Sub(noon).Abs().Hours() > 1 {
		p.Errorf("uploaded %s", o.Uploaded)
	}
	p.want(key, string(one)+string(two))
	if h, err := p.b.Head(p.Context(), key); err != nil || describe(h) != describe(o) {
		p.Errorf("%v\n%s\n%s", err, describe(h), describe(o))
	}
	offset, length := int64(partSize-2), int64(5)
	body, err := p.b.Get(p.Context(), key, r2.GetOptions{Range: &r2.Range{Offset: &offset, Length: &length}})
	if err != nil {
		p.Fatal(err)
	}
	defer body.Content.Close()
	if got, err := io.ReadAll(body.Content); err != nil || string(got) != string(one[offset:])+"the" {
		p.Errorf("across parts: %q %v", got, err)
	}
	// What has ended answers otherwise than what never was.
	p.wantErr("abort", p.b.AbortMultipart(p.Context(), key, id), nil)
	_, err = p.b.CompleteMultipart(p.Context(), key, id, []r2.Part{p1})
	p.wantErr("complete again", err, r2.ErrNoSuchUpload)
	_, err = p.b.UploadPart(p.Context(), key, id, 1, strings.NewReader(""), 0)
	p.wantErr("part again", err, r2.ErrNoSuchUpload)
	for _, unknown := range []string{"none", "", id} {
		_, err = p.b.CompleteMultipart(p.Context(), "other key", unknown, nil)
		p.wantErr("complete unknown", err, cferr.Internal)
		p.wantErr("abort unknown", p.b.AbortMultipart(p.Context(), "other key", unknown), cferr.Internal)
		_, err = p.b.UploadPart(p.Context(), "other key", unknown, 1, strings.NewReader(""), 0)
		p.wantErr("part of unknown", err, r2.ErrNoSuchUpload)
	}
	p.empties()
}

// empties are uploads of no bytes.
func (p *place) empties() {
	id := p.upload("empty", r2.MultipartOptions{})
	p.part("empty", id, 4, []byte("unused"))
	if _, err := p.b.CompleteMultipart(p.Context(), "empty", id, nil); err != nil {
		p.Error(err)
	}
	p.want("empty", "")
	id = p.upload("gone", r2.MultipartOptions{})
	p.part("gone", id, 1, []byte("x"))
	p.wantErr("abort", p.b.AbortMultipart(p.Context(), "gone", id), nil)
	p.want("gone", "-")
}

func uploads(p *place) {
	ids := map[string]string{}
	for _, key := range []string{"b", "a/x", "a/y", "..", strings.Repeat("k", 1024)} {
		ids[key] = p.upload(key, r2.MultipartOptions{})
	}
	second := p.upload("b", r2.MultipartOptions{})
	var got []string
	opts := r2.ListUploadsOptions{Limit: 2}
	for more := true; more; {
		l, err := p.b.ListUploads(p.Context(), opts)
		if err != nil {
			p.Fatal(err)
		}
		for _, u := range l.Uploads {
			got = append(got, u.Key)
			if u.ID != ids[u.Key] && u.ID != second {
				p.Errorf("%.20q: %s, want %s", u.Key, u.ID, ids[u.Key])
			}
		}
		opts.KeyMarker, opts.UploadIDMarker, more = l.NextKeyMarker, l.NextUploadIDMarker, l.Truncated
	}
	if want := []string{"..", "a/x", "a/y", "b", "b", strings.Repeat("k", 1024)}; fmt.Sprint(got) != fmt.Sprint(want) {
		p.Errorf("%.40q", got)
	}
	l, err := p.b.ListUploads(p.Context(), r2.ListUploadsOptions{Prefix: "a", Delimiter: "/"})
	if err != nil || len(l.Uploads) != 0 || fmt.Sprint(l.Prefixes) != "[a/]" {
		p.Errorf("%+v %v", l, err)
	}
	p.part("b", second, 5, []byte("55555"))
	p.part("b", second, 2, []byte("22"))
	parts, err := p.b.ListParts(p.Context(), "b", second, 0, 1)
	if err != nil || len(parts.Parts) != 1 || parts.Parts[0].Number != 2 || parts.Parts[0].Size != 2 || !parts.Truncated {
		p.Errorf("%+v %v", parts, err)
	}
	parts, err = p.b.ListParts(p.Context(), "b", second, 2, 0)
	if err != nil || len(parts.Parts) != 1 || parts.Parts[0].Number != 5 || parts.Truncated {
		p.Errorf("%+v %v", parts, err)
	}
	p.wantErr("abort", p.b.AbortMultipart(p.Context(), "b", second), nil)
	_, err = p.b.ListParts(p.Context(), "b", second, 0, 0)
	p.wantErr("parts of what has ended", err, r2.ErrNoSuchUpload)
	if l, err = p.b.ListUploads(p.Context(), r2.ListUploadsOptions{Prefix: "b"}); err != nil || len(l.Uploads) != 1 {
		p.Errorf("%+v %v", l, err)
	}
}

func copies(p *place) {
	other := p.bucket(p.store, "other")
	expiry := noon.UnixMilli()
	opts := r2.PutOptions{Size: 7, HTTP: r2.HTTPMetadata{ContentType: "a/b", CacheExpiry: &expiry}, Custom: []r2.Field{{Name: "K", Value: "ü"}}, StorageClass: r2.InfrequentAccess}
	src, err := p.b.Put(p.Context(), "../src", strings.NewReader("content"), opts)
	if err != nil {
		p.Fatal(err)
	}
	for _, dst := range []*r2.Bucket{p.b, other} {
		o, err := dst.Copy(p.Context(), p.b, "../src", "dst", r2.CopyOptions{})
		if err != nil {
			p.Fatal(err)
		}
		if o.Version == src.Version || o.StorageClass != r2.Standard || o.HTTP.ContentType != "a/b" || *o.HTTP.CacheExpiry != expiry || o.Custom[0].Value != "ü" || o.ETag != src.ETag || !o.Uploaded.Equal(noon) {
			p.Errorf("%s of %s", describe(o), describe(src))
		}
		if h, err := dst.Head(p.Context(), "dst"); err != nil || describe(h) != describe(o) {
			p.Errorf("%v\ncopy %s\nhead %s", err, describe(o), describe(h))
		}
		if got := read(p, dst, "dst"); got != "content" {
			p.Errorf("%q", got)
		}
	}
	o, err := p.b.Copy(p.Context(), p.b, "dst", "dst", r2.CopyOptions{Replace: true, Custom: []r2.Field{{Name: "n", Value: "1"}}, StorageClass: r2.InfrequentAccess})
	if err != nil || len(o.Custom) != 1 || o.HTTP.ContentType != "" || o.StorageClass != r2.InfrequentAccess {
		p.Errorf("onto itself: %+v %v", o, err)
	}
	if h, err := p.b.Head(p.Context(), "dst"); err != nil || describe(h) != describe(o) {
		p.Errorf("%v\ncopy %s\nhead %s", err, describe(o), describe(h))
	}
	_, err = p.b.Copy(p.Context(), p.b, "none", "dst", r2.CopyOptions{})
	p.wantErr("no source", err, r2.ErrNoSuchKey)
	absent := &r2.Conditional{DoesNotMatch: []r2.ETag{{Any: true}}}
	_, err = p.b.Copy(p.Context(), p.b, "../src", "dst", r2.CopyOptions{OnlyIf: absent})
	p.wantErr("destination is there", err, r2.ErrPreconditionFailed)
	_, err = p.b.Copy(p.Context(), p.b, "../src", "new", r2.CopyOptions{SourceOnlyIf: absent})
	p.wantErr("source is there", err, r2.ErrPreconditionFailed)
	_, err = p.b.Copy(p.Context(), p.b, "../src", "new", r2.CopyOptions{OnlyIf: absent, SourceOnlyIf: &r2.Conditional{Matches: []r2.ETag{{Value: src.ETag}}}})
	p.wantErr("both hold", err, nil)
	p.want("new", "content")
}

func copiedParts(p *place) {
	content := noise(partSize+10, 'p')
	src := p.put("src", string(content))
	id := p.upload("dst", r2.MultipartOptions{})
	length, offset, rest := int64(partSize), int64(partSize), int64(10)
	first, err := p.b.UploadPartCopy(p.Context(), "dst", id, 1, p.b, "src", r2.PartCopyOptions{GetOptions: r2.GetOptions{Range: &r2.Range{Length: &length}}})
	if err != nil {
		p.Fatal(err)
	}
	second, err := p.b.UploadPartCopy(p.Context(), "dst", id, 2, p.b, "src", r2.PartCopyOptions{GetOptions: r2.GetOptions{Range: &r2.Range{Offset: &offset, Length: &rest}, OnlyIf: &r2.Conditional{Matches: []r2.ETag{{Value: src.ETag}}}}})
	if err != nil || second.Size != 10 || second.Number != 2 {
		p.Fatalf("%+v %v", second, err)
	}
	_, err = p.b.UploadPartCopy(p.Context(), "dst", id, 3, p.b, "src", r2.PartCopyOptions{GetOptions: r2.GetOptions{OnlyIf: &r2.Conditional{DoesNotMatch: []r2.ETag{{Any: true}}}}})
	p.wantErr("condition", err, r2.ErrPreconditionFailed)
	_, err = p.b.UploadPartCopy(p.Context(), "dst", id, 3, p.b, "none", r2.PartCopyOptions{})
	p.wantErr("no source", err, r2.ErrNoSuchKey)
	_, err = p.b.UploadPartCopy(p.Context(), "dst", "none", 3, p.b, "src", r2.PartCopyOptions{})
	p.wantErr("no upload", err, r2.ErrNoSuchUpload)
	if _, err := p.b.CompleteMultipart(p.Context(), "dst", id, []r2.Part{{Number: 1, ETag: first.ETag}, {Number: 2, ETag: second.ETag}}); err != nil {
		p.Fatal(err)
	}
	p.want("dst", string(content))
	if o, err := p.b.Copy(p.Context(), p.b, "dst", "whole", r2.CopyOptions{}); err != nil || o.Size != int64(len(content)) {
		p.Errorf("a copy of parts: %+v %v", o, err)
	}
	p.want("whole", string(content))
}
