package queues

// Every live message is in byArrival and, as its state says, in ready, delayed,
// leases, dying or a running batch. A message whose state changes is not searched
// for in its list: the stale entry is skipped when it comes to the front, or
// dropped by dropStale.

// setState changes a message's state.
func (q *Queue) setState(m *message, s state) {
	q.countByState[m.State]--
	m.State = s
	q.countByState[s]++
}

// add takes a new message into the lists.
func (q *Queue) add(m *message, now int64) {
	q.addToBacklog(m)
	q.enqueue(m, now)
}

// addToBacklog counts a new message as part of the backlog, in flight until the
// caller sets another state.
func (q *Queue) addToBacklog(m *message) {
	q.setState(m, stateInFlight)
	q.backlogCount++
	q.backlogBytes += int64(m.BodyBytes)
	q.peakLiveBytes = max(q.peakLiveBytes, q.liveBytes())
	q.countOrigin(m, 1)
	q.byArrival.push(m)
}

// enqueue puts a message in the list that its due time selects.
func (q *Queue) enqueue(m *message, now int64) {
	if m.DueMs > now {
		q.setState(m, stateDelayed)
		q.delayed.push(m)
		return
	}
	q.setState(m, stateReady)
	q.ready.push(m)
}

// catchUp brings the states up to the time now: expired leases end, messages older
// than the retention period are removed, delayed ones that are due become ready.
func (q *Queue) catchUp(now int64) {
	q.expireLeases(now)
	q.removeExpired(now)
	q.promoteDelayed(now)
}

// promoteDelayed makes ready what has been delayed until now.
func (q *Queue) promoteDelayed(now int64) {
	for m := q.delayed.first(stateDelayed); m != nil && m.DueMs <= now; m = q.delayed.first(stateDelayed) {
		q.delayed.pop()
		q.enqueue(m, now)
	}
}

// firstReady is the first ready message, nil when there is none.
func (q *Queue) firstReady() *message {
	for q.ready.len() > 0 && q.ready.at(0).State != stateReady {
		q.ready.popFront()
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
		m := q.firstReady()
		q.ready.popFront()
		q.setState(m, stateInFlight)
		batch[i] = m
	}
	return batch
}

// requeue returns a batch to the front of the queue, in its order.
func (q *Queue) requeue(batch []*message) {
	for i := len(batch) - 1; i >= 0; i-- {
		if m := batch[i]; m.State == stateInFlight { // else it was purged meanwhile
			q.setState(m, stateReady)
			q.ready.pushFront(m)
		}
	}
}

// oldest is the first message that is still there.
func (q *Queue) oldest() *message {
	for q.byArrival.len() > 0 && q.byArrival.at(0).State == stateGone {
		q.byArrival.popFront()
	}
	if q.byArrival.len() == 0 {
		return nil
	}
	return q.byArrival.at(0)
}

// findBySeq looks a live message up by its seq. all is in the order of seq, mostly
// without gaps.
func (q *Queue) findBySeq(seq uint64) *message {
	n := q.byArrival.len()
	if n == 0 || seq < q.byArrival.at(0).Seq {
		return nil
	}
	lo, hi := 0, int(min(uint64(n-1), seq-q.byArrival.at(0).Seq)) // a gap moves it nearer
	if q.byArrival.at(hi).Seq != seq {
		for lo < hi {
			mid := (lo + hi) / 2
			if q.byArrival.at(mid).Seq < seq {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
	}
	if m := q.byArrival.at(hi); m.Seq == seq && m.State != stateGone {
		return m
	}
	return nil
}

// removeFromBacklog takes a message out of the backlog, unless that was done before.
func (q *Queue) removeFromBacklog(m *message) {
	if m.State == stateGone {
		return
	}
	q.setState(m, stateGone)
	q.backlogCount--
	q.backlogBytes -= int64(m.BodyBytes)
	q.countOrigin(m, -1)
	q.dropStale()
}

// dropStale rebuilds a list once its stale entries outweigh the valid ones.
func (q *Queue) dropStale() {
	const slack = 1024
	if q.byArrival.len() > 2*q.backlogCount+slack {
		q.byArrival.filter(func(m *message) bool { return m.State != stateGone })
	}
	if q.ready.len() > 2*q.countByState[stateReady]+slack {
		q.ready.filter(func(m *message) bool { return m.State == stateReady })
	}
	if q.delayed.len() > 2*q.countByState[stateDelayed]+slack {
		q.delayed.dropStale(stateDelayed)
	}
	if q.leases.len() > 2*q.countByState[stateLeased]+slack {
		q.leases.dropStale(stateLeased)
	}
}

// removeAll empties the lists.
func (q *Queue) removeAll() {
	for i := range q.byArrival.len() {
		q.byArrival.at(i).State = stateGone
	}
	q.byArrival, q.ready, q.delayed, q.leases, q.dying = fifo{}, fifo{}, schedule{}, schedule{}, map[*message]*deadLetter{}
	q.countByState, q.backlogCount, q.backlogBytes = [stateCount]int{}, 0, 0
	clear(q.deadLettersFrom)
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
	if q.deadLettersFrom[name] += by; q.deadLettersFrom[name] == 0 {
		delete(q.deadLettersFrom, name)
	}
}

// originIndex is message.Origin of a dead letter of that queue: 1 + its place in
// q.origins, which grows when the queue is new, and 0 when there are too many.
func (q *Queue) originIndex(name string) uint16 {
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
