package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// The README's part that a full run writes stands between these lines.
const (
	readmeBegin = "<!-- bench:begin -->\n"
	readmeEnd   = "<!-- bench:end -->\n"
)

// readmeLoads are the operations that stand in the README, which has room for ten
// lines; bench/RESULTS.md has all.
var readmeLoads = []string{"plain", "kv-get", "kv-put", "d1-select", "d1-insert", "r2-put-1k", "queue-send"}

// readmeTimes is how many of the times stand there: the first answer and a reload.
const readmeTimes = 2

// updateReadme writes the main figures into the README at path.
func (r *report) updateReadme(path string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := r.readme(string(old))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// readme is old with the figures of this run.
func (r *report) readme(old string) (string, error) {
	before, rest, begins := strings.Cut(old, readmeBegin)
	_, after, ends := strings.Cut(rest, readmeEnd)
	if !begins || !ends {
		return "", fmt.Errorf("the lines %q and %q are missing", strings.TrimSpace(readmeBegin), strings.TrimSpace(readmeEnd))
	}
	b := &strings.Builder{}
	b.WriteString(before + readmeBegin)
	fmt.Fprintf(b, "Measured by `%s` on %s with %d cores and %d connections. flint and the others took turns on one machine; each figure\n"+
		"is a median ([all figures](bench/RESULTS.md), and what limits flint). *Of the limit* compares flint with itself when its bindings do\n"+
		"nothing. *Two isolates* is flint with `--isolates 2`; the others have one.\n\n",
		r.command(), r.machine.date, r.machine.cores, r.connections[0])
	r.writeMain(b)
	b.WriteString(readmeEnd + after)
	return b.String(), nil
}

// writeMain writes the table of the README.
func (r *report) writeMain(b *strings.Builder) {
	t := &table{head: append(append([]string{""}, titlesOf(r.products())...), "× "+titles[miniflareSide], "of the limit", "two isolates × "+titles[miniflareSide])}
	row := func(what, limit, two string, format func(float64) string, value func(side string) float64, more bool) {
		cells := []string{what}
		for _, s := range r.products() {
			cells = append(cells, format(value(s)))
		}
		flint, peer := value(flintSide), value(miniflareSide)
		if !more {
			flint, peer = peer, flint
		}
		t.add(append(cells, ratio(flint, peer), limit, two)...)
	}
	for _, what := range r.times.rows[:min(len(r.times.rows), readmeTimes)] {
		row(what+", ms", noValue, noValue, millis, func(s string) float64 { return r.times.medianOf(what, s, identity) }, false)
	}
	for _, key := range r.loads.rows {
		if key.connections != r.connections[0] || !slices.Contains(readmeLoads, key.what) {
			continue
		}
		value := func(s string) float64 { return r.loads.medianOf(key, s, rate) }
		row(key.label()+", requests/s", percent(value(flintSide), value(frontSide)), ratio(value(twoIsolatesSide), value(miniflareSide)), count, value, true)
	}
	for _, when := range r.occasions() {
		if when == "idle" {
			continue
		}
		row("memory "+when, noValue, noValue, func(f float64) string { return megabytes(int64(f)) },
			func(s string) float64 {
				return r.memories.medianOf(when, s, func(u usage) float64 { return float64(u.rss) })
			}, false)
	}
	t.write(b)
}
