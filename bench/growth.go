package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// maxPeerSize is the number of entries up to which the peer is measured, too. Filling it
// further would take minutes.
const maxPeerSize = 1000

// growthStep fills a namespace, a table or a bucket to a size and measures operations on
// it.
type growthStep struct {
	label     string // in tables: "KV, 1 k keys"
	size      int
	fillPath  string // path of the Worker that fills; from, to and size are added as parameters
	byREST    bool   // filled by Cloudflare's bulk API; flint only
	chunkSize int    // entries filled by one request
	ops       []growthOp
}

type growthOp struct{ label, path string }

var (
	kvOps = []growthOp{{"get", "/grow-kv-get"}, {"list", "/grow-kv-list"}}
	d1Ops = []growthOp{{"select by an index", "/grow-d1-select"}}
	r2Ops = []growthOp{{"list", "/grow-r2-list"}}
)

var growthSteps = []growthStep{
	{label: "KV, 1 k keys", size: 1_000, fillPath: "/grow-kv-fill", chunkSize: 500, ops: kvOps},
	{label: "KV, 100 k keys", size: 100_000, byREST: true, ops: kvOps},
	{label: "KV, 1 M keys", size: 1_000_000, byREST: true, ops: kvOps},
	{label: "D1, 1 k rows", size: 1_000, fillPath: "/grow-d1-fill", chunkSize: 1_000, ops: d1Ops},
	{label: "D1, 1 M rows", size: 1_000_000, fillPath: "/grow-d1-fill", chunkSize: 100_000, ops: d1Ops},
	{label: "R2, 1 k objects", size: 1_000, fillPath: "/grow-r2-fill", chunkSize: 500, ops: r2Ops},
	{label: "R2, 100 k objects", size: 100_000, fillPath: "/grow-r2-fill", chunkSize: 500, ops: r2Ops},
}

// measureGrowth measures reads and lists while the data that they search grows.
func (b *bench) measureGrowth(ctx context.Context) error {
	if err := b.startAll(ctx, workerProject); err != nil {
		return err
	}
	filled := map[string]int{} // entries by service: the first two letters of label
	for _, step := range growthSteps {
		progress("growth: %s", step.label)
		key := step.label[:2]
		from := filled[key]
		if key == "D1" {
			from = 0 // each size has its own table
		}
		for _, s := range b.sides {
			if !s.isProduct() || s.name != flintSide && step.size > maxPeerSize {
				continue
			}
			if err := b.measureGrowthOn(ctx, s, step, from); err != nil {
				return fmt.Errorf("%s: %s: %w", s.name, step.label, err)
			}
		}
		filled[key] = step.size
	}
	return nil
}

func (b *bench) measureGrowthOn(ctx context.Context, s *side, step growthStep, from int) error {
	p := s.running[workerProject]
	fill := step.fillByWorker
	if step.byREST {
		fill = fillByREST
	}
	if err := fill(ctx, p, from, step.size); err != nil {
		return err
	}
	for _, op := range step.ops {
		path := fmt.Sprintf("%s?size=%d", op.path, step.size)
		for range (b.rounds + 1) / 2 {
			r, err := b.measureLoad(ctx, p, []request{get(path)}, b.connections[0], max(time.Second, b.duration/2))
			if err != nil {
				return err
			}
			b.report.addLoad(loadKey{growthPrefix + step.label + ": " + op.label, b.connections[0]}, s.name, r)
		}
	}
	b.report.addMemory(growthPrefix+step.label, s.name, usageOf(p.pid))
	return nil
}

func (step growthStep) fillByWorker(ctx context.Context, p *process, from, to int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for ; from < to; from += step.chunkSize {
		path := fmt.Sprintf("%s?size=%d&from=%d&to=%d", step.fillPath, step.size, from, min(from+step.chunkSize, to))
		if err := p.want(ctx, path, "filled"); err != nil {
			return err
		}
	}
	return nil
}

// fillByREST writes keys by Cloudflare's bulk call, 10,000 at a time.
func fillByREST(ctx context.Context, p *process, from, to int) error {
	type pair struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	for ; from < to; from += 10_000 {
		var pairs []pair
		for i := from; i < min(from+10_000, to); i++ {
			pairs = append(pairs, pair{fmt.Sprintf("k-%07d", i), "value"})
		}
		body, err := json.Marshal(pairs)
		if err != nil {
			return err
		}
		if err := putJSON(ctx, p, "/client/v4/accounts/bench/storage/kv/namespaces/bench-grown/bulk", body); err != nil {
			return err
		}
	}
	return nil
}

func putJSON(ctx context.Context, p *process, path string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, p.control+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s: %.300s", path, res.Status, text)
	}
	return err
}
