package queues

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"flint/internal/clock"
	"flint/internal/wal"
)

// FuzzJournal opens journals of any records: it is refused or, once it is
// open, it can be read and says the same after a compaction and a restart.
func FuzzJournal(f *testing.F) {
	add := func(records ...[]byte) {
		var all []byte
		for _, r := range records {
			all = append(binary.LittleEndian.AppendUint16(all, uint16(len(r))), r...)
		}
		f.Add(all)
	}
	q := &Queue{b: &Broker{clock: clock.NewFrozen(epoch)}, origins: []string{"a"}}
	m := &message{Seq: 3, SentMs: epoch.UnixMilli(), DueMs: epoch.UnixMilli() + 5, ContentType: kindText}
	n := &message{Seq: 9, SentMs: epoch.UnixMilli(), DueMs: epoch.UnixMilli()}
	both := []*message{m, n}
	send := appendMessage(appendMessage([]byte{recSend}, 0, m, []byte("body")), 0, n, nil)
	add(q.appendSettings(nil), send)
	add(appendMessage(appendOrigin(nil, "from"), 0, m, []byte("body")))
	add(send, appendAttempts([]byte{recAttempts}, both, 1), appendAttempts(appendLease(nil, m.DueMs), both, 2))
	add(send, appendSettlement(nil, &settlement{Removed: []*message{m}, Dead: []*message{n}, DeadTo: "dead", Redrive: true}))
	add(send, appendSettlement(nil, &settlement{Retries: []retried{{m, m.DueMs}}}), appendSeqs([]byte{recAttempt}, both), appendSeqs([]byte{recUnreach}, both))
	add(send, []byte{recPurge, 10}, []byte{recConsumer}, []byte(`H{"type":"http_pull"}`))
	f.Fuzz(func(t *testing.T, all []byte) {
		dir := t.TempDir()
		writeRecords(t, filepath.Join(dir, "jobs"+journalSuffix), all)
		c := clock.NewFrozen(epoch)
		defer c.Close()
		b, err := Open(Options{Dir: dir, Clock: c})
		if err != nil {
			return
		}
		first := look(t, b)
		if q, ok := b.Lookup("jobs"); ok {
			if err := q.rewrite(); err != nil {
				t.Fatal(err)
			}
		}
		if again := look(t, b); again != first {
			t.Errorf("after a compaction\n%s\nbefore\n%s", again, first)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if b, err = Open(Options{Dir: dir, Clock: c}); err != nil {
			t.Fatal(err)
		}
		if again := look(t, b); again != first {
			t.Errorf("after a restart\n%s\nbefore\n%s", again, first)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// look is what can be seen of the queue.
func look(t *testing.T, b *Broker) string {
	t.Helper()
	q, ok := b.Lookup("jobs")
	if !ok {
		return "none"
	}
	ms, err := q.Peek(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	kept, ok := q.Kept()
	return fmt.Sprintf("%+v\n%+v\n%+v %v", q.Info(), ms, kept, ok)
}

// writeRecords makes a log of records that stand behind their lengths (2).
func writeRecords(t *testing.T, path string, all []byte) {
	t.Helper()
	l, err := wal.Open(path, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for len(all) >= 2 {
		n := min(int(binary.LittleEndian.Uint16(all)), len(all)-2)
		if err := l.Append(all[2 : 2+n]); err != nil {
			t.Fatal(err)
		}
		all = all[2+n:]
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}
