// Command bench measures flint as a user meets it: a process of its own, a
// Worker on real workerd, load from wrk over loopback. `make bench` runs it.
//
// Figures of one machine at one moment: compare them with each other.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"flint/internal/clock"
)

func main() {
	b := &bench{}
	flag.StringVar(&b.flint, "flint", "bin/flint", "the binary to measure")
	flag.StringVar(&b.fixture, "fixture", "fixtures/bench", "the project that it runs")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds of the timings; the median is printed")
	flag.DurationVar(&b.duration, "duration", 3*time.Second, "load on each operation")
	flag.IntVar(&b.connections, "connections", 16, "concurrent connections")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	flint, fixture      string
	rounds, connections int
	duration            time.Duration
	dir                 string // a copy of the fixture, which the reload test edits
}

func (b *bench) run(ctx context.Context) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk, the load generator, is not installed: `make bench` installs it (Debian package wrk)")
	}
	dir, err := os.MkdirTemp("", "flint-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	if err := os.CopyFS(dir, os.DirFS(b.fixture)); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, b.abs(), "d1", "migrations", "apply", "bench", "-c", filepath.Join(dir, "wrangler.toml")).CombinedOutput(); err != nil {
		return fmt.Errorf("apply migrations: %w\n%s", err, out)
	}
	fmt.Printf("%s, %d processors, %s/%s\n\n", clock.New().Now().Format(time.DateOnly), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if err := b.coldStarts(ctx); err != nil {
		return err
	}
	return b.load(ctx)
}

func (b *bench) abs() string {
	path, err := filepath.Abs(b.flint)
	if err != nil {
		return b.flint
	}
	return path
}

// coldStarts measures from exec to the first answer, warm disk.
func (b *bench) coldStarts(ctx context.Context) error {
	var ms []float64
	for range b.rounds + 1 {
		watch := clock.StartStopwatch()
		p, err := b.start(ctx)
		if err != nil {
			return err
		}
		err = p.get(ctx, "/plain", "hello")
		elapsed := watch.Elapsed()
		p.stop()
		if err != nil {
			return err
		}
		ms = append(ms, float64(elapsed.Microseconds())/1000)
	}
	fmt.Printf("first answer, from exec   %s\n", spread(ms[1:])) // the first run warms the disk
	return nil
}

// load measures reloads, then every operation, on one process.
func (b *bench) load(ctx context.Context) error {
	p, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer p.stop()
	if err := p.get(ctx, "/seed", "seeded"); err != nil {
		return err
	}
	if err := b.reloads(ctx, p); err != nil {
		return err
	}
	idle, err := p.memory(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\n%-14s %10s %10s %10s %10s\n", "operation", "requests/s", "p50 ms", "p99 ms", "not 2xx")
	for _, op := range []string{"plain", "kv-get", "kv-put", "d1-select", "d1-insert", "r2-get", "r2-put", "queue-send"} {
		r, err := b.wrk(ctx, p.url+"/"+op)
		if err != nil {
			return err
		}
		fmt.Printf("%-14s %10.0f %10.2f %10.2f %10d\n", op, r.rate, r.p50, r.p99, r.failed)
	}
	busy, err := p.memory(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nmemory idle         flint %4d MB, workerd %4d MB\n", idle.Flint>>20, idle.Workerd>>20)
	fmt.Printf("memory after load   flint %4d MB, workerd %4d MB\n", busy.Flint>>20, busy.Workerd>>20)
	return nil
}

// reloads measures from a saved file to the answer of the new code.
func (b *bench) reloads(ctx context.Context, p *process) error {
	file := filepath.Join(b.dir, "src", "index.ts")
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var ms []float64
	for i := range b.rounds + 1 {
		answer := fmt.Sprintf("hello %d", i)
		edited := strings.Replace(string(source), `"hello"`, strconv.Quote(answer), 1)
		watch := clock.StartStopwatch()
		if err := os.WriteFile(file, []byte(edited), 0o644); err != nil {
			return err
		}
		for watch.Elapsed() < 10*time.Second {
			if err = p.get(ctx, "/plain", answer); err == nil {
				break
			}
		}
		if err != nil {
			return fmt.Errorf("the new code never answered: %w", err)
		}
		ms = append(ms, float64(watch.Elapsed().Microseconds())/1000)
	}
	fmt.Printf("save to new code answers  %s\n", spread(ms[1:]))
	return nil
}

func spread(ms []float64) string {
	slices.Sort(ms)
	return fmt.Sprintf("%6.1f ms median (%.1f to %.1f of %d)", ms[len(ms)/2], ms[0], ms[len(ms)-1], len(ms))
}

// process is a running flint.
type process struct {
	cmd          *exec.Cmd
	out          io.ReadCloser
	url, control string
}

func (b *bench) start(ctx context.Context) (*process, error) {
	cmd := exec.CommandContext(ctx, b.abs(), "dev", b.dir, "--port", "0", "--control-port", "0", "--s3-port", "0", "--log-format", "json")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, out: out}
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			p.stop()
			return nil, errors.New("flint ended before it was ready")
		}
		var ready struct{ Event, URL, Control, Error string }
		if json.Unmarshal(line, &ready) == nil && ready.Event == "ready" {
			p.url, p.control = ready.URL, ready.Control
			break
		}
	}
	go io.Copy(io.Discard, lines)
	return p, nil
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait() // the bench does not judge the exit code
}

// get asks until the server accepts, and checks the answer.
func (p *process) get(ctx context.Context, path, want string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if got := strings.Trim(string(body), `"`); got != want {
		return fmt.Errorf("%s answered %s %q, not %q", path, res.Status, got, want)
	}
	return nil
}

type memory struct {
	Flint   int64 `json:"flint_bytes"`
	Workerd int64 `json:"workerd_bytes"`
}

func (p *process) memory(ctx context.Context) (m memory, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.control+"/_flint/health", nil)
	if err != nil {
		return m, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return m, err
	}
	defer res.Body.Close()
	return m, json.NewDecoder(res.Body).Decode(&m)
}

type result struct {
	rate, p50, p99 float64
	failed         int
}

var (
	rateLine   = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	p50Line    = regexp.MustCompile(`\s50%\s+([\d.]+)(us|ms|s)`)
	p99Line    = regexp.MustCompile(`\s99%\s+([\d.]+)(us|ms|s)`)
	failedLine = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
)

// wrk loads a URL, after a warm-up of a second.
func (b *bench) wrk(ctx context.Context, url string) (result, error) {
	var out []byte
	for _, d := range []time.Duration{time.Second, b.duration} {
		var err error
		out, err = exec.CommandContext(ctx, "wrk", "-t1", "-c", strconv.Itoa(b.connections), "-d", d.String(), "--latency", url).CombinedOutput()
		if err != nil {
			return result{}, fmt.Errorf("wrk: %w\n%s", err, out)
		}
	}
	text := string(out)
	r := result{rate: number(rateLine, text), p50: millis(p50Line, text), p99: millis(p99Line, text)}
	r.failed = int(number(failedLine, text))
	if r.rate == 0 {
		return r, fmt.Errorf("wrk measured nothing:\n%s", text)
	}
	return r, nil
}

func number(re *regexp.Regexp, text string) float64 {
	m := re.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 0
	}
	return f
}

func millis(re *regexp.Regexp, text string) float64 {
	m := re.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	return number(re, text) * map[string]float64{"us": 0.001, "ms": 1, "s": 1000}[m[2]]
}
