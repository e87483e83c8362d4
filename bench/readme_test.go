package main

import (
	"strings"
	"testing"
	"time"
)

func TestReadme(t *testing.T) {
	t.Parallel()
	r := &report{options: &options{full: true, connections: []int{16, 1}, peers: products}, machine: machine{date: "2026-01-02", cores: 2}}
	for side, rate := range map[string]float64{flintSide: 3000, miniflareSide: 1000, wranglerSide: 100, frontSide: 4000, twoIsolatesSide: 4500} {
		r.addLoad(loadKey{"kv-get", 16}, side, sample{rate: rate})
		r.addLoad(loadKey{"kv-get", 1}, side, sample{rate: 1})
	}
	r.addTime("first answer", flintSide, 50*time.Millisecond)
	r.addTime("first answer", miniflareSide, 500*time.Millisecond)
	got, err := r.readme("before\n" + readmeBegin + "stale\n" + readmeEnd + "after\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n" + readmeBegin, "2026-01-02", readmeEnd + "after\n", "| KV get, requests/s | 3,000 |     1,000 |            100 |        3.0x |         75 % |                     4.5x |", "50.0 |       500 |              – |         10x |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "stale") || strings.Count(got, "KV get") != 1 {
		t.Errorf("too much:\n%s", got)
	}
	if _, err := r.readme("no place for it"); err == nil {
		t.Error("a README without the lines is accepted")
	}
}
