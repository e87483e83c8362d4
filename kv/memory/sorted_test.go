package memory

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSortedAgainstASlice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := sorted[int, int]{before: func(x, key int) bool { return x < key }, is: func(x, key int) bool { return x == key }}
		model := map[int]bool{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			from := rapid.IntRange(0, 3000).Draw(rt, "from")
			count := rapid.IntRange(0, 700).Draw(rt, "count")
			switch rapid.IntRange(0, 3).Draw(rt, "step") {
			case 0, 1:
				for x := from; x < from+count; x++ {
					if _, had := s.put(x, x); had != model[x] {
						rt.Fatalf("put %d replaced: %v", x, had)
					}
					model[x] = true
				}
			case 2:
				for x := from; x < from+count; x++ {
					if _, had := s.delete(x); had != model[x] {
						rt.Fatalf("delete %d found: %v", x, had)
					}
					delete(model, x)
				}
			case 3:
				n := min(count, len(model))
				for _, x := range slices.Sorted(maps.Keys(model))[:n] {
					delete(model, x)
				}
				s.dropFirst(n)
			}
			want := slices.Sorted(maps.Keys(model))
			if got := slices.Collect(s.from(0)); !slices.Equal(got, want) || s.count != len(want) {
				rt.Fatalf("holds %d items (count %d), want %d", len(got), s.count, len(want))
			}
			if _, ok := s.get(from); ok != model[from] {
				rt.Fatalf("get %d: %v", from, ok)
			}
			for _, b := range s.blocks {
				if len(b) == 0 || len(b) > maxBlock {
					rt.Fatalf("a block of %d items", len(b))
				}
			}
		}
	})
}
