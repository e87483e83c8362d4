package emulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// worker is the folder of one Worker of a project.
func workerFiles(name, source, extra string) map[string]string {
	return map[string]string{
		name + "/wrangler.toml": "name = \"" + name + "\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n" + extra,
		name + "/index.js":      source,
	}
}

func project(t *testing.T, workers ...map[string]string) string {
	t.Helper()
	files := map[string]string{}
	var names []string
	for _, w := range workers {
		for name, content := range w {
			files[name] = content
			if dir, ok := strings.CutSuffix(name, "/wrangler.toml"); ok {
				names = append(names, fmt.Sprintf("%q", dir))
			}
		}
	}
	files["flint.toml"] = "workers = [" + strings.Join(names, ", ") + "]\n"
	return testkit.WriteFiles(t, files)
}

const (
	// producer sends what its path says, consumer notes in KV what it got.
	producer = `export default { async fetch(r, env) { await env.Q.send(new URL(r.url).pathname); return new Response("sent"); } }`
	toJobs   = "[[queues.producers]]\nbinding = \"Q\"\nqueue = \"jobs\"\n"
	notes    = "kv_namespaces = [{ binding = \"NOTES\", id = \"notes\" }]\n"
)

// noting is a consumer that notes what it got, and then does what then says.
func noting(then string) string {
	return `export default {
  async queue(batch, env, ctx) {
    for (const m of batch.messages) await env.NOTES.put(batch.queue + " " + m.body + " " + m.attempts, "");
    ` + then + `
  },
  async fetch(r, env) { return new Response((await env.NOTES.list()).keys.map((k) => k.name).join("\n")); },
}`
}

// on fetches a path of a Worker by the name of its host.
func (a app) on(worker, path string) string {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), "GET", a.e.Run().URL+path, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Host = worker + ".localhost"
	var body []byte
	a.send(req, &body, 200)
	return string(body)
}

// rest makes a call of Cloudflare's API and returns its result, or what went wrong.
func (a app) rest(method, path, body string) string {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.e.Run().Control+"/client/v4/accounts/x"+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		a.t.Fatal(err)
	}
	var env struct {
		Result json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(data, &env); err != nil {
		a.t.Fatalf("%s %s: %v in %s", method, path, err, data)
	}
	if len(env.Errors) > 0 {
		return env.Errors[0].Message
	}
	return string(env.Result)
}

func (a app) backlog(queue string) int {
	a.t.Helper()
	var m struct {
		Count int `json:"backlog_count"`
	}
	if err := json.Unmarshal([]byte(a.rest("GET", "/queues/"+queue+"/metrics", "")), &m); err != nil {
		a.t.Fatal(err)
	}
	return m.Count
}

// Two Workers send to a queue that a third consumes; its dead letters are
// consumed by a fourth.
func TestQueueBetweenWorkers(t *testing.T) {
	t.Parallel()
	a := app{t, emulator.RunT(t, project(t,
		workerFiles("shop", producer, toJobs),
		workerFiles("admin", producer, toJobs),
		workerFiles("work", noting(`batch.messages.forEach((m) => m.body === "/bad" && m.retry());`),
			notes+"[[queues.consumers]]\nqueue = \"jobs\"\nmax_retries = 1\ndead_letter_queue = \"morgue\"\n"),
		workerFiles("undertaker", noting(""), notes+"[[queues.consumers]]\nqueue = \"morgue\"\n"),
	))}
	a.on("shop", "/good")
	a.on("admin", "/bad")
	if got := a.rest("GET", "/queues/jobs", ""); !strings.Contains(got, `"producers":[{"type":"worker","script":"admin"},{"type":"worker","script":"shop"}]`) {
		t.Errorf("producers: %s", got)
	}
	a.advance(time.Minute)
	if got, want := a.on("work", "/"), "jobs /bad 1\njobs /bad 2\njobs /good 1\nmorgue /bad 1"; got != want {
		t.Errorf("the consumers got\n%s\nwant\n%s", got, want)
	}
	for _, queue := range []string{"jobs", "morgue"} {
		if n := a.backlog(queue); n != 0 {
			t.Errorf("%d messages are left in %s", n, queue)
		}
	}
}

// A Worker that sends to itself, and one whose messages come from outside.
func TestQueueFromOutside(t *testing.T) {
	t.Parallel()
	a := app{t, emulator.RunT(t, project(t, workerFiles("work", noting(`if (batch.messages[0].body === "again") await env.Q.send("once");`),
		notes+toJobs+"[[queues.consumers]]\nqueue = \"jobs\"\n")))}
	a.rest("POST", "/queues/jobs/messages", `{"body":"again","content_type":"text"}`)
	a.advance(20 * time.Second)
	if got, want := a.on("work", "/"), "jobs again 1\njobs once 1"; got != want {
		t.Errorf("the consumer got\n%s\nwant\n%s", got, want)
	}
}

// A Worker without queue() keeps its messages, and flint says so once.
func TestQueueHandlerMissing(t *testing.T) {
	t.Parallel()
	log := testkit.NewLog()
	dir := project(t, workerFiles("work", producer, toJobs+"[[queues.consumers]]\nqueue = \"jobs\"\nmax_retries = 1\n"))
	a := app{t, start(t, dir, log, func(p *config.Project) { p.Settings.Watch = true })}
	a.on("work", "/one")
	for range 5 {
		a.advance(time.Hour)
	}
	if n := a.backlog("jobs"); n != 1 {
		t.Fatalf("%d messages wait, want 1", n)
	}
	said := 0
	for _, r := range log.Records() {
		if r.Attrs["queue"] == "jobs" && r.Level > 0 {
			said++
			if !strings.Contains(r.Message+r.Attrs["error"], "queue()") {
				t.Errorf("%s %v does not name the handler", r.Message, r.Attrs)
			}
		}
	}
	if said != 1 {
		t.Errorf("it was said %d times: %v", said, log.Records())
	}
	// A save that brings the handler brings the message.
	testkit.WriteFile(t, filepath.Join(dir, "work/index.js"), strings.Replace(noting(""), "env.NOTES.put", "console.log", 1))
	log.Wait(t, "the batch", func(r testkit.Record) bool { return r.Message == "queue batch" && r.Attrs["outcome"] == "ok" })
	if n := a.backlog("jobs"); n != 0 {
		t.Errorf("%d messages wait", n)
	}
}

// A consumer that does not start leaves the messages where they are until it does.
func TestQueueWorkerDoesNotStart(t *testing.T) {
	t.Parallel()
	log := testkit.NewLog()
	dir := project(t, workerFiles("work", `export default { fetch() {}, queue() { this is no JavaScript } }`,
		toJobs+"[[queues.consumers]]\nqueue = \"jobs\"\nmax_batch_timeout = 0\n"))
	a := app{t, start(t, dir, log, func(p *config.Project) { p.Settings.Watch = true })}
	a.rest("POST", "/queues/jobs/messages", `{"body":1}`)
	for range 5 {
		a.advance(time.Hour)
	}
	if n := a.backlog("jobs"); n != 1 {
		t.Fatalf("%d messages wait, want 1", n)
	}
	said := 0
	for _, r := range log.Records() {
		if strings.Contains(r.Message, "cannot be reached") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("it was said %d times: %v", said, log.Records())
	}
	testkit.WriteFile(t, filepath.Join(dir, "work/index.js"), `export default { fetch() {}, queue(b) {} }`)
	r := log.Wait(t, "the batch", testkit.Message("queue batch"))
	if r.Attrs["outcome"] != "ok" || r.Attrs["messages"] != "1" {
		t.Errorf("after the save: %v", r.Attrs)
	}
}

// A Wrangler file declares a pull consumer: no queue() is called, whoever asks
// over HTTP gets the messages, and what fails goes to another Worker's queue.
func TestQueuePulled(t *testing.T) {
	t.Parallel()
	a := app{t, emulator.RunT(t, project(t,
		workerFiles("shop", producer, toJobs+"[[queues.consumers]]\nqueue = \"jobs\"\ntype = \"http_pull\"\nvisibility_timeout_ms = 5000\nmax_retries = 0\ndead_letter_queue = \"morgue\"\n"),
		workerFiles("undertaker", noting(""), notes+"[[queues.consumers]]\nqueue = \"morgue\"\n"),
	))}
	a.on("shop", "/one")
	a.on("shop", "/two")
	a.advance(time.Hour)
	if n := a.backlog("jobs"); n != 2 {
		t.Fatalf("%d messages wait, want 2", n)
	}
	var got struct {
		Messages []struct {
			Body    []byte
			LeaseID string `json:"lease_id"`
		}
	}
	pulled := a.rest("POST", "/queues/jobs/messages/pull", `{}`)
	if err := json.Unmarshal([]byte(pulled), &got); err != nil || len(got.Messages) != 2 || string(got.Messages[0].Body) != `"/one"` {
		t.Fatalf("pulled %s %v", pulled, err)
	}
	if got, want := a.rest("POST", "/queues/jobs/messages/ack", `{"acks":[{"lease_id":"`+got.Messages[0].LeaseID+`"}]}`), `{"ackCount":1,"retryCount":0,"warnings":{}}`; got != want {
		t.Errorf("ack: %s", got)
	}
	a.advance(time.Minute) // the lease of the other one ends, and it had no retries
	if got, want := a.on("undertaker", "/"), "morgue /two 1"; got != want {
		t.Errorf("the dead letters: %q, want %q", got, want)
	}
}

// A Worker that the REST API makes a consumer is one after the next start too.
func TestQueueConsumerByREST(t *testing.T) {
	t.Parallel()
	dir := project(t, workerFiles("work", noting(""), notes+toJobs))
	state := filepath.Join(t.TempDir(), ".flint")
	first := app{t, emulator.StartT(t, dir, func(p *config.Project) { p.Settings.State = state })}
	if got := first.rest("POST", "/queues/jobs/consumers", `{"type":"worker","script_name":"work","settings":{"max_wait_time_ms":1000}}`); !strings.Contains(got, `"script":"work"`) {
		t.Errorf("added: %s", got)
	}
	first.rest("POST", "/queues/jobs/messages", `{"body":"one"}`)
	first.advance(time.Second)
	if got, want := first.on("work", "/"), "jobs one 1"; got != want {
		t.Errorf("before the restart: %q, want %q", got, want)
	}
	first.rest("POST", "/queues/jobs/messages", `{"body":"two"}`)
	if err := first.e.Close(); err != nil {
		t.Fatal(err)
	}
	second := app{t, emulator.RunT(t, dir, func(p *config.Project) { p.Settings.State = state })}
	second.advance(time.Minute)
	if got, want := second.on("work", "/"), "jobs one 1\njobs two 1"; got != want {
		t.Errorf("after the restart: %q, want %q", got, want)
	}
}

// A changed consumer of the Wrangler file is taken over while flint runs.
func TestQueueConsumerReloads(t *testing.T) {
	t.Parallel()
	log := testkit.NewLog()
	dir := project(t, workerFiles("work", noting(""), notes+toJobs))
	a := app{t, start(t, dir, log, func(p *config.Project) { p.Settings.Watch = true })}
	a.rest("POST", "/queues/jobs/messages", `{"body":"one"}`)
	a.advance(time.Hour)
	if n := a.backlog("jobs"); n != 1 {
		t.Fatalf("%d messages wait, want 1", n)
	}
	file := filepath.Join(dir, "work/wrangler.toml")
	testkit.WriteFile(t, file, workerFiles("work", "", notes+toJobs+"[[queues.consumers]]\nqueue = \"jobs\"\nmax_batch_timeout = 0\n")["work/wrangler.toml"])
	log.Wait(t, "the batch", func(r testkit.Record) bool { return r.Message == "queue batch" && r.Attrs["outcome"] == "ok" })
	if got := a.rest("GET", "/queues/jobs/consumers", ""); !strings.Contains(got, `"script":"work"`) {
		t.Errorf("consumers: %s", got)
	}
}

// start runs a project whose log a test reads.
func start(t *testing.T, dir string, log *testkit.Log, configure ...func(*config.Project)) *emulator.Emulator {
	t.Helper()
	load := func() (*config.Project, error) { return config.Load(config.Options{Dir: dir, Today: emulator.Today()}) }
	p, err := load()
	if err != nil {
		t.Fatal(err)
	}
	p.Settings.Port, p.Settings.ControlPort, p.Settings.S3Port, p.Settings.Watch = 0, 0, 0, false
	p.Settings.State = filepath.Join(t.TempDir(), ".flint")
	for _, f := range configure {
		f(p)
	}
	e, err := emulator.New(t.Context(), p, emulator.WithLog(log.Logger()), emulator.WithLoad(load))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}
