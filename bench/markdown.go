package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// markdown returns the whole report, as it is printed and written to bench/RESULTS.md.
func (r *report) markdown(took time.Duration) string {
	b := &strings.Builder{}
	b.WriteString("# What flint does in a second, and what the peer does\n\n")
	fmt.Fprintf(b, "Written by `%s` on %s in %s; do not edit. Every figure is a median of rounds in which the sides took turns on one machine: "+
		"compare the columns, not the days.\n\n", r.command(), r.machine.date, took.Round(time.Second))
	r.writeMachine(b)
	r.writeStart(b)
	for _, n := range r.connections {
		r.writeRates(b, n)
	}
	r.writeGaps(b)
	r.writeLatencies(b)
	r.writeCosts(b)
	r.writeTwoIsolates(b)
	r.writeGrowth(b)
	r.writeTrust(b)
	if text, err := os.ReadFile(filepath.Join(r.root, "bench", "NOTES.md")); err == nil {
		b.Write(text)
	}
	return b.String()
}

func (r *report) command() string {
	if r.full {
		return "make bench FULL=1"
	}
	return "make bench"
}

func (r *report) writeMachine(b *strings.Builder) {
	m := r.machine
	fmt.Fprintf(b, "- Machine: %d cores, %s, %s of memory, Linux %s; load average %s when it began.\n", m.cores, m.cpu, m.memory, m.kernel, m.load)
	fmt.Fprintf(b, "- Versions: %s.\n", strings.Join(m.versions, ", "))
	fmt.Fprintf(b, "- Load: wrk, one thread, %s a round, %d rounds, each after a warm-up of %s.\n\n", r.duration, r.rounds, warmUp)
}

// products returns the measured products in the order of the tables.
func (r *report) products() []string {
	return slices.DeleteFunc(slices.Clone(products), func(s string) bool { return !slices.Contains(r.peers, s) })
}

var titles = map[string]string{
	flintSide: "flint", miniflareSide: "Miniflare", wranglerSide: "`wrangler dev`",
	frontSide: "flint, bindings do nothing", workerdSide: "workerd alone", twoIsolatesSide: "flint with two isolates",
}

func titlesOf(sides []string) (out []string) {
	for _, s := range sides {
		out = append(out, titles[s])
	}
	return out
}

// ratios compares flint with each other product. more says that a higher value is
// better.
func (r *report) ratios(value func(side string) float64, more bool) (out []string) {
	for _, s := range r.products() {
		switch {
		case s == flintSide:
		case more:
			out = append(out, ratio(value(flintSide), value(s)))
		default:
			out = append(out, ratio(value(s), value(flintSide)))
		}
	}
	return out
}

func (r *report) ratioTitles(verb string) (out []string) {
	for _, s := range r.products() {
		if s != flintSide {
			out = append(out, verb+" "+titles[s])
		}
	}
	return out
}

func (r *report) writeStart(b *strings.Builder) {
	if len(r.times.rows)+len(r.flowRates.rows)+len(r.speeds.rows)+len(r.occasions()) == 0 {
		return
	}
	b.WriteString("## Start, reload, delivery, memory\n\n")
	t := &table{head: slices.Concat([]string{""}, titlesOf(r.products()), r.ratioTitles("better than"))}
	row := func(what string, format func(float64) string, value func(side string) float64, more bool) {
		cells := []string{what}
		for _, s := range r.products() {
			cells = append(cells, format(value(s)))
		}
		t.add(append(cells, r.ratios(value, more)...)...)
	}
	for _, what := range r.times.rows {
		row(what+", ms", millis, func(s string) float64 { return r.times.medianOf(what, s, identity) }, false)
	}
	for _, what := range r.flowRates.rows {
		row(what+", messages/s", count, func(s string) float64 { return r.flowRates.medianOf(what, s, identity) }, true)
	}
	for _, what := range r.speeds.rows {
		row(what+", MB/s", count, func(s string) float64 { return r.speeds.medianOf(what, s, identity) }, true)
	}
	for _, when := range r.occasions() {
		row("memory "+when, func(f float64) string { return megabytes(int64(f)) },
			func(s string) float64 {
				return r.memories.medianOf(when, s, func(u usage) float64 { return float64(u.rss) })
			}, false)
	}
	t.write(b)
	b.WriteString("Memory is the sum of the resident memory of all processes of a side.")
	for _, when := range r.occasions() {
		all := r.memories.medianOf(when, flintSide, func(u usage) float64 { return float64(u.rss) })
		if own := r.memories.medianOf(when, flintSide, func(u usage) float64 { return float64(u.root.rss) }); own > 0 {
			fmt.Fprintf(b, " flint's, %s: flint itself %s, workerd %s.", when, megabytes(int64(own)), megabytes(int64(all-own)))
		}
	}
	b.WriteString("\n\n")
}

// occasions returns the moments at which memory was measured, except during growth.
func (r *report) occasions() []string {
	return slices.DeleteFunc(slices.Clone(r.memories.rows), func(when string) bool { return strings.HasPrefix(when, growthPrefix) })
}

// label is the name of a load in the tables.
func (k loadKey) label() string {
	for _, op := range operations {
		if op.name == k.what {
			return op.label
		}
	}
	if k.what == quizFlow {
		return "quiz flow, flint only"
	}
	return strings.TrimPrefix(k.what, growthPrefix)
}

// rows returns the loads at a connection count, except those of growth.
func (r *report) rows(connections int) (out []loadKey) {
	for _, k := range r.loads.rows {
		if k.connections == connections && !strings.HasPrefix(k.what, growthPrefix) {
			out = append(out, k)
		}
	}
	return out
}

func (r *report) writeRates(b *strings.Builder, connections int) {
	rows := r.rows(connections)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Requests/s at %s\n\n", plural(connections, "connection"))
	t := &table{head: slices.Concat([]string{"operation"}, titlesOf(r.products()), r.ratioTitles("×"))}
	limits := r.limits && slices.Contains(r.peers, flintSide)
	if limits {
		t.head = append(t.head, "bindings do nothing", "flint reaches", "workerd alone", "flint reaches")
	}
	for _, k := range rows {
		value := func(side string) float64 { return r.loads.medianOf(k, side, rate) }
		cells := []string{k.label()}
		for _, s := range r.products() {
			cells = append(cells, count(value(s)))
		}
		cells = append(cells, r.ratios(value, true)...)
		if limits {
			cells = append(cells, count(value(frontSide)), percent(value(flintSide), value(frontSide)),
				count(value(workerdSide)), percent(value(flintSide), value(workerdSide)))
		}
		t.add(cells...)
	}
	t.write(b)
	if limits && connections == r.connections[0] {
		b.WriteString("*Bindings do nothing*: flint's own front and workerd, and a Go handler that answers every binding call with a fixed text. " +
			"*workerd alone*: the same handler, and workerd on a TCP port of its own, with nothing of flint in front. " +
			"The quiz flow is that of Personality Spark: a quiz and a submission in turn; the peer has no AI offline.\n\n")
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (r *report) writeLatencies(b *strings.Builder) {
	sides := r.products()
	if r.limits {
		sides = append(sides, workerdSide)
	}
	for _, n := range r.connections {
		rows := r.rows(n)
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(b, "## Milliseconds at %s: p50 / p95 / p99\n\n", plural(n, "connection"))
		t := &table{head: append([]string{"operation"}, titlesOf(sides)...)}
		for _, k := range rows {
			cells := []string{k.label()}
			for _, s := range sides {
				cells = append(cells, r.latency(k, s))
			}
			t.add(cells...)
		}
		t.write(b)
	}
}

func (r *report) latency(k loadKey, side string) string {
	if len(r.loads.values[k][side]) == 0 {
		return noValue
	}
	of := func(number func(sample) float64) string { return millis(r.loads.medianOf(k, side, number)) }
	return of(func(s sample) float64 { return s.p50 }) + " / " + of(func(s sample) float64 { return s.p95 }) + " / " +
		of(func(s sample) float64 { return s.p99 })
}

func (r *report) writeCosts(b *strings.Builder) {
	sides := r.products()
	if r.limits {
		sides = append(sides, frontSide, workerdSide)
	}
	rows := r.rows(r.connections[0])
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Processor time of a request, µs\n\nAll processes of a side together, at %s; in brackets the part of flint's own Go code, the rest is workerd. "+
		"Noise of the machine moves these figures least.\n\n",
		plural(r.connections[0], "connection"))
	t := &table{head: append([]string{"operation"}, titlesOf(sides)...)}
	for _, k := range rows {
		cells := []string{k.label()}
		for _, s := range sides {
			cell := count(r.loads.medianOf(k, s, cpuTime))
			if !slices.Contains([]string{miniflareSide, wranglerSide}, s) && cell != noValue {
				cell += " (" + count(r.loads.medianOf(k, s, goTime)) + ")"
			}
			cells = append(cells, cell)
		}
		t.add(cells...)
	}
	t.write(b)
}

func cpuTime(s sample) float64 { return s.cpu }
func goTime(s sample) float64  { return s.goCPU }
