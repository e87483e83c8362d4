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

// peerLimit is the size up to which the peer is filled, too: at its pace more
// would take minutes.
const peerLimit = 1000

// growthStep fills something to a size and measures it.
type growthStep struct {
	what  string // in tables: "KV, 1 k keys"
	size  int
	fill  string // path that fills; from, to and size are added
	bulk  bool   // above peerLimit by flint's REST API
	chunk int    // filled by one request
	ops   []growthOp
}

type growthOp struct{ label, path string }

var (
	kvOps = []growthOp{{"get", "/grow-kv-get"}, {"list", "/grow-kv-list"}}
	d1Ops = []growthOp{{"select by an index", "/grow-d1-select"}}
	r2Ops = []growthOp{{"list", "/grow-r2-list"}}
)

var growthSteps = []growthStep{
	{what: "KV, 1 k keys", size: 1_000, fill: "/grow-kv-fill", chunk: 500, ops: kvOps},
	{what: "KV, 100 k keys", size: 100_000, bulk: true, ops: kvOps},
	{what: "KV, 1 M keys", size: 1_000_000, bulk: true, ops: kvOps},
	{what: "D1, 1 k rows", size: 1_000, fill: "/grow-d1-fill", chunk: 1_000, ops: d1Ops},
	{what: "D1, 1 M rows", size: 1_000_000, fill: "/grow-d1-fill", chunk: 100_000, ops: d1Ops},
	{what: "R2, 1 k objects", size: 1_000, fill: "/grow-r2-fill", chunk: 500, ops: r2Ops},
	{what: "R2, 100 k objects", size: 100_000, fill: "/grow-r2-fill", chunk: 500, ops: r2Ops},
}

// grow measures reads and lists while what they search grows.
func (b *bench) grow(ctx context.Context) error {
	if err := b.startAll(ctx, workerProject); err != nil {
		return err
	}
	filled := map[string]int{} // by the first word of what
	for _, step := range growthSteps {
		progress("growth: %s", step.what)
		key := step.what[:2]
		from := filled[key]
		if key == "D1" {
			from = 0 // each size has a table of its own
		}
		for _, s := range b.sides {
			if !s.product() || s.name != flintSide && step.size > peerLimit {
				continue
			}
			if err := b.growSide(ctx, s, step, from); err != nil {
				return fmt.Errorf("%s: %s: %w", s.name, step.what, err)
			}
		}
		filled[key] = step.size
	}
	return nil
}

func (b *bench) growSide(ctx context.Context, s *side, step growthStep, from int) error {
	p := s.running[workerProject]
	fill := step.fillByWorker
	if step.bulk {
		fill = fillByREST
	}
	if err := fill(ctx, p, from, step.size); err != nil {
		return err
	}
	for _, op := range step.ops {
		path := fmt.Sprintf("%s?size=%d", op.path, step.size)
		for range (b.rounds + 1) / 2 {
			r, err := b.load(ctx, p, []request{get(path)}, b.connections[0], max(time.Second, b.duration/2))
			if err != nil {
				return err
			}
			b.report.add(loadKey{growthPrefix + step.what + ": " + op.label, b.connections[0]}, s.name, r)
		}
	}
	b.report.memory(growthPrefix+step.what, s.name, usageOf(p.pid))
	return nil
}

func (step growthStep) fillByWorker(ctx context.Context, p *process, from, to int) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for ; from < to; from += step.chunk {
		path := fmt.Sprintf("%s?size=%d&from=%d&to=%d", step.fill, step.size, from, min(from+step.chunk, to))
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
