package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"flint/internal/clock"
)

// sample is the result of one load.
type sample struct {
	requests       int
	rate           float64 // requests/s
	p50, p95, p99  float64 // ms
	cpu            float64 // µs of processor time of all the side's processes for each request
	goCPU          float64 // the part of cpu that Go code used; meaningless for the peer
	generatorCores float64 // cores that wrk used; it has one thread
	otherCores     float64 // cores that other programs used
	failed         int     // responses other than 2xx and 3xx, and broken connections
}

const warmUp = 300 * time.Millisecond

// measureLoads measures all operations at all connection counts.
func (b *bench) measureLoads(ctx context.Context) error {
	for _, op := range b.selectedOperations() {
		if op.project != workerProject { // such a project runs for these loads only
			if err := b.startAll(ctx, op.project); err != nil {
				return err
			}
		}
		for i, connections := range b.connections {
			if err := b.measureOperation(ctx, op, connections, i == 0); err != nil {
				return err
			}
		}
		if op.project != workerProject {
			b.stopProject(op.project)
		}
	}
	return nil
}

// measureOperation measures one operation on all sides in turn. first means the main
// connection count; at the others a round takes one second.
func (b *bench) measureOperation(ctx context.Context, op operation, connections int, first bool) error {
	progress("%s, %d connections", op.label, connections)
	duration, rounds := b.duration, b.rounds
	if !first {
		duration, rounds = time.Second, max(1, b.rounds/2)
	}
	for range rounds {
		for _, s := range b.sides {
			p := s.running[op.project]
			if p == nil || !s.measures(op, first) {
				continue
			}
			r, err := b.measureLoad(ctx, p, []request{op.request}, connections, duration)
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil: // the report notes it and the run goes on
				b.report.noteFailure("%s on %s at %s: %v", op.label, titles[s.name], plural(connections, "connection"), err)
			default:
				b.report.addLoad(loadKey{op.name, connections}, s.name, r)
			}
		}
	}
	return nil
}

// measureLoad runs wrk on a process after a warm-up.
func (b *bench) measureLoad(ctx context.Context, p *process, requests []request, connections int, d time.Duration) (sample, error) {
	lines := make([]string, len(requests))
	for i, r := range requests {
		lines[i] = r.line()
	}
	if err := b.waitUntilIdle(ctx); err != nil {
		return sample{}, err
	}
	if err := warmUpLoad(ctx, p, requests[0], min(connections, 16)); err != nil {
		return sample{}, err
	}
	return b.runWrk(ctx, p, strings.Join(lines, "\n"), connections, d)
}

func (b *bench) runWrk(ctx context.Context, p *process, requests string, connections int, d time.Duration) (sample, error) {
	script := filepath.Join(b.root, "bench", "wrk", "load.lua")
	cmd := exec.CommandContext(ctx, "wrk", "-t1", "-c", strconv.Itoa(connections), "-d", d.String(), "--timeout", "20s", "-s", script, p.url)
	cmd.Env = append(os.Environ(), "BENCH_REQUESTS="+requests)
	machine, watch := machineCPU(), clock.StartStopwatch()
	side, inGo := p.cpu()
	out, err := cmd.CombinedOutput()
	took := watch.Elapsed()
	sideNow, inGoNow := p.cpu()
	side, inGo, machine = sideNow-side, inGoNow-inGo, machineCPU()-machine
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	r, n, err := parseWrk(string(out))
	if err != nil {
		return r, err
	}
	own := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	r.cpu = float64(side.Microseconds()) / float64(n)
	r.goCPU = float64(inGo.Microseconds()) / float64(n)
	r.generatorCores = own.Seconds() / took.Seconds()
	r.otherCores = max(0, (machine-side-own).Seconds()/took.Seconds())
	return r, nil
}

var wrkLine = regexp.MustCompile(`bench requests=(\d+) us=(\d+) p50=(\d+) p95=(\d+) p99=(\d+) status=(\d+) broken=(\d+)`)

// parseWrk parses the line that wrk/load.lua prints. n is the number of requests.
func parseWrk(out string) (r sample, n int, err error) {
	m := wrkLine.FindStringSubmatch(out)
	if m == nil {
		return r, 0, fmt.Errorf("wrk printed no result:\n%s", out)
	}
	var v [7]float64
	for i := range v {
		v[i], _ = strconv.ParseFloat(m[i+1], 64) // the pattern matches digits
	}
	if v[0] == 0 || v[1] == 0 {
		return r, 0, errors.New("no request was answered")
	}
	r = sample{requests: int(v[0]), rate: v[0] / v[1] * 1e6, p50: v[2] / 1000, p95: v[3] / 1000, p99: v[4] / 1000, failed: int(v[5] + v[6])}
	return r, int(v[0]), nil
}

// warmUpLoad sends requests for warmUp, so that a load meets warm code, and checks that
// they succeed.
func warmUpLoad(ctx context.Context, p *process, r request, connections int) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	errs := make(chan error, connections)
	watch := clock.StartStopwatch()
	var all sync.WaitGroup
	for range connections {
		all.Go(func() {
			for err := error(nil); err == nil && watch.Elapsed() < warmUp; {
				if err = requestAndDiscard(ctx, p, r); err != nil {
					errs <- err
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

func requestAndDiscard(ctx context.Context, p *process, r request) error {
	res, err := p.do(ctx, r.method, r.path, r.body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500)) // for the message only
		return fmt.Errorf("%s %s answered %s: %s", r.method, r.path, res.Status, text)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
