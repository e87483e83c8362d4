package r2

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"flint/r2/driver"
)

// Whatever a frame says, it is a request or a clear error.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		`{"version":1,"method":"get","object":"k","range":{"offset":"1","length":2},"onlyIf":{"etagMatches":[{"type":"weak","value":"x"}],"uploadedAfter":"18446744073709551615"}}`,
		`{"method":"put","object":"k","md5":"XUFAKrxLKna5cZ2REBfFkg==","httpFields":{"cacheExpiry":"-1"},"customFields":[{"k":"a","v":"b"}]}`,
		`{"method":"list","limit":"10","include":[0,1],"newRuntime":true}`, `{"method":"delete","objects":["a"]}`, `{"method":"get","object":"k","ssec":{"key":"0101010101010101010101010101010101010101010101010101010101010101"}}`, `{"ssec":{}}`, `[]`, ``,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRequest(data)
		if err != nil {
			return
		}
		o := &Object{Size: 10, ETag: "x", Uploaded: noon}
		if span, err := r.getOptions().Range.Resolve(o); err == nil && (span.Offset < 0 || span.Length < 0 || span.Offset+span.Length > o.Size) {
			t.Fatalf("span %+v", span)
		}
		r.getOptions().OnlyIf.Holds(o)
		opts := r.putOptions(0)
		o.Key, o.HTTP, o.Custom, o.Checksums = r.key(), opts.HTTP, opts.Custom, opts.Checksums
		if text := appendObject(nil, o, allMetadata); !json.Valid(text) {
			t.Fatalf("invalid JSON %s", text)
		}
		if l, err := r.listOptions(); err == nil {
			if p, err := driver.NewPage(l); err == nil && (p.Limit < 1 || p.Limit > MaxListKeys) {
				t.Fatalf("limit %d", p.Limit)
			}
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=0-1,2-3", " BYTES = 1 - 2 ", "bytes=-0", "bytes=9-1", "bytes=99999999999999999999-", "bytes=", "x"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 0 {
			return
		}
		for _, strict := range []bool{false, true} {
			r := &Range{Header: header, Strict: strict}
			span, err := r.Resolve(&Object{Size: size, Uploaded: noon})
			if err != nil {
				continue
			}
			if span.Offset < 0 || span.Length < 0 || span.Offset > size || span.Length > size-span.Offset {
				t.Fatalf("%q of %d: %+v", header, size, span)
			}
			if strict && span.Length == 0 {
				t.Fatalf("%q of %d: an empty range", header, size)
			}
		}
	})
}

func FuzzConditional(f *testing.F) {
	for _, s := range []string{`"a"`, `W/"a", "b"`, `*`, `"a`, `a`, `"a" "b"`, `,,"a",`, `W/`, ""} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, match, noneMatch string) {
		c, err := driver.ParseConditional(http.Header{"If-Match": {match}, "If-None-Match": {noneMatch}})
		if err != nil {
			return
		}
		for _, tags := range [][]ETag{c.Matches, c.DoesNotMatch} {
			if len(tags) == 0 {
				t.Fatalf("%q %q: a condition without ETags", match, noneMatch)
			}
			for _, tag := range tags {
				if strings.Contains(tag.Value, `"`) {
					t.Fatalf("%q: ETag %q", match, tag.Value)
				}
			}
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("MQ", "key")
	f.Fuzz(func(t *testing.T, cursor, key string) {
		driver.DecodeCursor(cursor)
		if got, ok := driver.DecodeCursor(driver.EncodeCursor(key)); !ok || got != key {
			t.Fatalf("%q came back as %q %v", key, got, ok)
		}
		if text := appendString(nil, key); utf8.ValidString(key) {
			var back string
			if err := json.Unmarshal(text, &back); err != nil || back != key {
				t.Fatalf("%q as JSON: %s %v", key, text, err)
			}
		}
	})
}

// Whatever a client says the rules are, they are refused, or kept as they are read.
func FuzzRules(f *testing.F) {
	for _, s := range []string{
		`[{"id":"a","enabled":true,"conditions":{"prefix":"p"},"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":60}}}]`,
		`[{"abortMultipartUploadsTransition":{"condition":{"type":"Age","maxAge":9223372036854775807}}}]`,
		`[{"storageClassTransitions":[{"condition":{"type":"Date","date":"2026-01-01"},"storageClass":"InfrequentAccess"}]}]`,
		`[{"allowed":{"origins":["http://*.x"],"methods":["GET"],"headers":["x-*"]}}]`, `[]`, `{}`,
	} {
		f.Add(s, "http://a.x")
	}
	f.Fuzz(func(t *testing.T, text, origin string) {
		var rules []LifecycleRule
		if json.Unmarshal([]byte(text), &rules) == nil {
			for i := range rules {
				if rules[i].check() != "" {
					continue
				}
				back, err := json.Marshal(rules[i])
				var again LifecycleRule
				if err != nil || json.Unmarshal(back, &again) != nil || again.check() != "" {
					t.Fatalf("%s came back as %s (%v)", text, back, err)
				}
				for _, tr := range rules[i].transitions() {
					if tr.Condition.due(noon).Before(noon) && tr.Condition.Type == ConditionAge {
						t.Fatalf("%s is due before it is born", text)
					}
				}
			}
		}
		var cors []CORSRule
		if json.Unmarshal([]byte(text), &cors) == nil {
			for i := range cors {
				if m := cors[i].match(origin, "GET", nil); m != nil && cors[i].check() == "" && m.Origin != "*" && m.Origin != origin {
					t.Fatalf("%s answers %q to %q", text, m.Origin, origin)
				}
			}
		}
	})
}
