package r2

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"flint/r2/driver"
)

func TestListOrderAndPages(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	for _, k := range []string{"b", "a", "Z", "ü", "😀", "\uffff", "a/2", "a/1"} {
		put(t, b, k, k)
	}
	l, err := b.List(context.Background(), ListOptions{})
	if err != nil || keysOf(l) != "Z a a/1 a/2 b ü \uffff 😀" || l.Truncated() {
		t.Errorf("list %q, %v", keysOf(l), err)
	}
	for limit := 1; limit <= 8; limit++ {
		var got []string
		opts := ListOptions{Limit: limit}
		for {
			l, err := b.List(context.Background(), opts)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, keysOf(l))
			if opts.Cursor = l.Cursor; !l.Truncated() {
				break
			}
		}
		if strings.Join(got, " ") != "Z a a/1 a/2 b ü \uffff 😀" || len(got) != (8+limit-1)/limit {
			t.Errorf("limit %d: %q", limit, got)
		}
	}
}

// Groups that are larger than what a scan steps over, and what they hide.
func TestListLargeGroups(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	for i := range 3 * driver.MaxSkip {
		put(t, b, fmt.Sprintf("g/%04d", i), "")
		put(t, b, fmt.Sprintf("h/%04d", i), "")
	}
	put(t, b, "g0", "")
	put(t, b, "i", "")
	l, err := b.List(context.Background(), ListOptions{Delimiter: "/"})
	if err != nil || keysOf(l) != "g0 i" || strings.Join(l.Prefixes, " ") != "g/ h/" || l.Truncated() {
		t.Errorf("%q %q %v", keysOf(l), l.Prefixes, err)
	}
	l, err = b.List(context.Background(), ListOptions{Delimiter: "/", Limit: 1})
	if err != nil || len(l.Prefixes) != 1 || !l.Truncated() {
		t.Fatalf("%q %q %v", keysOf(l), l.Prefixes, err)
	}
	// A key that arrives in the group between the pages does not repeat the group.
	put(t, b, "g/9999", "")
	l, err = b.List(context.Background(), ListOptions{Delimiter: "/", Cursor: l.Cursor})
	if err != nil || keysOf(l) != "g0 i" || strings.Join(l.Prefixes, " ") != "h/" {
		t.Errorf("%q %q %v", keysOf(l), l.Prefixes, err)
	}
}

func TestListLimits(t *testing.T) {
	t.Parallel()
	b, _ := newBucket(t)
	pad := strings.Repeat("\x01", 1000)
	for i := range 200 {
		put(t, b, fmt.Sprintf("%04d%s", i, pad), "")
	}
	var n, pages int
	opts := ListOptions{}
	for ; ; pages++ {
		l, err := b.List(context.Background(), opts)
		if err != nil {
			t.Fatal(err)
		}
		if text := appendListing(nil, l, allMetadata); len(text) > 1<<20 {
			t.Fatalf("a page of %d bytes: workerd refuses more than 1 MiB", len(text))
		}
		if n += len(l.Objects); !l.Truncated() {
			break
		}
		opts.Cursor = l.Cursor
	}
	if n != 200 || pages == 0 {
		t.Errorf("%d objects in %d pages", n, pages+1)
	}
	for _, limit := range []int{-1, MaxListKeys + 1} {
		if _, err := b.List(context.Background(), ListOptions{Limit: limit}); !errors.Is(err, ErrInvalidMaxKeys) {
			t.Errorf("limit %d: %v", limit, err)
		}
	}
	if err := b.Delete(context.Background(), make([]string, MaxDeleteKeys+1)...); !errors.Is(err, errTooManyKeys) {
		t.Errorf("delete of 1001: %v", err)
	}
	if err := b.Delete(context.Background(), make([]string, MaxDeleteKeys)...); err != nil {
		t.Errorf("delete of 1000: %v", err)
	}
}
