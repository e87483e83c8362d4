package r2

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"

	"flint/internal/testkit"
	"flint/r2/disk"
)

const crashDirEnv = "FLINT_R2_CRASH_DIR"

// crashContent is what a crash test stores: its length and bytes follow from
// the key and the round, so that a torn object cannot pass for a whole one.
func crashContent(writer, round int) []byte {
	size := 100 + 3000*(round%40) // on both sides of maxInline
	line := fmt.Sprintf("writer %d round %d\n", writer, round)
	return bytes.Repeat([]byte(line), size/len(line)+1)
}

// Writers of the crash test. Each has keys of its own, which it uses in turn.
const (
	crashPut = iota
	crashPutToo
	crashMultipart
	crashDelete     // puts a key and deletes it
	crashDeletePuts // what it acknowledges of its puts
)

const crashKeys = 7

func crashKey(writer, round int) string { return fmt.Sprintf("key-%d-%d", writer, round%crashKeys) }

// putUntilKilled is the child of the crash test. It says on stdout what was
// acknowledged.
func putUntilKilled(dir string) {
	s, err := Open(Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	s.env.Journal, s.env.MinPart = 64<<10, 1 // so that kills hit the moves into the table
	b, err := s.Bucket("media")
	if err != nil {
		panic(err)
	}
	s.AttachNotifier(&fileBox{path: dir + "/heard"})
	if b.Notifications() == nil {
		err = b.AddNotifications("jobs", []NotificationRule{notifyRule(fmt.Sprintf("key-%d-", crashDelete), "", "object-create", "object-delete")})
	}
	if err != nil {
		panic(err)
	}
	var out sync.Mutex
	say := func(writer, round int) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf("%d %d\n", writer, round)
	}
	for writer, step := range map[int]func(*Bucket, int, func(int, int)) error{
		crashPut: crashPutStep(crashPut), crashPutToo: crashPutStep(crashPutToo), crashMultipart: crashMultipartStep, crashDelete: crashDeleteStep,
	} {
		go func() {
			for round := 0; ; round++ {
				if err := step(b, round, say); err != nil {
					panic(err)
				}
				say(writer, round)
			}
		}()
	}
	select {}
}

func crashPutStep(writer int) func(*Bucket, int, func(int, int)) error {
	return func(b *Bucket, round int, _ func(int, int)) error {
		data := crashContent(writer, round)
		_, err := b.Put(context.Background(), crashKey(writer, round), bytes.NewReader(data), PutOptions{Size: int64(len(data))})
		return err
	}
}

func crashMultipartStep(b *Bucket, round int, _ func(int, int)) error {
	ctx, key, data := context.Background(), crashKey(crashMultipart, round), crashContent(crashMultipart, round)
	id, err := b.CreateMultipart(ctx, key, MultipartOptions{})
	if err != nil {
		return err
	}
	var parts []Part
	half := len(data) / 2
	for i, content := range [][]byte{data[:len(data)-half], data[len(data)-half:]} {
		etag, err := b.UploadPart(ctx, key, id, i+1, bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return err
		}
		parts = append(parts, Part{Number: i + 1, ETag: etag})
	}
	_, err = b.CompleteMultipart(ctx, key, id, parts)
	return err
}

func crashDeleteStep(b *Bucket, round int, say func(int, int)) error {
	if err := crashPutStep(crashDelete)(b, round, say); err != nil {
		return err
	}
	say(crashDeletePuts, round)
	return b.Delete(context.Background(), crashKey(crashDelete, round))
}

// fileBox is a Notifier that writes what it hears to the end of a file.
type fileBox struct{ path string }

// Queue implements Notifier.
func (*fileBox) Queue(name string) (string, string, bool) { return name, name, true }

// Send implements Notifier.
func (f *fileBox) Send(_ context.Context, _ string, messages []json.RawMessage) error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if _, err := file.Write(append(m, '\n')); err != nil {
			return err
		}
	}
	return file.Close()
}

// TestCrash kills a process in the middle of its puts, uploads and deletes, 50
// times over, and looks at what it left.
func TestCrash(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	for kill := range 50 {
		if err := os.Remove(dir + "/heard"); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		acked := killAfter(t, dir, 10+7*(kill%13))
		b, s := reopen(t, dir)
		s.AttachNotifier(&fileBox{path: dir + "/heard"})
		for _, writer := range []int{crashPut, crashPutToo, crashMultipart} {
			checkAcknowledged(t, b, writer, acked)
		}
		checkDeleted(t, b, acked)
		checkHeard(t, dir+"/heard", acked)
		checkTables(t, b)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if t.Failed() {
			t.Fatalf("after kill %d", kill+1)
		}
	}
}

// checkTables holds the files against the tables: what the killed writes left is gone.
func checkTables(t *testing.T, b *Bucket) {
	t.Helper()
	named, err := diskOf(b).NamedBlobs()
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, b, len(named))
	if sound, err := diskOf(b).IntegrityCheck(); err != nil || sound != "ok" {
		t.Errorf("integrity_check: %s %v", sound, err)
	}
}

// checkDeleted: a key whose delete was acknowledged is gone, unless it was put again.
func checkDeleted(t *testing.T, b *Bucket, acked map[int]int) {
	t.Helper()
	last, any := acked[crashDelete]
	for round := max(0, last-crashKeys+1); any && round <= last; round++ {
		content, there := get(t, b, crashKey(crashDelete, round))
		if there && content != string(crashContent(crashDelete, round+crashKeys)) {
			t.Errorf("round %d was deleted, and is there: %.40q", round, content)
		}
	}
}

// checkHeard: the queue has heard of every acknowledged put and delete.
func checkHeard(t *testing.T, file string, acked map[int]int) {
	t.Helper()
	heard, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	if last, any := acked[crashDeletePuts]; any {
		for round := range last + 1 {
			if want := fmt.Sprintf(`"eTag":"%x"`, md5.Sum(crashContent(crashDelete, round))); !bytes.Contains(heard, []byte(want)) {
				t.Errorf("no event of the put of round %d", round)
			}
		}
	}
	if last, any := acked[crashDelete]; any && bytes.Count(heard, []byte(ActionDelete)) <= last {
		t.Errorf("%d events of %d deletes", bytes.Count(heard, []byte(ActionDelete)), last+1)
	}
}

func reopen(t *testing.T, dir string) (*Bucket, *Store) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Lookup("media")
	if err != nil {
		t.Fatal(err)
	}
	return b, s
}

// killAfter runs the child until it has acknowledged n puts, kills it, and
// returns the last acknowledged round of each writer.
func killAfter(t *testing.T, dir string, n int) map[int]int {
	t.Helper()
	acked, count := map[int]int{}, 0
	testkit.KillWhen(t, testkit.Child(t, []string{crashDirEnv + "=" + dir}), func(line string) bool {
		var writer, round int
		if _, err := fmt.Sscanf(line, "%d %d", &writer, &round); err != nil {
			return true // the line on which it died
		}
		acked[writer] = round
		count++
		return count > n
	})
	if len(acked) == 0 {
		t.Fatal("the child stored nothing")
	}
	return acked
}

// checkAcknowledged reads every key of a writer: it holds the round that was
// acknowledged last, or the next one, which was stored and not acknowledged.
func checkAcknowledged(t *testing.T, b *Bucket, writer int, acked map[int]int) {
	t.Helper()
	last, any := acked[writer]
	for round := max(0, last-crashKeys+1); any && round <= last; round++ {
		content, _ := get(t, b, crashKey(writer, round))
		if content != string(crashContent(writer, round)) && content != string(crashContent(writer, round+crashKeys)) {
			t.Errorf("%s: round %d is not whole: %.40q (%d bytes)", crashKey(writer, round), round, content, len(content))
		}
	}
}

// A run that did not close leaves blobs that no row names, and half-removed
// buckets; the next one removes them.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, s := reopenNew(t, dir)
	s.env.Inline = 0
	put(t, b, "kept", "content")
	if err := diskOf(b).LeaveBlob("ffffffffffffffffffffffffffffffff"); err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, b, 2)
	diskOf(b).KeepMarker() // as a crash would
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir+"/"+disk.DeletedPrefix+"x/blobs", 0o700); err != nil {
		t.Fatal(err)
	}
	b, s = reopen(t, dir)
	defer s.Close()
	wantBlobs(t, b, 1)
	if content, _ := get(t, b, "kept"); content != "content" {
		t.Errorf("content %q", content)
	}
	if _, err := os.Stat(dir + "/" + disk.DeletedPrefix + "x"); !os.IsNotExist(err) {
		t.Errorf("the deleted bucket is still there: %v", err)
	}
}

func reopenNew(t *testing.T, dir string) (*Bucket, *Store) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Bucket("media")
	if err != nil {
		t.Fatal(err)
	}
	return b, s
}
