package r2

import (
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	make := func(flags ...string) *filter {
		f := &filter{}
		for _, s := range flags {
			if err := (&filterFlag{f, s[0] == '+'}).Set(s[1:]); err != nil {
				t.Fatal(err)
			}
		}
		return f
	}
	for _, c := range []struct {
		flags []string
		takes string
		not   string
	}{
		{nil, "a a/b", ""},
		{[]string{"-*.map"}, "a.js a.map.js", "a.map x/a.map"},
		{[]string{"-node_modules"}, "node_modules2/a a/node", "node_modules/a x/node_modules/b/c node_modules"},
		{[]string{"-/img"}, "x/img/a", "img/a img"},
		{[]string{"-img/*.psd"}, "img/x/a.psd a.psd x/img/a.psd", "img/a.psd"},
		{[]string{"-img/**/*.psd"}, "a.psd img/a.png", "img/a.psd img/x/y/a.psd"},
		{[]string{"-**/tmp"}, "tmpx", "tmp a/tmp a/b/tmp/c"},
		{[]string{"-a?c"}, "ac a/c abbc", "abc x/abc"},
		{[]string{"+*.html"}, "a.html x/a.html", "a.js"},
		{[]string{"-*", "+*.html"}, "a.html x/a.html", "a.js x/a.js"},
		{[]string{"+*.html", "-draft"}, "a.html", "draft/a.html a.js"},
		{[]string{"-a[1].txt"}, "a1.txt", "a[1].txt"},
	} {
		f := make(c.flags...)
		for _, path := range strings.Fields(c.takes) {
			if !f.takes(path) {
				t.Errorf("%q leaves out %s", c.flags, path)
			}
		}
		for _, path := range strings.Fields(c.not) {
			if f.takes(path) {
				t.Errorf("%q takes %s", c.flags, path)
			}
		}
	}
}

// Content that was uploaded in parts is known again, with whatever parts.
func TestSameContent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(0, 24<<20).Draw(t, "size")
		part := rapid.SampledFrom(append([]int64{5, 8, 16}, commonParts...)).Draw(t, "part") << 20
		zeros := func() io.ReadCloser { return io.NopCloser(io.LimitReader(zeroReader{}, size)) }
		for _, hash := range []func(io.Reader) (string, error){plainETag, func(r io.Reader) (string, error) { return PartsETag(r, part) }} {
			etag, err := hash(zeros())
			if err != nil {
				t.Fatal(err)
			}
			open := func() (io.ReadCloser, error) { return zeros(), nil }
			if same, err := sameContent(open, size, etag); err != nil || !same {
				t.Fatalf("%d bytes, %s: %v %v", size, etag, same, err)
			}
			if same, err := sameContent(open, size, "x"+etag[1:]); err != nil || same {
				t.Fatalf("other content is the same: %v", err)
			}
		}
	})
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestPartSize(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]int64{{1, 0, 64 << 20}, {6 << 30, 0, 64 << 20}, {5 << 40, 0, 525 << 20}, {5 << 40, 5 << 20, 525 << 20}, {100 << 20, 5 << 20, 5 << 20}} {
		got := partSize(c[0], c[1])
		if got != c[2] || (c[0]+got-1)/got > maxParts {
			t.Errorf("partSize(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}
