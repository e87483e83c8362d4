package queues

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"flint/internal/clock"
	"flint/internal/wal"
	"flint/queues/journal"
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
	m := &message{Seq: 3, SentMs: epoch.UnixMilli(), DueMs: epoch.UnixMilli() + 5, BodyBytes: 4, ContentType: journal.Text}
	n := &message{Seq: 9, SentMs: epoch.UnixMilli(), DueMs: epoch.UnixMilli()}
	both := []*message{m, n}
	bodies := []string{"body", ""}
	body := func(i int) []byte { return []byte(bodies[i]) }
	add(recordsOf(f, func(l *journal.Log) error {
		return errors.Join(l.WriteSettings(journal.Settings{}, 0, epoch.UnixMilli()), l.WriteLetters("", both, body))
	})...)
	add(recordsOf(f, func(l *journal.Log) error { return l.WriteLetters("from", both[:1], body) })...)
	add(recordsOf(f, func(l *journal.Log) error {
		return errors.Join(l.WriteLetters("", both, body), l.WriteAttempts(both, 1), l.WriteLease(both, m.DueMs))
	})...)
	add(recordsOf(f, func(l *journal.Log) error {
		return errors.Join(l.WriteLetters("", both, body),
			l.WriteSettlement(&journal.Settlement{Removed: both[:1], Dead: both[1:], DeadTo: "dead", Redrive: true}))
	})...)
	add(append(recordsOf(f, func(l *journal.Log) error {
		return errors.Join(l.WriteLetters("", both, body),
			l.WriteSettlement(&journal.Settlement{Retries: []journal.Retry{{Message: m, DueMs: m.DueMs}}}))
	}), []byte{'A', 2, 3, 9}, []byte{'U', 2, 3, 9})...)
	add(append(recordsOf(f, func(l *journal.Log) error {
		return errors.Join(l.WriteLetters("", both, body), l.WritePurge(10), l.WriteConsumer([]byte(`{"type":"http_pull"}`)))
	}), []byte("S"))...)
	f.Fuzz(func(t *testing.T, all []byte) {
		dir := t.TempDir()
		writeRecords(t, filepath.Join(dir, "jobs.journal"), all)
		c := clock.NewFrozen(epoch)
		defer c.Close()
		b, err := Open(Options{Dir: dir, Clock: c})
		if err != nil {
			return
		}
		first := describeQueue(t, b)
		if q, ok := b.Lookup("jobs"); ok {
			if err := q.rewrite(); err != nil {
				t.Fatal(err)
			}
		}
		if again := describeQueue(t, b); again != first {
			t.Errorf("after a compaction\n%s\nbefore\n%s", again, first)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if b, err = Open(Options{Dir: dir, Clock: c}); err != nil {
			t.Fatal(err)
		}
		if again := describeQueue(t, b); again != first {
			t.Errorf("after a restart\n%s\nbefore\n%s", again, first)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// recordsOf are the records that write puts into an empty journal.
func recordsOf(f *testing.F, write func(*journal.Log) error) (records [][]byte) {
	f.Helper()
	dir := f.TempDir()
	l, err := journal.Open(dir, "jobs", replay{&Queue{}})
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(write(l), l.Close()); err != nil {
		f.Fatal(err)
	}
	log, err := wal.Open(filepath.Join(dir, "jobs.journal"), func(record []byte) error {
		records = append(records, slices.Clone(record))
		return nil
	})
	if err == nil {
		err = log.Close()
	}
	if err != nil {
		f.Fatal(err)
	}
	return records
}

// describeQueue is what can be seen of the queue.
func describeQueue(t *testing.T, b *Broker) string {
	t.Helper()
	q, ok := b.Lookup("jobs")
	if !ok {
		return "none"
	}
	ms, err := q.Peek(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	kept, ok := q.SavedConsumer()
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
