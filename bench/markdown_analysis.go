package main

import (
	"fmt"
	"slices"
	"strings"
)

// writeGaps writes the operations in the order of flint's distance from the limit.
func (r *report) writeGaps(b *strings.Builder) {
	type gap struct {
		label                string
		reached, front, cost float64
	}
	var gaps []gap
	for _, k := range r.rows(r.connections[0]) {
		of := func(side string, number func(sample) float64) float64 { return r.loads.medianOf(k, side, number) }
		limit := frontSide
		if k.what == "plain" {
			limit = workerdSide
		}
		if own, most := of(flintSide, rate), of(limit, rate); own > 0 && most > 0 {
			gaps = append(gaps, gap{k.label(), own / most, of(frontSide, cpuTime) - of(workerdSide, cpuTime), of(flintSide, cpuTime) - of(frontSide, cpuTime)})
		}
	}
	if len(gaps) == 0 {
		return
	}
	slices.SortFunc(gaps, func(a, b gap) int {
		switch {
		case a.reached < b.reached:
			return -1
		case a.reached > b.reached:
			return 1
		}
		return 0
	})
	fmt.Fprintf(b, "## The gap to the limit, largest first\n\nA binding call is held against the same call with bindings that do nothing, a plain response against workerd alone.\n\n")
	t := &table{head: []string{"operation", "of the limit", "processor time of the service, µs", "of the front, µs"}}
	for _, g := range gaps {
		t.add(g.label, fmt.Sprintf("%.0f %%", 100*g.reached), fmt.Sprintf("%.0f", g.cost), fmt.Sprintf("%.0f", g.front))
	}
	t.write(b)
}

// writeTwoIsolates compares two workerd processes with one and with the products, which
// have one.
func (r *report) writeTwoIsolates(b *strings.Builder) {
	t := &table{head: append([]string{"operation", "one isolate", "two", "×"}, r.ratioTitles("two ×")...)}
	for _, k := range r.rows(r.connections[0]) {
		value := func(side string) float64 {
			if side == flintSide {
				side = twoIsolatesSide
			}
			return r.loads.medianOf(k, side, rate)
		}
		oneIsolate, twoIsolates := r.loads.medianOf(k, flintSide, rate), value(flintSide)
		if twoIsolates > 0 {
			t.add(append([]string{k.label(), count(oneIsolate), count(twoIsolates), ratio(twoIsolates, oneIsolate)}, r.ratios(value, true)...)...)
		}
	}
	if len(t.rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Requests/s with `flint dev --isolates 2`, at %s\n\n", plural(r.connections[0], "connection"))
	t.write(b)
}

func (r *report) writeGrowth(b *strings.Builder) {
	t := &table{head: slices.Concat([]string{"what is searched, and how"}, titlesOf(r.products()), []string{"flint p50 / p95 / p99 ms", "flint's memory"})}
	for _, k := range r.loads.rows {
		if !strings.HasPrefix(k.what, growthPrefix) {
			continue
		}
		cells := []string{k.label()}
		for _, s := range r.products() {
			cells = append(cells, count(r.loads.medianOf(k, s, rate)))
		}
		step, _, _ := strings.Cut(k.what, ":")
		memory := r.memories.medianOf(step, flintSide, func(u usage) float64 { return float64(u.rss) })
		t.add(append(cells, r.latency(k, flintSide), megabytes(int64(memory)))...)
	}
	if len(t.rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Growth: requests/s at %s while the data grows\n\n", plural(r.connections[0], "connection"))
	t.write(b)
	fmt.Fprintf(b, "A get or select takes a different key each time, a list the 100 keys of a different prefix. The peer is measured up to %d entries: "+
		"at its pace filling it further would take minutes.\n\n", maxPeerSize)
}

// writeTrust writes what may have distorted the figures.
func (r *report) writeTrust(b *strings.Builder) {
	var generator, others []float64
	var generatorBound, disturbed, failed []string
	for _, k := range r.loads.rows {
		for _, s := range append(r.products(), frontSide, workerdSide, twoIsolatesSide) {
			samples := r.loads.values[k][s]
			for _, x := range samples {
				generator, others = append(generator, x.generatorCores), append(others, x.otherCores)
				if x.failed > 0 {
					failed = append(failed, fmt.Sprintf("%s on %s at %d (%d)", k.label(), titles[s], k.connections, x.failed))
				}
			}
			where := fmt.Sprintf("%s on %s at %d", k.label(), titles[s], k.connections)
			if r.loads.medianOf(k, s, func(x sample) float64 { return x.generatorCores }) > maxGeneratorShare {
				generatorBound = append(generatorBound, where)
			}
			if slices.ContainsFunc(samples, func(x sample) bool { return x.otherCores > maxOtherCores }) {
				disturbed = append(disturbed, where)
			}
		}
	}
	if len(generator) == 0 {
		return
	}
	b.WriteString("## How far to trust this\n\n")
	fmt.Fprintf(b, "- The load generator used at most %.0f %% of the one core that its thread can have (median %.0f %%), and shares the %d cores with what it measures.",
		100*slices.Max(generator), 100*medianOf(generator), r.machine.cores)
	if len(generatorBound) == 0 {
		fmt.Fprintf(b, " It was never the bottleneck (the line is %.0f %%).\n", 100*maxGeneratorShare)
	} else {
		fmt.Fprintf(b, " **It was the bottleneck** (more than %.0f %%) of: %s.\n", 100*maxGeneratorShare, strings.Join(generatorBound, "; "))
	}
	fmt.Fprintf(b, "- Programs that have nothing to do with the measurement used %.2f cores (median; at worst %.2f).\n", medianOf(others), slices.Max(others))
	if len(disturbed) > 0 {
		fmt.Fprintf(b, "- **Disturbed** (a round in which they used more than %.2f): %s.\n", maxOtherCores, strings.Join(disturbed, "; "))
	}
	if len(failed) > 0 {
		fmt.Fprintf(b, "- **Requests failed**: %s.\n", strings.Join(failed, "; "))
	} else {
		b.WriteString("- No request failed.\n")
	}
	for _, n := range r.notes {
		fmt.Fprintf(b, "- %s\n", n)
	}
	b.WriteByte('\n')
}

// maxGeneratorShare is the share of its core above which wrk may limit a side.
const maxGeneratorShare = 0.9

// maxOtherCores is how many cores other programs may use before the report marks a row
// as disturbed.
const maxOtherCores = 0.25
