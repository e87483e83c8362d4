package memory

import "iter"

// slots says where the record of each number is. Numbers that were released
// are used again: they form a list through their own slots.
type slots struct {
	pages    [][]ref
	lastFree uint32 // the number released last plus one, zero for none
}

const (
	pageSlots = 4096
	vacant    = ref(1) << 63 // marks a slot without a record; the rest is the next such number plus one
)

func (s *slots) get(id uint32) ref    { return s.pages[id/pageSlots][id%pageSlots] }
func (s *slots) set(id uint32, r ref) { s.pages[id/pageSlots][id%pageSlots] = r }

// allocate returns a number that is not in use.
func (s *slots) allocate() uint32 {
	if s.lastFree != 0 {
		id := s.lastFree - 1
		s.lastFree = uint32(s.get(id))
		return id
	}
	last := len(s.pages) - 1
	if last < 0 || len(s.pages[last]) == pageSlots {
		s.pages = append(s.pages, s.page())
		last++
	}
	s.pages[last] = append(s.pages[last], vacant)
	return uint32(last*pageSlots + len(s.pages[last]) - 1)
}

// page is an empty page. The first one grows: most namespaces are small.
func (s *slots) page() []ref {
	if len(s.pages) == 0 {
		return nil
	}
	return make([]ref, 0, pageSlots)
}

func (s *slots) release(id uint32) {
	s.set(id, vacant|ref(s.lastFree))
	s.lastFree = id + 1
}

// used yields the numbers that have a record.
func (s *slots) used() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for p, page := range s.pages {
			for i, r := range page {
				if r&vacant == 0 && !yield(uint32(p*pageSlots+i)) {
					return
				}
			}
		}
	}
}
