package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"flint/cmd/flint/queues"
	"flint/internal/testkit"
)

// The commands of queues do the same with flint running and without.
func TestQueuesCommands(t *testing.T) {
	t.Parallel()
	stoppedAndRunning(t, nil, func(t *testing.T, dir string, _ bool) {
		t.Run("manage", func(t *testing.T) { queuesManage(t, dir) })
		t.Run("send", func(t *testing.T) { queuesSend(t, dir) })
		t.Run("many", func(t *testing.T) { queuesMany(t, dir) })
		t.Run("consumer", func(t *testing.T) { queuesConsumer(t, dir) })
		t.Run("pull", func(t *testing.T) { queuesPull(t, dir) })
	})
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
	wantOut(t, dir, "Pausing message delivery for queue my-jobs.\nPaused message delivery for queue my-jobs.\n", "queues", "pause-delivery", "my-jobs")
	var all []queues.QueueInfo
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
func peeked(t *testing.T, dir, queue string, args ...string) []queues.ShownMessage {
	t.Helper()
	var all []queues.ShownMessage
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
	want := file + ":151: message length of 128002 bytes exceeds limit of 128000 (sent before it: 150 messages)"
	if o.code != 1 || !strings.Contains(o.err, want) {
		t.Errorf("exit %d, %q; want %q", o.code, o.err, want)
	}
	if n := len(peeked(t, dir, "kept", "-n", "1000")); n != 150 {
		t.Errorf("%d messages were sent", n)
	}
	mustFlint(t, dir, "queues", "purge", "kept", "--force")
	// So it is with a line of the standard input that is no message.
	cmd := command(t, dir, nil, "queues", "send", "kept")
	cmd.Stdin = strings.NewReader("1\n2\n{bad\n4\n")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "standard input:3: the message is not JSON") || !strings.HasSuffix(string(out), "(sent before it: 2 messages)\n") {
		t.Errorf("a broken line: %v %s", err, out)
	}
	wantOut(t, dir, "Purged Queue 'kept' (2 messages)\n", "queues", "purge", "kept", "--force")
}

func queuesConsumer(t *testing.T, dir string) {
	const adding, removing = "Adding consumer to queue kept.\nAdded consumer to queue kept.\n", "Removing consumer from queue kept.\nRemoved consumer from queue kept.\n"
	wantOut(t, dir, "No consumers found for queue \"kept\".\n", "queues", "consumer", "list", "kept")
	o := flint(t, dir, "queues", "consumer", "worker", "add", "kept", "elsewhere", "--batch-size", "7", "--batch-timeout", "2", "--message-retries", "0",
		"--dead-letter-queue", "morgue", "--max-concurrency", "3", "--retry-delay-secs", "9")
	if o.code != 0 || o.out != adding || o.err != "The project has no Worker elsewhere: messages wait until there is one.\n" {
		t.Errorf("consumer worker add: %+v", o)
	}
	var all []queues.ConsumerInfo
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "queues", "consumer", "list", "kept", "--json")), &all); err != nil || len(all) != 1 {
		t.Fatalf("consumer list: %v %v", all, err)
	}
	const want = "map[batch_size:7 max_concurrency:3 max_retries:0 max_wait_time_ms:2000 retry_delay:9]"
	if c := all[0]; c.Type != "worker" || c.Script != "elsewhere" || c.DeadLetterQueue != "morgue" || fmt.Sprint(c.Settings) != want {
		t.Errorf("consumer list --json: %+v", c)
	}
	info := mustFlint(t, dir, "queues", "info", "kept")
	for _, want := range []string{"Queue Name: kept\n", "Number of Producers: 1\n  worker:every\n", "Number of Consumers: 1\n  worker:elsewhere batch_size=7 ", "Message Retention: 96h0m0s\n", "Backlog: 0 messages, 0 bytes\n  ready 0, delayed 0, in flight 0, leased 0\n", "Dead Letters: 0 in morgue\n"} {
		if !strings.Contains(info, want) {
			t.Errorf("info lacks %q:\n%s", want, info)
		}
	}
	wantOut(t, dir, "No consumers found for queue \"kept\".\n", "queues", "consumer", "http", "list", "kept")
	for want, args := range map[string][]string{
		`queue "kept" already has a consumer`:                      {"queues", "consumer", "add", "kept", "--http"},
		"no http_pull consumer exists for queue kept":              {"queues", "consumer", "http", "remove", "kept"},
		"no worker consumer 'every' exists for queue kept":         {"queues", "consumer", "worker", "remove", "kept", "every"},
		`queue "kept" still has a producer or a consumer`:          {"queues", "delete", "kept"},
		`queue "nope" does not exist; there are: kept`:             {"queues", "consumer", "add", "nope", "every"},
		`queue "kept" has no pull consumer; add one with`:          {"queues", "pull", "kept"},
		`max_retries of queue "kept" is 101: it must be between 0`: {"queues", "consumer", "worker", "add", "kept", "every", "--message-retries", "101"},
	} {
		if o := flint(t, dir, args...); o.code != 1 || !strings.Contains(o.err, want) {
			t.Errorf("%v: exit %d, %q; want %q", args, o.code, o.err, want)
		}
	}
	wantOut(t, dir, removing, "queues", "consumer", "remove", "kept", "elsewhere")
	wantOut(t, dir, adding, "queues", "consumer", "add", "kept", "every")
	wantOut(t, dir, removing, "queues", "consumer", "remove", "kept")
}

func queuesPull(t *testing.T, dir string) {
	mustFlint(t, dir, "queues", "consumer", "http", "add", "kept", "--message-retries", "1", "--dead-letter-queue", "morgue", "--visibility-timeout-secs", "60")
	defer mustFlint(t, dir, "queues", "consumer", "remove", "kept", "--http")
	wantOut(t, dir, "No messages wait in morgue.\n", "queues", "peek", "morgue") // it is there before it is needed
	wantOut(t, dir, "No messages wait in kept.\n", "queues", "pull", "kept")
	if o := flint(t, dir, "queues", "pull", "kept", "-n", "101"); o.code != 1 || o.err != "flint: batch_size 101 is invalid: it must be between 1 and 100\n" {
		t.Errorf("pull -n 101: %+v", o)
	}
	cmd := command(t, dir, nil, "queues", "send", "kept")
	cmd.Stdin = strings.NewReader("1\n2\n3\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	pull := func(want int) []queues.ShownMessage {
		t.Helper()
		var all []queues.ShownMessage
		if err := json.Unmarshal([]byte(mustFlint(t, dir, "queues", "pull", "kept", "--json")), &all); err != nil || len(all) != want {
			t.Fatalf("pull: %d messages, want %d; %v", len(all), want, err)
		}
		return all
	}
	got := pull(3)
	if s := fmt.Sprint([]any{got[0].Body, got[0].Attempts, got[0].ContentType, got[2].Body}); s != "[1 1 json 3]" {
		t.Errorf("pulled %s", s)
	}
	if info := mustFlint(t, dir, "queues", "info", "kept"); !strings.Contains(info, "leased 3") {
		t.Errorf("info:\n%s", info)
	}
	wantOut(t, dir, "Acknowledged 1 message, 2 to be delivered again.\n", "queues", "ack", "kept", got[0].LeaseID, "--retry", got[1].LeaseID, "--retry", got[2].LeaseID)
	wantOut(t, dir, "Sent 1 message to kept.\n", "queues", "send", "kept", "4", "--delay", "3600")
	got = pull(2)
	wantOut(t, dir, "No message of kept is ready: it holds 3 messages with a delay or a lease; `flint queues info kept` counts them.\n", "queues", "pull", "kept")
	wantOut(t, dir, "Acknowledged 1 message, 1 to be delivered again.\n", "queues", "ack", "kept", got[0].LeaseID, "--retry", got[1].LeaseID)
	if o := flint(t, dir, "queues", "ack", "kept", got[0].LeaseID); o.code != 1 || !strings.Contains(o.err, got[0].LeaseID+": the message is gone") {
		t.Errorf("a second ack: %+v", o)
	}
	// Its one retry is over: it is a dead letter, and can be sent back.
	if info := mustFlint(t, dir, "queues", "info", "morgue"); !strings.Contains(info, "Dead letters of kept: 1; `flint queues redrive morgue` sends them back") {
		t.Errorf("info:\n%s", info)
	}
	if info := mustFlint(t, dir, "queues", "info", "kept"); !strings.Contains(info, "Dead Letters: 1 in morgue") {
		t.Errorf("info:\n%s", info)
	}
	if list := mustFlint(t, dir, "queues", "list"); !strings.Contains(list, "│ is pulled   │") {
		t.Errorf("list:\n%s", list)
	}
	if o := flint(t, dir, "queues", "redrive", "kept"); o.err != "Its own dead letters are in morgue: `flint queues redrive morgue` sends them back.\n" {
		t.Errorf("redrive of the wrong queue: %+v", o)
	}
	mustFlint(t, dir, "queues", "send", "morgue", "sent here", "--text")
	o := flint(t, dir, "queues", "redrive", "morgue")
	if o.out != "Moved 1 message of morgue to where they came from.\n" || o.err != "Left there: 1 message that did not come as a dead letter; --to QUEUE moves all.\n" {
		t.Errorf("redrive: %+v", o)
	}
	wantOut(t, dir, "Moved 1 message of morgue to kept.\n", "queues", "redrive", "morgue", "--to", "kept")
	got = pull(2)
	if s := fmt.Sprint([]any{got[0].Body, got[0].Attempts, got[1].Body}); s != "[3 1 sent here]" {
		t.Errorf("after redrive: %s", s)
	}
	mustFlint(t, dir, "queues", "ack", "kept", got[0].LeaseID, got[1].LeaseID)
	if o := flint(t, dir, "queues", "redrive", "morgue", "--to", "nope"); o.code != 1 || !strings.Contains(o.err, `queue "nope" does not exist; there are: kept, morgue`) {
		t.Errorf("redrive to nowhere: %+v", o)
	}
	mustFlint(t, dir, "queues", "delete", "morgue")
}

// watching reads a `flint queues watch` line by line.
func watching(t *testing.T, dir string, args ...string) (next func() string, stop func()) {
	t.Helper()
	cmd := command(t, dir, nil, append([]string{"queues", "watch"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	next = func() string {
		t.Helper()
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("%v after %q; %s", err, line, &said)
		}
		return strings.TrimSuffix(line, "\n")
	}
	return next, func() {
		t.Helper()
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil || said.Len() > 0 {
			t.Errorf("Ctrl-C: %v %s", err, &said)
		}
	}
}

func TestQueuesWatch(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	if o := flint(t, dir, "queues", "watch"); o.code != 1 || o.err != "flint: nothing passes: flint does not run on this project; start it with `flint dev`\n" {
		t.Errorf("without a running flint: %+v", o)
	}
	d := startDev(t, dir)
	if o := flint(t, dir, "queues", "watch", "nope"); o.code != 1 || !strings.Contains(o.err, `queue "nope" does not exist; there are: kept`) {
		t.Errorf("an unknown queue: %+v", o)
	}
	mustFlint(t, dir, "queues", "consumer", "http", "add", "kept")
	people, stopPeople := watching(t, dir)
	machines, stopMachines := watching(t, dir, "kept", "--json")
	if got, want := people(), "Watching all queues; Ctrl-C ends it."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := machines(), `{"event":"watching","queues":["kept"]}`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	mustFlint(t, dir, "queues", "create", "other")
	mustFlint(t, dir, "queues", "send", "other", "1")
	mustFlint(t, dir, "queues", "send", "kept", `{"html":"<&>"}`)
	var got []queues.ShownMessage
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "queues", "pull", "kept", "--json")), &got); err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	mustFlint(t, dir, "queues", "ack", "kept", got[0].LeaseID)
	for _, want := range []string{"sent          other", "sent          kept", "delivered     kept", "acked         kept"} {
		line := people()
		if !strings.Contains(line, want) || strings.Contains(want, "kept") && !strings.Contains(line, got[0].ID[:8]) {
			t.Errorf("%q, want %s in it", line, want)
		}
	}
	for _, want := range []string{"sent", "delivered", "acked"} {
		var w queues.PassedMessage
		line := machines()
		if err := json.Unmarshal([]byte(line), &w); err != nil || w.Event != want || w.Queue != "kept" || w.ID != got[0].ID {
			t.Errorf("%s, want %s of %s", line, want, got[0].ID)
		}
		if want != "acked" && string(w.Body) != `{"html":"<&>"}` {
			t.Errorf("body %s", w.Body)
		}
	}
	stopMachines()
	stopPeople()
	// A stream does not hold flint up when it ends.
	last, _ := watching(t, dir)
	last()
	if code := d.stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("flint dev ended with %d", code)
	}
}

// What is wrong with a command or a file is one sentence that gives the place.
func TestQueuesMistakes(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	declared := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\nqueues.consumers = [{ queue = \"jobs\" }]\n",
		"index.js":      "export default { queue() {} }",
	})
	two := testkit.WriteFiles(t, map[string]string{
		"flint.toml":      "workers = [\"a\", \"b\"]\n",
		"a/wrangler.toml": "name = \"a\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\nqueues.consumers = [{ queue = \"jobs\" }]\n",
		"b/wrangler.toml": "name = \"b\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\nqueues.consumers = [{ queue = \"jobs\" }]\n",
		"a/index.js":      "export default { queue() {} }",
		"b/index.js":      "export default { queue() {} }",
	})
	file := func(text string) string {
		name := filepath.Join(t.TempDir(), "f.jsonl")
		testkit.WriteFile(t, name, text)
		return name
	}
	for name, c := range map[string]struct {
		dir  string
		args []string
		code int
		want string
	}{
		"send to nobody":     {dir, []string{"send", "nope", "1"}, 1, "queue \"nope\" does not exist; there are: kept (`flint queues create NAME` makes one)"},
		"send lines":         {dir, []string{"send", "nope", "--file", file("1\n")}, 1, `queue "nope" does not exist; there are: kept`},
		"peek at nobody":     {dir, []string{"peek", "nope"}, 1, `queue "nope" does not exist`},
		"info of nobody":     {dir, []string{"info", "nope"}, 1, `queue "nope" does not exist`},
		"pause nobody":       {dir, []string{"pause", "nope"}, 1, `queue "nope" does not exist`},
		"purge nobody":       {dir, []string{"purge", "nope", "--force"}, 1, `queue "nope" does not exist`},
		"redrive nobody":     {dir, []string{"redrive", "nope"}, 1, `queue "nope" does not exist`},
		"no queue":           {dir, []string{"send"}, 2, "flint queues send needs a queue"},
		"no JSON":            {dir, []string{"send", "kept", "hello"}, 2, `the message is not JSON (invalid character 'h' looking for beginning of value): quote it as '{"type":"x"}', or send it with --text`},
		"both kinds":         {dir, []string{"send", "kept", "1", "--json", "--text"}, 2, "give --json or --text, not both"},
		"message and file":   {dir, []string{"send", "kept", "1", "--file", "f"}, 2, "give a message or --file, not both"},
		"delay too long":     {dir, []string{"send", "kept", "1", "--delay", "86401"}, 2, "--delay 86401: it must be between 0 and 86400 seconds"},
		"delay negative":     {dir, []string{"send", "kept", "1", "--delay", "-1"}, 2, "--delay -1: it must be between 0 and 86400 seconds"},
		"no such file":       {dir, []string{"send", "kept", "--file", "nope.jsonl"}, 2, "cannot read nope.jsonl: no such file or directory"},
		"a folder":           {dir, []string{"send", "kept", "--file", "."}, 2, "cannot read .: it is a directory"},
		"a broken line":      {dir, []string{"send", "kept", "--file", file("{\"a\":1}\n\n{\"a\":\n")}, 2, "f.jsonl:3: the message is not JSON (unexpected end of JSON input)"},
		"no text":            {dir, []string{"send", "kept", "--text", "--file", file("a\n\xff\n")}, 2, "f.jsonl:2: the message is not UTF-8 text"},
		"a long line":        {dir, []string{"send", "kept", "--file", file("1\n" + strings.Repeat("x", 2<<20))}, 2, "f.jsonl:2: the line is longer than 1048576 bytes; a message has at most 128000"},
		"too long a message": {dir, []string{"send", "kept", "--text", strings.Repeat("x", 128_001-1000) + strings.Repeat("y", 1000)}, 1, "message length of 128001 bytes exceeds limit of 128000"},
		"unexpected":         {dir, []string{"send", "kept", "1", "2"}, 2, `unexpected argument "2"`},
		"remote":             {dir, []string{"send", "kept", "1", "--remote"}, 2, "never connects to Cloudflare"},
		"peek none":          {dir, []string{"peek", "kept", "-n", "0"}, 2, "--number 0: it must be between 1 and 1000"},
		"peek many":          {dir, []string{"peek", "kept", "-n", "1001"}, 2, "--number 1001: it must be between 1 and 1000"},
		"purge unasked":      {dir, []string{"purge", "kept"}, 2, "the --force flag is required to purge a queue where nobody can be asked"},
		"create twice":       {dir, []string{"create", "kept"}, 1, `queue name "kept" is already taken`},
		"create no name":     {dir, []string{"create", "not a name"}, 1, `queue name "not a name" is invalid: 1 to 63 letters, digits, hyphens and underscores`},
		"create delay":       {dir, []string{"create", "q", "--delivery-delay-secs", "86401"}, 2, "Invalid --delivery-delay-secs value: 86401. Must be between 0 and 86400"},
		"create retention":   {dir, []string{"create", "q", "--message-retention-period-secs", "59"}, 2, "Invalid --message-retention-period-secs value: 59. Must be between 60 and 1209600"},
		"update nothing":     {dir, []string{"update", "kept"}, 2, "nothing to change: give --delivery-delay-secs or --message-retention-period-secs"},
		"delete bound":       {dir, []string{"delete", "kept"}, 1, `queue "kept" still has a producer or a consumer; remove those first`},
		"delete nobody":      {dir, []string{"delete", "nope"}, 1, `queue "nope" does not exist`},
		"redrive to itself":  {dir, []string{"redrive", "kept", "--to", "kept"}, 1, `queue "kept" cannot be redriven to itself`},
		"redrive less":       {dir, []string{"redrive", "kept", "--limit", "-1"}, 2, "--limit -1: it must not be negative"},
		"pull from nobody":   {dir, []string{"pull", "kept"}, 1, "queue \"kept\" has no pull consumer; add one with `flint queues consumer http add kept`"},
		"ack nothing":        {dir, []string{"ack", "kept"}, 2, "which message? Give its lease, as `flint queues pull` shows it, or --retry LEASE"},
		"ack nobody":         {dir, []string{"ack"}, 2, "flint queues ack needs a queue"},
		"who consumes":       {dir, []string{"consumer", "add", "kept"}, 2, "who consumes kept? Give the name of a Worker, or --http for messages that are pulled"},
		"two consume":        {dir, []string{"consumer", "add", "kept", "w", "--http"}, 2, "who consumes kept?"},
		"wrong setting":      {dir, []string{"consumer", "add", "kept", "--http", "--max-concurrency", "2"}, 2, "--max-concurrency has no meaning for a consumer of type http_pull"},
		"no Worker":          {dir, []string{"consumer", "worker", "add", "kept"}, 2, "flint queues consumer worker add needs the name of a Worker"},
		"batch size":         {dir, []string{"consumer", "add", "kept", "w", "--batch-size", "101"}, 1, `max_batch_size of queue "kept" is 101: it must be between 1 and 100`},
		"half a message":     {dir, []string{"consumer", "add", "kept", "w", "--batch-size", "1.5"}, 1, `the field "settings.batch_size" of the request body cannot be a number 1.5`},
		"no number":          {dir, []string{"consumer", "add", "kept", "w", "--batch-size", "many"}, 2, "--batch-size"},
		"own dead letters":   {dir, []string{"consumer", "add", "kept", "w", "--dead-letter-queue", "kept"}, 1, `dead_letter_queue of queue "kept" is the queue itself`},
		"remove nobody":      {dir, []string{"consumer", "remove", "kept"}, 1, "queue kept has no consumer"},
		"remove declared":    {declared, []string{"consumer", "remove", "jobs"}, 1, `the consumer of queue "jobs" is declared in a Wrangler file; change it there`},
		"declared twice":     {two, []string{"list"}, 2, `queue "jobs" has a consumer in `},
		"unknown verb":       {dir, []string{"drain", "kept"}, 2, `unknown command "drain" for "flint queues"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := append([]string{"queues"}, c.args...)
			if c.code == 1 || c.dir == two { // each opens the state: none may be in another's way
				args = append(args, "--state", t.TempDir())
			}
			o := flint(t, c.dir, args...)
			if o.code != c.code || !strings.Contains(o.err, c.want) {
				t.Errorf("exit %d, want %d; message %q, want %q in it", o.code, c.code, o.err, c.want)
			}
			if strings.Count(o.err, "\n") != 1 {
				t.Errorf("the message is not one line: %q", o.err)
			}
		})
	}
}
