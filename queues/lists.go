package queues

// Every live message is in all, in order of arrival, and, as its state says, in
// ready, in one of the schedules, in dead or in a running batch. What has left
// a list in another way stays in it until it comes to the front.

// set changes a message's state.
func (q *Queue) set(m *message, s state) {
	q.n[m.State]--
	m.State = s
	q.n[s]++
}

// add takes a new message into the lists.
func (q *Queue) add(m *message, now int64) {
	q.enroll(m)
	q.place(m, now)
}

// enroll takes a new message into the backlog; what it waits for is not said yet.
func (q *Queue) enroll(m *message) {
	q.set(m, stRunning)
	q.count++
	q.bytes += int64(m.BodyBytes)
	q.mostLive = max(q.mostLive, q.live())
	q.countOrigin(m, 1)
	q.all.push(m)
}

// place puts a message in the list that its due time says.
func (q *Queue) place(m *message, now int64) {
	if m.DueMs > now {
		q.set(m, stDelayed)
		q.delayed.push(m)
		return
	}
	q.set(m, stReady)
	q.ready.push(m)
}

// tick does what the time says: leases end, old messages go, delayed ones are ready.
func (q *Queue) tick(now int64) {
	q.releaseLeases(now)
	q.expire(now)
	q.promote(now)
}

// promote makes ready what has been delayed until now.
func (q *Queue) promote(now int64) {
	for m := q.delayed.head(stDelayed); m != nil && m.DueMs <= now; m = q.delayed.head(stDelayed) {
		q.delayed.pop()
		q.place(m, now)
	}
}

// front is the first ready message, nil when there is none.
func (q *Queue) front() *message {
	for q.ready.len() > 0 && q.ready.at(0).State != stReady {
		q.ready.pop()
	}
	if q.ready.len() == 0 {
		return nil
	}
	return q.ready.at(0)
}

// popReady takes n messages from the front; the caller knows that they are there.
func (q *Queue) popReady(n int) []*message {
	batch := make([]*message, n)
	for i := range batch {
		m := q.front()
		q.ready.pop()
		q.set(m, stRunning)
		batch[i] = m
	}
	return batch
}

// putBack returns a batch to the front of the queue, in its order.
func (q *Queue) putBack(batch []*message) {
	for i := len(batch) - 1; i >= 0; i-- {
		if m := batch[i]; m.State == stRunning { // else it was purged meanwhile
			q.set(m, stReady)
			q.ready.unpush(m)
		}
	}
}

// oldest is the first message that is still there.
func (q *Queue) oldest() *message {
	for q.all.len() > 0 && q.all.at(0).State == stGone {
		q.all.pop()
	}
	if q.all.len() == 0 {
		return nil
	}
	return q.all.at(0)
}

// find looks a live message up by its seq. all is in the order of seq, mostly
// without gaps.
func (q *Queue) find(seq uint64) *message {
	n := q.all.len()
	if n == 0 || seq < q.all.at(0).Seq {
		return nil
	}
	lo, hi := 0, int(min(uint64(n-1), seq-q.all.at(0).Seq)) // a gap moves it nearer
	if q.all.at(hi).Seq != seq {
		for lo < hi {
			mid := (lo + hi) / 2
			if q.all.at(mid).Seq < seq {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
	}
	if m := q.all.at(hi); m.Seq == seq && m.State != stGone {
		return m
	}
	return nil
}

// forget takes a message out of the backlog.
func (q *Queue) forget(m *message) {
	if m.State == stGone {
		return
	}
	q.set(m, stGone)
	q.count--
	q.bytes -= int64(m.BodyBytes)
	q.countOrigin(m, -1)
	q.sweep()
}

// sweep rebuilds the lists once what is gone outweighs what is there.
func (q *Queue) sweep() {
	const slack = 1024
	if q.all.len() > 2*q.count+slack {
		q.all.keep(func(m *message) bool { return m.State != stGone })
	}
	if q.ready.len() > 2*q.n[stReady]+slack {
		q.ready.keep(func(m *message) bool { return m.State == stReady })
	}
	if q.delayed.len() > 2*q.n[stDelayed]+slack {
		q.delayed.sweep(stDelayed)
	}
	if q.leases.len() > 2*q.n[stLeased]+slack {
		q.leases.sweep(stLeased)
	}
}

// clear empties the lists.
func (q *Queue) clear() {
	for i := range q.all.len() {
		q.all.at(i).State = stGone
	}
	q.all, q.ready, q.delayed, q.leases, q.dead = fifo{}, fifo{}, schedule{}, schedule{}, map[*message]*deadLetter{}
	q.n, q.count, q.bytes = [states]int{}, 0, 0
	clear(q.deadFrom)
}

// origin is the queue from which a dead letter came; empty for other messages.
func (q *Queue) origin(m *message) string {
	if m.Origin == 0 {
		return ""
	}
	return q.origins[m.Origin-1]
}

func (q *Queue) countOrigin(m *message, by int) {
	if m.Origin == 0 {
		return
	}
	name := q.origins[m.Origin-1]
	if q.deadFrom[name] += by; q.deadFrom[name] == 0 {
		delete(q.deadFrom, name)
	}
}

// originNumber is what a dead letter of that queue has as its origin.
func (q *Queue) originNumber(name string) uint16 {
	if name == "" {
		return 0
	}
	for i, known := range q.origins {
		if known == name {
			return uint16(i + 1)
		}
	}
	if len(q.origins) >= maxOrigins {
		return 0
	}
	q.origins = append(q.origins, name)
	return uint16(len(q.origins))
}
