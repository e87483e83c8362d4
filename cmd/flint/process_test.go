package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"flint/internal/console"
	"flint/internal/testkit"
)

// asFlint makes the test binary behave as the flint command, so that tests
// can run it as a process of its own and kill it.
const asFlint = "FLINT_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asFlint) != "" {
		os.Exit(run(os.Args[1:], console.Std()))
	}
	os.Exit(m.Run())
}

// command prepares `flint args…` in dir.
func command(t *testing.T, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Dir = dir
	// with -race every process sleeps a second before it ends: https://go.dev/doc/articles/race_detector
	cmd.Env = append(append(os.Environ(), asFlint+"=1", "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE")), env...)
	return cmd
}

// output of a command that ran to its end.
type output struct {
	out, err string
	code     int
}

// flint runs a command to its end.
func flint(t *testing.T, dir string, args ...string) output {
	t.Helper()
	return flintEnv(t, dir, nil, args...)
}

func flintEnv(t *testing.T, dir string, env []string, args ...string) output {
	t.Helper()
	cmd := command(t, dir, env, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return output{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// mustFlint runs a command that must succeed and returns its standard output.
func mustFlint(t *testing.T, dir string, args ...string) string {
	t.Helper()
	o := flint(t, dir, args...)
	if o.code != 0 {
		t.Fatalf("flint %s: exit %d\n%s%s", strings.Join(args, " "), o.code, o.out, o.err)
	}
	return o.out
}

// event is a line of --log-format json.
type event struct {
	Event, URL, Control, S3 string
	Text, Message, Level    string
	MS                      int64
}

// dev is a running `flint dev`.
type dev struct {
	cmd    *exec.Cmd
	ready  event
	stderr *lockedBuffer

	mu     sync.Mutex
	events []event
	seen   chan struct{} // closed and replaced with each event
	ended  chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startDev starts `flint dev` on free ports and waits until it is ready.
func startDev(t *testing.T, dir string, args ...string) *dev {
	t.Helper()
	return startDevEnv(t, dir, nil, args...)
}

func startDevEnv(t *testing.T, dir string, env []string, args ...string) *dev {
	t.Helper()
	args = append([]string{"dev", "--port", "0", "--control-port", "0", "--s3-port", "0", "--log-format", "json"}, args...)
	d := &dev{cmd: command(t, dir, env, args...), stderr: &lockedBuffer{}, seen: make(chan struct{}), ended: make(chan struct{})}
	d.cmd.Stderr = d.stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go d.read(out)
	t.Cleanup(func() {
		d.cmd.Process.Kill()
		<-d.ended
	})
	d.ready = d.wait(t, "ready", func(e event) bool { return e.Event == "ready" })
	return d
}

func (d *dev) read(out io.Reader) {
	defer close(d.ended)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			e = event{Event: "not JSON", Message: lines.Text()}
		}
		d.mu.Lock()
		d.events = append(d.events, e)
		close(d.seen)
		d.seen = make(chan struct{})
		d.mu.Unlock()
	}
	d.cmd.Wait()
}

// wait returns the first event that matches.
func (d *dev) wait(t *testing.T, what string, match func(event) bool) event {
	t.Helper()
	deadline := time.NewTimer(60 * time.Second)
	defer deadline.Stop()
	for next := 0; ; {
		d.mu.Lock()
		events, seen := d.events, d.seen
		d.mu.Unlock()
		for ; next < len(events); next++ {
			if match(events[next]) {
				return events[next]
			}
		}
		select {
		case <-seen:
		case <-d.ended:
			t.Fatalf("flint ended before: %s\n%v\n%s", what, events, d.stderr)
		case <-deadline.C:
			t.Fatalf("no event: %s\n%v\n%s", what, events, d.stderr)
		}
	}
}

// stop ends flint by a signal and returns its exit code.
func (d *dev) stop(t *testing.T, sig syscall.Signal) int {
	t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	<-d.ended
	return d.cmd.ProcessState.ExitCode()
}

// get fetches a path of the Worker's port.
func (d *dev) get(path string) (int, string, error) { return fetch(d.ready.URL + path) }

func fetch(url string) (int, string, error) {
	res, err := http.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

func (d *dev) expect(t *testing.T, path, want string) {
	t.Helper()
	status, body, err := d.get(path)
	if err != nil || status != http.StatusOK || body != want {
		t.Fatalf("GET %s = %d %q, %v; want 200 %q", path, status, body, err, want)
	}
}

// alive reports whether a process still runs (a zombie does not).
func alive(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(data), ") Z ")
}

func (d *dev) workerd(t *testing.T) int {
	t.Helper()
	var health struct {
		PIDs []int `json:"workerd_pids"`
	}
	_, body, err := fetch(d.ready.Control + "/_flint/health")
	if err != nil || json.Unmarshal([]byte(body), &health) != nil || len(health.PIDs) != 1 {
		t.Fatalf("health: %v %s", err, body)
	}
	return health.PIDs[0]
}

// everything binds one of each service; /put stores in all of them and /get
// reads it back.
var everything = map[string]string{
	"wrangler.toml": `name = "every"
main = "src/index.ts"
compatibility_date = "2026-01-01"
kv_namespaces = [{ binding = "KV", id = "kv-id" }]
d1_databases = [{ binding = "DB", database_name = "db", database_id = "d1-id" }]
r2_buckets = [{ binding = "BUCKET", bucket_name = "bucket" }]
durable_objects.bindings = [{ name = "DO", class_name = "Keeper" }]
migrations = [{ tag = "v1", new_sqlite_classes = ["Keeper"] }]
[[queues.producers]]
binding = "QUEUE"
queue = "kept"
`,
	"migrations/0001_init.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, note TEXT);\n",
	"src/index.ts": `import { DurableObject } from "cloudflare:workers";
export class Keeper extends DurableObject {
  async fetch(request: Request) {
    if (request.method === "PUT") await this.ctx.storage.put("note", await request.text());
    return new Response(await this.ctx.storage.get<string>("note"));
  }
}
export default {
  async fetch(request: Request, env: any): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const keeper = env.DO.get(env.DO.idFromName("one"));
    if (pathname === "/put") {
      const note = searchParams.get("note")!;
      await Promise.all([
        env.KV.put("note", note),
        env.DB.prepare("INSERT OR REPLACE INTO notes VALUES (1, ?)").bind(note).run(),
        env.BUCKET.put("dir/note", note),
        env.QUEUE.send({ note }),
        keeper.fetch("http://do/", { method: "PUT", body: note }),
      ]);
      return new Response("stored");
    }
    return Response.json([
      await env.KV.get("note"),
      await env.DB.prepare("SELECT note FROM notes").first("note"),
      await (await env.BUCKET.get("dir/note"))?.text(),
      await (await keeper.fetch("http://do/")).text(),
    ]);
  },
};
`,
}

func everyProject(t *testing.T) string {
	t.Helper()
	dir := testkit.WriteFiles(t, everything)
	mustFlint(t, dir, "d1", "migrations", "apply", "db")
	return dir
}

const kept = `["hi","hi","hi","hi"]`

func TestKillLosesNothingAndLeavesNoWorkerd(t *testing.T) {
	t.Parallel()
	dir := everyProject(t)
	d := startDev(t, dir)
	d.expect(t, "/put?note=hi", "stored")
	pid := d.workerd(t)
	d.stop(t, syscall.SIGKILL)
	testkit.Eventually(t, func() error {
		if alive(pid) {
			return fmt.Errorf("workerd (pid %d) outlived a killed flint", pid)
		}
		return nil
	})
	d = startDev(t, dir)
	d.expect(t, "/get", kept)
	if out := mustFlint(t, dir, "queues", "list", "--json"); !strings.Contains(out, `"kept"`) {
		t.Errorf("queues list: %s", out)
	}
	_, body, err := fetch(d.ready.Control + "/client/v4/accounts/x/queues/kept/metrics")
	if err != nil || !strings.Contains(body, `"backlog_count":1`) {
		t.Errorf("the message that was sent before the kill: %s %v", body, err)
	}
}

func TestSignalEndsInOrderWithExitZero(t *testing.T) {
	t.Parallel()
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		dir := everyProject(t)
		d := startDev(t, dir)
		d.expect(t, "/put?note=hi", "stored")
		pid := d.workerd(t)
		if code := d.stop(t, sig); code != 0 {
			t.Errorf("%v: exit code %d\n%s", sig, code, d.stderr)
		}
		if alive(pid) {
			t.Errorf("%v: workerd still runs", sig)
		}
		for _, left := range []string{"run.json", "run"} {
			if _, err := os.Stat(filepath.Join(dir, ".flint", left)); err == nil {
				t.Errorf("%v: .flint/%s was left behind", sig, left)
			}
		}
		startDev(t, dir).expect(t, "/get", kept)
	}
}

func TestSecondFlintIsRefused(t *testing.T) {
	t.Parallel()
	dir := everyProject(t)
	d := startDev(t, dir)
	o := flint(t, dir, "dev", "--port", "0", "--control-port", "0", "--s3-port", "0")
	if o.code != 1 || !strings.Contains(o.err, fmt.Sprintf("pid %d at %s", d.cmd.Process.Pid, d.ready.URL)) {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	d := startDev(t, everyProject(t))
	port := d.ready.URL[strings.LastIndexByte(d.ready.URL, ':')+1:]
	o := flint(t, everyProject(t), "dev", "--port", port, "--control-port", "0", "--s3-port", "0")
	if o.code != 1 || !strings.Contains(o.err, "port "+port+" on 127.0.0.1 is in use by another program; choose another with --port") {
		t.Errorf("exit %d: %s", o.code, o.err)
	}
}

func TestSaveReloadsUnderLoad(t *testing.T) {
	t.Parallel()
	dir := everyProject(t)
	d := startDev(t, dir)
	d.expect(t, "/put?note=hi", "stored")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if status, body, err := d.get("/get"); err != nil || status != http.StatusOK {
					t.Errorf("a request failed during a reload: %d %q %v", status, body, err)
					return
				}
			}
		})
	}
	for i := range 3 {
		answer := fmt.Sprintf("stored %d", i)
		testkit.WriteFile(t, filepath.Join(dir, "src/index.ts"), strings.Replace(everything["src/index.ts"], `"stored"`, `"`+answer+`"`, 1))
		testkit.Eventually(t, func() error {
			_, body, err := d.get("/put?note=hi")
			if err == nil && body != answer {
				err = fmt.Errorf("the new code does not answer: %q, want %q", body, answer)
			}
			return err
		})
	}
	close(stop)
	wg.Wait()
	d.wait(t, "reloaded", func(e event) bool { return e.Event == "reloaded" })
}

func TestBuildErrorIsShownAndMended(t *testing.T) {
	t.Parallel()
	dir := everyProject(t)
	source := filepath.Join(dir, "src/index.ts")
	broken := strings.Replace(everything["src/index.ts"], "export default {", "export default {{", 1)
	testkit.WriteFile(t, source, broken)
	d := startDev(t, dir)
	e := d.wait(t, "build failed", func(e event) bool { return e.Event == "build failed" })
	if !strings.Contains(e.Text, "src/index.ts:8:") || !strings.Contains(e.Text, "export default {{") {
		t.Errorf("build error without place or code frame:\n%s", e.Text)
	}
	if status, body, err := d.get("/"); err != nil || status != 500 || !strings.Contains(body, "src/index.ts:8:") {
		t.Errorf("a request while nothing builds: %d %q %v", status, body, err)
	}
	testkit.WriteFile(t, source, everything["src/index.ts"])
	testkit.Eventually(t, func() error {
		status, body, err := d.get("/put?note=hi")
		if err == nil && (status != 200 || body != "stored") {
			err = fmt.Errorf("after the mend: %d %s", status, body)
		}
		return err
	})
	testkit.WriteFile(t, source, broken)
	failures := 0
	d.wait(t, "a second build failure", func(e event) bool {
		if e.Event == "build failed" {
			failures++
		}
		return failures == 2
	})
	d.expect(t, "/get", kept) // the last good version keeps answering
}

func TestConfigChangeIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n[vars]\nGREETING = \"hello\"\n",
		"index.js":      "export default { fetch: (r, env) => new Response(env.GREETING) }",
	})
	d := startDev(t, dir)
	d.expect(t, "/", "hello")
	eventually := func(want string) {
		t.Helper()
		testkit.Eventually(t, func() error {
			_, body, err := d.get("/")
			if err == nil && body != want {
				err = fmt.Errorf("answered %q, want %q", body, want)
			}
			return err
		})
	}
	testkit.WriteFile(t, filepath.Join(dir, ".dev.vars"), "GREETING=from dev vars\n")
	eventually("from dev vars")
	os.Remove(filepath.Join(dir, ".dev.vars"))
	testkit.WriteFile(t, filepath.Join(dir, "wrangler.toml"), "name = \"w\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n[vars]\nGREETING = \"changed\"\n")
	eventually("changed")
}
