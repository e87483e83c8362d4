package kv

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestListPagesThroughAPrefix(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	var want []string
	for i := range 25 {
		want = append(want, fmt.Sprintf("b%02d", i))
	}
	for _, key := range append([]string{"a", "b", "c", "ba"}, want...) {
		put(t, n, key, "v", PutOptions{Metadata: []byte(`"` + key + `"`)})
	}
	want = append([]string{"b"}, append(want, "ba")...)
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []string
		o := ListOptions{Prefix: "b", Limit: limit}
		for pages := 0; ; pages++ {
			page, err := n.List(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range page.Keys {
				got = append(got, k.Name)
				if string(k.Metadata) != `"`+k.Name+`"` {
					t.Errorf("metadata of %s is %s", k.Name, k.Metadata)
				}
			}
			if page.Complete != (page.Cursor == "") || page.Complete != (len(got) >= len(want)) {
				t.Fatalf("limit %d: complete %v with cursor %q after %d keys", limit, page.Complete, page.Cursor, len(got))
			}
			if o.Cursor = page.Cursor; page.Complete {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
}

func TestListGoesOnAfterItsCursorWasDeleted(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	for _, key := range []string{"a", "b", "c"} {
		put(t, n, key, "v", PutOptions{})
	}
	page, err := n.List(ctx, ListOptions{Limit: 2})
	if err != nil || page.Cursor != "Yg==" {
		t.Fatalf("cursor %q, %v", page.Cursor, err)
	}
	if err := n.Delete(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	put(t, n, "b0", "v", PutOptions{})
	if got := names(t, n, ListOptions{Cursor: page.Cursor}); !slices.Equal(got, []string{"b0", "c"}) {
		t.Errorf("went on with %q", got)
	}
}

func TestListHasADefaultLimit(t *testing.T) {
	t.Parallel()
	s, _ := openStore(t, t.TempDir())
	n := namespace(t, s, "ns")
	pairs := make([]Pair, MaxListKeys+1)
	for i := range pairs {
		pairs[i].Key = fmt.Sprintf("%04d", i)
	}
	if err := n.PutBulk(ctx, pairs); err != nil {
		t.Fatal(err)
	}
	page, err := n.List(ctx, ListOptions{})
	if err != nil || len(page.Keys) != MaxListKeys || page.Complete {
		t.Errorf("%d keys, complete %v, %v", len(page.Keys), page.Complete, err)
	}
}

func FuzzListCursor(f *testing.F) {
	for _, c := range []string{"", "Yg==", "Yg", "%%%", "Yh==", "////", strings.Repeat("A", 5000), "Y\ng=="} {
		f.Add(c, "b")
	}
	s, _ := openStore(f, f.TempDir())
	n := namespace(f, s, "ns")
	all := []string{"a", "b", "b\x00", "bb", "c", "\xff"}
	for _, key := range all {
		put(f, n, key, "v", PutOptions{})
	}
	f.Fuzz(func(t *testing.T, cursor, prefix string) {
		page, err := n.List(ctx, ListOptions{Cursor: cursor, Prefix: prefix})
		if err != nil {
			return
		}
		last, err := decodeCursor(cursor)
		if cursor != "" && err != nil {
			t.Fatalf("list took the cursor %q that cannot be decoded", cursor)
		}
		var want []string
		for _, key := range all {
			if strings.HasPrefix(key, prefix) && (cursor == "" || key > last) {
				want = append(want, key)
			}
		}
		var got []string
		for _, k := range page.Keys {
			got = append(got, k.Name)
		}
		if !slices.Equal(got, want) || !page.Complete {
			t.Fatalf("after %q with prefix %q: %q, want %q", last, prefix, got, want)
		}
	})
}

func FuzzCursorRoundTrip(f *testing.F) {
	f.Add("key")
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > MaxKeyBytes {
			return
		}
		if got, err := decodeCursor(encodeCursor(name)); err != nil || got != name {
			t.Fatalf("%q became %q, %v", name, got, err)
		}
	})
}
