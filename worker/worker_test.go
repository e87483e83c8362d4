package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"flint/config"
	"flint/internal/testkit"
	"flint/queues"
	"flint/worker/bundle"
	"flint/worker/workerd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// project is a Worker that runs in a test.
type project struct {
	*Runtime
	worker *Worker
	config config.Worker
	log    *testkit.Log
	dir    string
}

// newProject makes a runtime for one Worker without starting it. Bindings go
// to a server that refuses everything.
func newProject(t *testing.T, source string, configure ...func(*config.Worker)) *project {
	t.Helper()
	binary, err := workerd.Find(t.Context(), workerd.FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := testkit.WriteFiles(t, map[string]string{"index.ts": source})
	run, err := os.MkdirTemp("", "fw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	socket := filepath.Join(run, "b.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.NotFoundHandler()}
	go srv.Serve(listener)
	t.Cleanup(func() { srv.Close() })
	cfg := config.Worker{Name: "w", File: filepath.Join(dir, "wrangler.toml"), Dir: dir, Main: filepath.Join(dir, "index.ts"), CompatibilityDate: "2026-01-01"}
	for _, f := range configure {
		f(&cfg)
	}
	p := &project{config: cfg, log: testkit.NewLog(), dir: dir}
	p.Runtime = New(Options{
		Workers: []config.Worker{cfg}, Binary: binary, BindingsSocket: socket,
		RunDir: run, StateDir: filepath.Join(dir, "state"), Log: p.log.Logger(),
	})
	p.worker, _ = p.Runtime.Worker("w")
	t.Cleanup(func() { p.Close() })
	return p
}

func startProject(t *testing.T, source string, configure ...func(*config.Worker)) *project {
	t.Helper()
	p := newProject(t, source, configure...)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// save replaces the source and reloads.
func (p *project) save(t *testing.T, source string) error {
	t.Helper()
	testkit.WriteFile(t, p.config.Main, source)
	return p.Reload(t.Context(), []config.Worker{p.config})
}

// get fetches a path and returns status and body.
func (p *project) get(ctx context.Context, path string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://w"+path, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := p.worker.RoundTrip(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

func (p *project) expect(t *testing.T, path, want string) {
	t.Helper()
	status, body, err := p.get(t.Context(), path)
	if err != nil || status != http.StatusOK || body != want {
		t.Fatalf("GET %s = %d %q, %v; want 200 %q", path, status, body, err, want)
	}
}

const hello = `export default { fetch: () => new Response("hello") }`

func TestAnswersAndReloads(t *testing.T) {
	t.Parallel()
	p := startProject(t, hello)
	p.expect(t, "/", "hello")
	if err := p.save(t, strings.Replace(hello, "hello", "again", 1)); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "/", "again")
}

func TestSavingTheSameCodeRestartsNothing(t *testing.T) {
	t.Parallel()
	p := startProject(t, hello)
	before := p.PIDs()
	if err := p.save(t, hello); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.PIDs(), before) {
		t.Error("workerd was restarted although nothing changed")
	}
}

// counterSource keeps its count in a Durable Object, so a reload must stop the
// old process before the new one starts.
const counterSource = `
import { DurableObject } from "cloudflare:workers";
const VERSION = "v0";
export class Counter extends DurableObject {
  async fetch() {
    const n = ((await this.ctx.storage.get("n")) ?? 0) + 1;
    await this.ctx.storage.put("n", n);
    return new Response(String(n));
  }
}
export default {
  async fetch(request, env) {
    const n = await (await env.COUNTER.get(env.COUNTER.idFromName("x")).fetch(request)).text();
    return new Response(VERSION + " " + n);
  },
};`

func withCounter(c *config.Worker) {
	c.DurableObjects = []config.DurableObject{{Binding: "COUNTER", Class: "Counter"}}
	c.Migrations = []config.Migration{{Tag: "v1", NewSQLiteClasses: []string{"Counter"}}}
}

func TestReloadUnderLoadFailsNoRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		source    string
		configure func(*config.Worker)
	}{
		"stateless":       {`const VERSION = "v0"; export default { async fetch() { await scheduler.wait(2); return new Response(VERSION); } }`, func(*config.Worker) {}},
		"durable objects": {counterSource, withCounter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProject(t, c.source, c.configure)
			reloadUnderLoad(t, p, c.source)
		})
	}
}

func reloadUnderLoad(t *testing.T, p *project, source string) {
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	for range 8 {
		wg.Go(func() {
			for ctx.Err() == nil {
				status, body, err := p.get(t.Context(), "/")
				if err != nil || status != http.StatusOK {
					t.Errorf("a request failed during a reload: %d %q %v", status, body, err)
					return
				}
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	for i := 1; i <= 5; i++ {
		version := fmt.Sprintf("v%d", i)
		if err := p.save(t, strings.Replace(source, "v0", version, 1)); err != nil {
			t.Error(err)
		}
		if _, body, err := p.get(t.Context(), "/"); err != nil || !strings.HasPrefix(body, version) {
			t.Errorf("after the reload: %q %v, want %s", body, err, version)
		}
	}
	stop()
	wg.Wait()
	if answered < 50 {
		t.Errorf("only %d requests were answered: the test did not load the Worker", answered)
	}
}

func TestObjectsSurviveReloadAndRestart(t *testing.T) {
	t.Parallel()
	p := startProject(t, counterSource, withCounter)
	p.expect(t, "/", "v0 1")
	if err := p.save(t, strings.Replace(counterSource, "v0", "v1", 1)); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "/", "v1 2")
	syscall.Kill(p.PIDs()[0], syscall.SIGKILL)
	testkit.Eventually(t, func() error {
		_, body, err := p.get(t.Context(), "/")
		if err == nil && body != "v1 3" {
			t.Fatalf("after kill -9 of workerd the count is %q", body)
		}
		return err
	})
}

func TestCrashGivesAClearErrorAndRestarts(t *testing.T) {
	t.Parallel()
	p := startProject(t, `export default { async fetch(r) { if (r.url.endsWith("/slow")) { console.log("waiting"); await scheduler.wait(60000); } return new Response("up"); } }`)
	failed := make(chan error, 1)
	go func() {
		_, _, err := p.get(t.Context(), "/slow")
		failed <- err
	}()
	p.log.Wait(t, "the request runs", func(r testkit.Record) bool { return r.Attrs["message"] == "waiting" })
	syscall.Kill(p.PIDs()[0], syscall.SIGKILL)
	var crash *CrashError
	if err := <-failed; !errors.As(err, &crash) {
		t.Errorf("the request that hit the crash got %v, want a CrashError", err)
	}
	p.expect(t, "/", "up")
	p.log.Wait(t, "the crash is told", testkit.Message("workerd crashed"))
	p.log.Wait(t, "the restart is told", testkit.Message("workerd restarted"))
}

func TestBuildErrorKeepsTheLastGoodVersion(t *testing.T) {
	t.Parallel()
	p := startProject(t, hello)
	err := p.save(t, "export default {\n  fetch: () => new Response(\"x\" }\n}")
	var build *bundle.Error
	if !errors.As(err, &build) || !strings.Contains(build.Pretty(false), "index.ts:2:") {
		t.Errorf("Reload of broken code: %v, want an error at index.ts:2", err)
	}
	p.expect(t, "/", "hello")
}

func TestCodeThatDoesNotStartKeepsTheLastGoodVersion(t *testing.T) {
	t.Parallel()
	for name, configure := range map[string]func(*config.Worker){"stateless": func(*config.Worker) {}, "durable objects": withCounter} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProject(t, counterSource, configure)
			err := p.save(t, counterSource+"\nthrow new Error('at start');")
			if err == nil || !strings.Contains(err.Error(), "at start") || !strings.Contains(err.Error(), "index.ts:17:") || strings.Contains(err.Error(), "flint_entry") {
				t.Errorf("Reload = %v, want the Worker's own error with its place", err)
			}
			if status, body, err := p.get(t.Context(), "/"); name == "durable objects" && (err != nil || status != 200 || body != "v0 1") {
				t.Errorf("after the failed reload: %d %q %v", status, body, err)
			}
		})
	}
}

func TestStartWithABuildErrorIsMendedByReload(t *testing.T) {
	t.Parallel()
	p := newProject(t, `import "./missing"; export default {}`)
	var build *bundle.Error
	if err := p.Start(t.Context()); !errors.As(err, &build) {
		t.Fatalf("Start = %v, want a build error", err)
	}
	if _, _, err := p.get(t.Context(), "/"); !errors.As(err, &build) {
		t.Errorf("a request got %v, want the build error", err)
	}
	if err := p.save(t, hello); err != nil {
		t.Fatal(err)
	}
	p.expect(t, "/", "hello")
}

func TestExceptionHasASourceMappedStack(t *testing.T) {
	t.Parallel()
	p := startProject(t, `interface Thing { name: string }

function broken(thing: Thing | null): string {
  return thing!.name;
}

export default { async fetch() { console.log("before"); return new Response(broken(null)); } }`)
	_, _, err := p.get(t.Context(), "/")
	var e *Exception
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Exception", err)
	}
	if !strings.Contains(e.Summary(), "TypeError: Cannot read properties of null") || !strings.Contains(e.Stack, "index.ts:4:") || strings.Contains(e.Stack, "__flint") {
		t.Errorf("exception: %s\n%s", e.Summary(), e.Stack)
	}
	p.log.Wait(t, "the exception", testkit.Message(EventException))
	var order []string
	for _, r := range p.log.Records() {
		if r.Message == EventConsole || r.Message == EventException {
			order = append(order, r.Message)
		}
	}
	if strings.Join(order, " ") != "console exception" {
		t.Errorf("events in order: %v", order)
	}
}

func TestStreamsBothWays(t *testing.T) {
	t.Parallel()
	p := startProject(t, `export default { fetch: (r) => new Response(r.body, { headers: { "x-length": String(r.headers.get("content-length")) } }) }`)
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://w/", body)
	if err != nil {
		t.Fatal(err)
	}
	go feed.Write([]byte("one"))
	res, err := p.worker.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	buf := make([]byte, 16)
	for _, part := range []string{"one", "two", "three"} {
		if part != "one" {
			go feed.Write([]byte(part))
		}
		if n, err := io.ReadFull(res.Body, buf[:len(part)]); err != nil || string(buf[:n]) != part {
			t.Fatalf("echoed %q, %v; want %q before the request ends", buf[:n], err, part)
		}
	}
	feed.Close()
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) != 0 {
		t.Errorf("at the end: %q, %v", rest, err)
	}
}

func TestQueueDeliveryAndOutcome(t *testing.T) {
	t.Parallel()
	p := startProject(t, `export default {
  fetch: () => new Response(),
  async queue(batch) {
    console.log(batch.queue, JSON.stringify(batch.messages.map((m) => [m.id, m.attempts, m.body instanceof Uint8Array ? [...m.body] : m.body, m.timestamp.getTime()])));
    batch.messages[0].ack();
    batch.messages[1].retry({ delaySeconds: 7 });
    if (batch.queue === "throws") throw new Error("in the consumer");
  },
}`)
	at := time.UnixMilli(1234567890123)
	batch := queues.Batch{Queue: "q", Messages: []queues.Message{
		{ID: "a", Timestamp: at, Attempts: 1, ContentType: "json", Body: []byte(`{"x":1}`)},
		{ID: "b", Timestamp: at, Attempts: 2, ContentType: "text", Body: []byte("té\"xt")},
		{ID: "c", Timestamp: at, Attempts: 3, ContentType: "bytes", Body: []byte{0, 255}},
	}}
	out, err := p.worker.DeliverQueue(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	if out.Outcome != "ok" || len(out.ExplicitAcks) != 1 || out.ExplicitAcks[0] != "a" ||
		len(out.Retries) != 1 || out.Retries[0].ID != "b" || *out.Retries[0].Delay != 7*time.Second {
		t.Errorf("outcome %+v", out)
	}
	want := `q [["a",1,{"x":1},1234567890123],["b",2,"té\"xt",1234567890123],["c",3,[0,255],1234567890123]]`
	p.log.Wait(t, want, func(r testkit.Record) bool { return r.Attrs["message"] == want })
	batch.Queue = "throws"
	if out, err = p.worker.DeliverQueue(t.Context(), batch); err != nil || out.Outcome != "exception" || len(out.ExplicitAcks) != 1 {
		t.Errorf("a throwing handler: %+v, %v", out, err)
	}
	batch.Messages[0].Body = []byte("{")
	if out, err = p.worker.DeliverQueue(t.Context(), batch); err != nil || out.Outcome != "exception" || len(out.ExplicitAcks) != 0 {
		t.Errorf("a message that is not the JSON it says: %+v, %v", out, err)
	}
	p.log.Wait(t, "the consumer's exception", func(r testkit.Record) bool { return r.Message == EventException && r.Attrs["handler"] == "queue" })
}

func TestScheduled(t *testing.T) {
	t.Parallel()
	p := startProject(t, `export default { scheduled(c) { console.log(c.cron, c.scheduledTime); if (c.cron === "bad") throw new Error("no") } }`)
	if err := p.worker.Scheduled(t.Context(), "0 0 * * *", time.UnixMilli(86400000)); err != nil {
		t.Fatal(err)
	}
	p.log.Wait(t, "the handler ran", func(r testkit.Record) bool { return r.Attrs["message"] == "0 0 * * * 86400000" })
	if err := p.worker.Scheduled(t.Context(), "bad", time.UnixMilli(0)); err == nil {
		t.Error("a throwing handler counts as a success")
	}
	var e *Exception
	if _, _, err := p.get(t.Context(), "/"); !errors.As(err, &e) || !strings.Contains(e.Message, "no fetch() handler") {
		t.Errorf("a Worker without fetch: %v", err)
	}
}

// Each isolate has globals of its own and takes requests; a crash of one
// restarts them.
func TestIsolates(t *testing.T) {
	t.Parallel()
	p := newProject(t, `let id; export default { async fetch() { id ??= crypto.randomUUID(); await scheduler.wait(20); return new Response(id); } }`)
	p.Runtime.opt.Isolates = 3
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ids := func() map[string]bool {
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]bool{}
		for range 12 {
			wg.Go(func() {
				_, body, err := p.get(t.Context(), "/")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				seen[body] = true
				mu.Unlock()
			})
		}
		wg.Wait()
		return seen
	}
	if n := len(ids()); n != 3 {
		t.Errorf("12 requests at once met %d isolates, want 3", n)
	}
	pids := p.PIDs()
	syscall.Kill(pids[1], syscall.SIGKILL)
	p.log.Wait(t, "the restart", testkit.Message("workerd restarted"))
	if n := len(ids()); n != 3 || len(p.PIDs()) != 3 {
		t.Errorf("after a crash: %d isolates answer, %d run", n, len(p.PIDs()))
	}
}

func TestHeldRequestEndsWithItsContext(t *testing.T) {
	t.Parallel()
	p := newProject(t, hello)
	p.ctx, p.stop = context.WithCancel(context.Background())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := p.get(ctx, "/"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
