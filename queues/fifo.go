package queues

// fifo is a ring of messages that grows and shrinks with its length.
type fifo struct {
	ring []*message // length is zero or a power of two
	head int
	n    int
}

const minRing = 16

func (f *fifo) len() int { return f.n }

func (f *fifo) at(i int) *message { return f.ring[(f.head+i)&(len(f.ring)-1)] }

func (f *fifo) push(m *message) {
	if f.n == len(f.ring) {
		f.resize(max(minRing, 2*f.n))
	}
	f.ring[(f.head+f.n)&(len(f.ring)-1)] = m
	f.n++
}

// pushFront puts m at the front.
func (f *fifo) pushFront(m *message) {
	if f.n == len(f.ring) {
		f.resize(max(minRing, 2*f.n))
	}
	f.head = (f.head - 1) & (len(f.ring) - 1)
	f.ring[f.head] = m
	f.n++
}

// popFront takes the front; the caller knows that there is one.
func (f *fifo) popFront() *message {
	m := f.ring[f.head]
	f.ring[f.head] = nil
	f.head = (f.head + 1) & (len(f.ring) - 1)
	f.n--
	if len(f.ring) > 64*minRing && f.n < len(f.ring)/4 {
		f.resize(len(f.ring) / 2)
	}
	return m
}

func (f *fifo) resize(n int) {
	ring := make([]*message, n)
	for i := range f.n {
		ring[i] = f.at(i)
	}
	f.ring, f.head = ring, 0
}

// filter drops the messages that do not pass.
func (f *fifo) filter(pass func(*message) bool) {
	var kept fifo
	for i := range f.n {
		if m := f.at(i); pass(m) {
			kept.push(m)
		}
	}
	*f = kept
}
