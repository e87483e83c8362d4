package journal

import "flint/internal/wal"

// Rewriting writes a journal anew, from the settings on, while the old one goes on.
// Each message is written as it is at that time; what happened to it since
// BeginRewrite is read again on top of that, which changes nothing. CatchUp and then
// Swap make the new journal count. End ends it in any case.
type Rewriting struct {
	l     *Log
	log   *wal.Rewriting
	buf   []byte
	moved []moved

	shift    int64 // how far the records that are carried over move
	nextMove int   // in moved
}

// moved is a message with the new place of its body.
type moved struct {
	seq uint64
	at  int64
}

// BeginRewrite begins a new journal.
func (l *Log) BeginRewrite() (*Rewriting, error) {
	log, err := l.log.BeginRewrite()
	if err != nil {
		return nil, err
	}
	return &Rewriting{l: l, log: log}, nil
}

// Settings writes what Log.WriteSettings does.
func (r *Rewriting) Settings(s Settings, next uint64, nowMs int64) error {
	_, err := r.log.Append(appendSettings(nil, s, next, nowMs))
	return err
}

// Consumer writes what Log.WriteConsumer does.
func (r *Rewriting) Consumer(text []byte) error {
	_, err := r.log.Append(append([]byte{recConsumer}, text...))
	return err
}

// Messages copies messages of one origin, with their bodies, into one record. It
// needs no lock: batch holds copies.
func (r *Rewriting) Messages(batch []*Message, origin string) error {
	buf := r.buf[:0]
	if origin == "" {
		buf = append(buf, recSend)
	} else {
		buf = appendOrigin(buf, origin)
	}
	old := make([]Message, len(batch)) // appendMessage changes the places
	for i, m := range batch {
		old[i] = *m
	}
	err := r.l.ReadBodies(batch, func(i int, body []byte) error {
		c := old[i]
		buf = appendMessage(buf, 0, &c, body)
		r.moved = append(r.moved, moved{c.Seq, c.BodyAt})
		return nil
	})
	if err != nil {
		return err
	}
	at, err := r.log.Append(buf)
	if err != nil {
		return err
	}
	for i := len(r.moved) - len(batch); i < len(r.moved); i++ {
		r.moved[i].at += at
	}
	r.buf = buf
	return nil
}

// Mark is a record that says more of a message than that it waits.
type Mark []byte

// LeaseMark says that a message is leased until its due time.
func LeaseMark(m *Message) Mark {
	return appendAttempts(appendLease(nil, m.DueMs), []*Message{m}, 0)
}

// SettlementMark says what a settlement says.
func SettlementMark(s *Settlement) Mark { return appendSettlement(nil, s) }

// Mark writes a mark, which comes after its message.
func (r *Rewriting) Mark(m Mark) error {
	_, err := r.log.Append(m)
	return err
}

// CatchUp copies what was written to the old journal meanwhile.
func (r *Rewriting) CatchUp() error { return r.log.CatchUp() }

// Swap puts the new journal in place of the old one. Move then says where the
// bodies are.
func (r *Rewriting) Swap() (err error) {
	r.shift, err = r.log.Swap()
	return err
}

// Move changes the place of a message's body, after Swap. It is called for the
// messages in the order of their numbers; those from limit on were carried over with
// the old journal's end.
func (r *Rewriting) Move(m *Message, limit uint64) {
	if m.Seq >= limit {
		m.BodyAt += r.shift
		return
	}
	for r.nextMove < len(r.moved) && r.moved[r.nextMove].seq < m.Seq {
		r.nextMove++
	}
	if r.nextMove < len(r.moved) && r.moved[r.nextMove].seq == m.Seq {
		m.BodyAt = r.moved[r.nextMove].at
	}
}

// End releases what the rewrite holds, and drops it unless Swap has succeeded.
func (r *Rewriting) End() error { return r.log.End() }
