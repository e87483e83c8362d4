package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/console"
	"flint/internal/testkit"
)

// The commands of queues do the same with flint running and without.
func TestQueuesCommands(t *testing.T) {
	t.Parallel()
	for _, running := range []bool{false, true} {
		t.Run(map[bool]string{false: "stopped", true: "running"}[running], func(t *testing.T) {
			t.Parallel()
			dir := testkit.WriteFiles(t, everything)
			if running {
				startDev(t, dir)
			}
			t.Run("manage", func(t *testing.T) { queuesManage(t, dir) })
			t.Run("send", func(t *testing.T) { queuesSend(t, dir) })
			t.Run("many", func(t *testing.T) { queuesMany(t, dir) })
		})
	}
}

// The sentences are those of the pinned Wrangler, `wrangler queues …`.
func queuesManage(t *testing.T, dir string) {
	made := mustFlint(t, dir, "queues", "create", "my-jobs", "--delivery-delay-secs", "5", "--message-retention-period-secs", "3600")
	for _, want := range []string{"🌀 Creating queue 'my-jobs'\n✅ Created queue 'my-jobs'\n", "[[queues.producers]]\nbinding = \"my_jobs\"\nqueue = \"my-jobs\"\n", "[[queues.consumers]]\nqueue = \"my-jobs\"\n"} {
		if !strings.Contains(made, want) {
			t.Errorf("create printed %q, which lacks %q", made, want)
		}
	}
	wantOut(t, dir, "Updating queue my-jobs.\nUpdated queue my-jobs.\n", "queues", "update", "my-jobs", "--delivery-delay-secs", "0")
	wantOut(t, dir, "Pausing message delivery for queue my-jobs.\nPaused message delivery for queue my-jobs.\n", "queues", "pause", "my-jobs")
	var all []queueInfo
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "queues", "list", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != "kept" || all[1].Name != "my-jobs" || !all[1].Settings.Paused || all[1].Settings.Delay != 0 || all[1].Settings.Retention != 3600 {
		t.Errorf("list --json: %+v", all)
	}
	want := "│ my-jobs │ 0        │ 0     │ 0         │ 0         │ paused      │\n"
	if out := mustFlint(t, dir, "queues", "list"); !strings.Contains(out, want) {
		t.Errorf("list:\n%s", out)
	}
	wantOut(t, dir, "Resuming message delivery for queue my-jobs.\nResumed message delivery for queue my-jobs.\n", "queues", "resume", "my-jobs")
	wantOut(t, dir, "Deleting queue my-jobs.\nDeleted queue my-jobs.\n", "queues", "delete", "my-jobs")
	if out := mustFlint(t, dir, "queues", "list", "--json"); strings.Contains(out, "my-jobs") {
		t.Errorf("a deleted queue is listed: %s", out)
	}
}

// peeked are the messages of a queue as `peek --json` prints them.
func peeked(t *testing.T, dir, queue string, args ...string) []shownMessage {
	t.Helper()
	var all []shownMessage
	out := mustFlint(t, dir, append([]string{"queues", "peek", queue, "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return all
}

func queuesSend(t *testing.T, dir string) {
	wantOut(t, dir, "Sent 1 message to kept.\n", "queues", "send", "kept", ` { "n": 1, "html": "<&>" }`)
	wantOut(t, dir, "Sent 1 message to kept.\n", "queues", "send", "kept", "plain \"text\"\nof <two> lines", "--text")
	wantOut(t, dir, "Sent 1 message to kept.\n", "queues", "send", "kept", "null", "--json", "--delay", "3600")
	got := fmt.Sprint(peeked(t, dir, "kept"))
	for _, want := range []string{"json map[html:<&> n:1] }", "text plain \"text\"\nof <two> lines }", "json <nil> }"} {
		if !strings.Contains(got, want) {
			t.Errorf("peek --json: %s lacks %s", got, want)
		}
	}
	for _, want := range []string{`│ 0        │ json │ {"n":1,"html":"<&>"}`, `│ text │ plain "text" of <two> lines │`, "│ json │ null "} {
		if out := mustFlint(t, dir, "queues", "peek", "kept", "-n", "3"); !strings.Contains(out, want) {
			t.Errorf("peek lacks %s:\n%s", want, out)
		}
	}
	if n := len(peeked(t, dir, "kept", "-n", "1")); n != 1 {
		t.Errorf("peek -n 1 shows %d", n)
	}
	wantOut(t, dir, "Purged Queue 'kept' (3 messages)\n", "queues", "purge", "kept", "--force")
	wantOut(t, dir, "Purged Queue 'kept' (0 messages)\n", "queues", "purge", "kept", "-y")
	wantOut(t, dir, "No messages wait in kept.\n", "queues", "peek", "kept")
	wantOut(t, dir, "[]\n", "queues", "peek", "kept", "--json")
}

// Many lines go in batches of Cloudflare's size, in their order.
func queuesMany(t *testing.T, dir string) {
	var lines strings.Builder
	for i := range 250 {
		fmt.Fprintf(&lines, "{\"n\":%d}\n\n", i)
	}
	file := filepath.Join(dir, "lines.jsonl")
	testkit.WriteFile(t, file, lines.String())
	wantOut(t, dir, "Sent 250 messages to kept.\n", "queues", "send", "kept", "--file", file)
	all := peeked(t, dir, "kept", "-n", "1000")
	for i, m := range all {
		if got, want := fmt.Sprint(m.Body), fmt.Sprintf("map[n:%d]", i); got != want {
			t.Fatalf("message %d is %s", i, got)
		}
	}
	if len(all) != 250 {
		t.Errorf("%d messages, want 250", len(all))
	}
	for _, args := range [][]string{{}, {"--file", "-"}} {
		mustFlint(t, dir, "queues", "purge", "kept", "--force")
		cmd := command(t, dir, nil, append([]string{"queues", "send", "kept", "--text"}, args...)...)
		cmd.Stdin = strings.NewReader("one\ntwo\r\n\nthree")
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != "Sent 3 messages to kept.\n" {
			t.Errorf("from standard input: %v %s", err, out)
		}
		if got := fmt.Sprint(peeked(t, dir, "kept")); strings.Count(got, "text") != 3 || !strings.Contains(got, "text two }") {
			t.Errorf("from standard input: %s", got)
		}
	}
	// What the server refuses has its place in the file, and what stands before it is sent.
	mustFlint(t, dir, "queues", "purge", "kept", "--force")
	testkit.WriteFile(t, file, strings.Repeat("1\n", 150)+`"`+strings.Repeat("x", 128_000)+"\"\n2\n")
	o := flint(t, dir, "queues", "send", "kept", "--file", file)
	want := file + ":151: message length of 128002 bytes exceeds limit of 128000 (150 messages before it are sent)"
	if o.code != 1 || !strings.Contains(o.err, want) {
		t.Errorf("exit %d, %q; want %q", o.code, o.err, want)
	}
	if n := len(peeked(t, dir, "kept", "-n", "1000")); n != 150 {
		t.Errorf("%d messages were sent", n)
	}
	mustFlint(t, dir, "queues", "purge", "kept", "--force")
}

// A purge asks a person for the name of the queue.
func TestPurgeAsks(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{"kept\n": "", "kept": "", "y\n": "nothing was purged", "": "nothing was purged"} {
		var asked bytes.Buffer
		a := &app{std: console.Streams{In: strings.NewReader(answer), Err: &asked, Asks: true}}
		err := a.confirmPurge("kept")
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("answer %q: %v", answer, err)
		}
		if !strings.Contains(asked.String(), "all the messages of queue kept") {
			t.Errorf("asked %q", &asked)
		}
	}
}
