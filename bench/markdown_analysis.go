package main

import (
	"fmt"
	"slices"
	"strings"
)

// writeGaps orders the operations by how far flint is from its limits.
func (r *report) writeGaps(b *strings.Builder) {
	type gap struct {
		label                string
		reached, front, cost float64
	}
	var gaps []gap
	for _, k := range r.rows(r.connections[0]) {
		of := func(side string, number func(sample) float64) float64 { return r.loads.of(k, side, number) }
		limit := frontSide
		if k.what == "plain" {
			limit = bareSide
		}
		if own, most := of(flintSide, rate), of(limit, rate); own > 0 && most > 0 {
			gaps = append(gaps, gap{k.label(), own / most, of(frontSide, cpuTime) - of(bareSide, cpuTime), of(flintSide, cpuTime) - of(frontSide, cpuTime)})
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

// writePair compares two workerd processes with one, and with the peers, which
// have one.
func (r *report) writePair(b *strings.Builder) {
	t := &table{head: append([]string{"operation", "one isolate", "two", "×"}, r.ratioTitles("two ×")...)}
	for _, k := range r.rows(r.connections[0]) {
		value := func(side string) float64 {
			if side == flintSide {
				side = pairSide
			}
			return r.loads.of(k, side, rate)
		}
		one, two := r.loads.of(k, flintSide, rate), value(flintSide)
		if two > 0 {
			t.add(append([]string{k.label(), count(one), count(two), ratio(two, one)}, r.ratios(value, true)...)...)
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
			cells = append(cells, count(r.loads.of(k, s, rate)))
		}
		step, _, _ := strings.Cut(k.what, ":")
		memory := r.memories.of(step, flintSide, func(u usage) float64 { return float64(u.rss) })
		t.add(append(cells, r.latency(k, flintSide), megabytes(int64(memory)))...)
	}
	if len(t.rows) == 0 {
		return
	}
	fmt.Fprintf(b, "## Growth: requests/s at %s while the data grows\n\n", plural(r.connections[0], "connection"))
	t.write(b)
	fmt.Fprintf(b, "A get or select takes a different key each time, a list the 100 keys of a different prefix. The peer is measured up to %d entries: "+
		"at its pace filling it further would take minutes.\n\n", peerLimit)
}

// writeTrust says how far the figures can be believed.
func (r *report) writeTrust(b *strings.Builder) {
	var worst, others []float64
	var bound, disturbed, failed []string
	for _, k := range r.loads.rows {
		for _, s := range append(r.products(), frontSide, bareSide, pairSide) {
			samples := r.loads.values[k][s]
			for _, x := range samples {
				worst, others = append(worst, x.generator), append(others, x.others)
				if x.failed > 0 {
					failed = append(failed, fmt.Sprintf("%s on %s at %d (%d)", k.label(), titles[s], k.connections, x.failed))
				}
			}
			where := fmt.Sprintf("%s on %s at %d", k.label(), titles[s], k.connections)
			if r.loads.of(k, s, func(x sample) float64 { return x.generator }) > generatorBound {
				bound = append(bound, where)
			}
			if slices.ContainsFunc(samples, func(x sample) bool { return x.others > disturbance }) {
				disturbed = append(disturbed, where)
			}
		}
	}
	if len(worst) == 0 {
		return
	}
	b.WriteString("## How far to trust this\n\n")
	fmt.Fprintf(b, "- The load generator used at most %.0f %% of the one core that its thread can have (median %.0f %%), and shares the %d cores with what it measures.",
		100*slices.Max(worst), 100*medianOf(worst), r.machine.cores)
	if len(bound) == 0 {
		fmt.Fprintf(b, " It was never the bottleneck (the line is %.0f %%).\n", 100*generatorBound)
	} else {
		fmt.Fprintf(b, " **It was the bottleneck** (more than %.0f %%) of: %s.\n", 100*generatorBound, strings.Join(bound, "; "))
	}
	fmt.Fprintf(b, "- Programs that have nothing to do with the measurement used %.2f cores (median; at worst %.2f).\n", medianOf(others), slices.Max(others))
	if len(disturbed) > 0 {
		fmt.Fprintf(b, "- **Disturbed** (a round in which they used more than %.2f): %s.\n", disturbance, strings.Join(disturbed, "; "))
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

// generatorBound is the share of its core above which wrk may hold a side back.
const generatorBound = 0.9

// disturbance is how many cores other programs may use before the report says
// of a row that they did.
const disturbance = 0.25
