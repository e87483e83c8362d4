package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"flint/internal/clock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the command's flags and what follows from them.
type options struct {
	flint, root, out, readmeFile string
	peers, only                  []string
	connections                  []int // limits are measured at the first
	rounds, starts               int
	duration                     time.Duration
	full, growth, limits, quick  bool
}

func parse(args []string) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.StringVar(&o.flint, "flint", "bin/flint", "the binary to measure")
	f.StringVar(&o.root, "root", ".", "the repository")
	f.StringVar(&o.out, "out", "", "also write the result to this Markdown file")
	f.StringVar(&o.readmeFile, "readme", "", "with -full: also write the main figures into this README")
	peers := f.String("peers", "flint,miniflare,wrangler", "the sides to run")
	only := f.String("only", "", "operations, such as plain,kv-get (default: a short list)")
	connections := f.String("connections", "", "concurrent connections (default 16; with -full 16,1,256); limits are measured at the first")
	f.IntVar(&o.rounds, "rounds", 3, "rounds of each load; the median counts")
	f.IntVar(&o.starts, "starts", 5, "measured starts and reloads of each side")
	f.DurationVar(&o.duration, "duration", 2*time.Second, "load in each round, in whole seconds")
	f.BoolVar(&o.full, "full", false, "all operations, all connection counts, transfers and growth: about 18 minutes")
	f.BoolVar(&o.growth, "growth", false, "measure growth, too")
	f.BoolVar(&o.limits, "limits", true, "measure the limits and two isolates, too")
	f.BoolVar(&o.quick, "quick", false, "one round of a second: to try the bench itself")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.peers = strings.Split(*peers, ",")
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if *connections == "" {
		*connections = "16"
		if o.full {
			*connections = "16,1,256"
		}
	}
	for _, s := range strings.Split(*connections, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-connections: found %q, want numbers such as 1,16,256", s)
		}
		o.connections = append(o.connections, n)
	}
	if o.quick {
		o.rounds, o.starts, o.duration = 1, 1, time.Second
	}
	o.growth = o.growth || o.full
	return o, o.check()
}

func (o *options) check() error {
	if o.duration < time.Second || o.duration%time.Second != 0 {
		return fmt.Errorf("-duration: found %s, want whole seconds: wrk counts in them", o.duration)
	}
	if o.rounds < 1 || o.starts < 1 {
		return errors.New("-rounds and -starts: want at least 1")
	}
	for _, name := range o.peers {
		if !slices.Contains(products, name) {
			return fmt.Errorf("-peers: found %q, want some of %s", name, strings.Join(products, ","))
		}
	}
	for _, name := range o.only {
		if name != queueFlow && !slices.ContainsFunc(operations, func(op operation) bool { return op.name == name }) {
			return fmt.Errorf("-only: there is no operation %q; there are %s, %s", name, strings.Join(names(operations), ", "), queueFlow)
		}
	}
	return nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk, the load generator, is not installed: `make bench` installs it (Debian package wrk)")
	}
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer b.close()
	watch := clock.StartStopwatch()
	if err := b.measure(ctx); err != nil {
		fmt.Print("\nWhat was measured until it ended:\n\n", b.report.markdown(watch.Elapsed()))
		return err
	}
	text := b.report.markdown(watch.Elapsed())
	fmt.Print("\n", text)
	if o.out == "" {
		return nil
	}
	err = os.WriteFile(o.out, []byte(text), 0o644)
	if err == nil && o.full && o.readmeFile != "" {
		err = b.report.updateReadme(o.readmeFile)
	}
	return err
}

// bench is one run.
type bench struct {
	*options
	dir    string // temporary: copies of the projects and the state of all sides
	sides  []*side
	report *report
}

func newBench(o *options) (*bench, error) {
	dir, err := os.MkdirTemp("", "flint-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, dir: dir}
	if b.report, err = newReport(o); err == nil {
		b.dropAbsentPeer()
		b.sides, err = b.findSides()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return b, nil
}

// dropAbsentPeer leaves flint as the only product when the peer is not installed.
func (b *bench) dropAbsentPeer() {
	if _, err := os.Stat(filepath.Join(b.peerDir(), "node_modules", ".installed")); err == nil || slices.Equal(b.peers, []string{flintSide}) {
		return
	}
	progress("THE PEER IS NOT INSTALLED: only flint is measured. `make bench` installs the peer where npm is at hand.")
	b.peers = []string{flintSide}
	b.report.note("The peer was not installed, so there is nothing to compare flint with.")
}

func (b *bench) close() { os.RemoveAll(b.dir) }

// measure takes all measurements in order. The sides keep running, so that each
// measurement is taken on all sides in turn.
func (b *bench) measure(ctx context.Context) error {
	steps := []func(context.Context) error{b.measureStartups, b.measureLoads}
	if b.full || len(b.only) == 0 && !b.quick || slices.Contains(b.only, queueFlow) {
		steps = append(steps, b.measureFlows, b.measureFlowRates)
	}
	if b.full {
		steps = append(steps, b.measureTransfers)
		if slices.Contains(b.peers, flintSide) {
			steps = append(steps, b.measureQuiz)
		}
	}
	if len(b.only) == 0 {
		steps = append(steps, b.measureMemoryAfterLoads)
	}
	if b.growth {
		steps = append(steps, b.measureGrowth)
	}
	defer b.stopAll()
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// progress prints to stderr what is being measured: a run takes minutes.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}
