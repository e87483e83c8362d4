package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"flint/internal/clock"
)

// queueFlow is the name by which -only asks for flows.
const queueFlow = "queue-e2e"

// measureFlows measures single messages without load, from sending one to the row that
// its consumer writes.
func (b *bench) measureFlows(ctx context.Context) error {
	const messages, warming = 60, 10
	for round := range b.rounds {
		progress("queue end to end, round %d", round+1)
		for _, s := range b.sides {
			if !s.isProduct() {
				continue
			}
			if err := b.waitUntilIdle(ctx); err != nil {
				return err
			}
			for i := range messages {
				took, err := measureDelivery(ctx, s.running[workerProject], fmt.Sprintf("%d-%d", round, i))
				if err != nil {
					return fmt.Errorf("%s: %w", s.name, err)
				}
				if i >= warming {
					b.report.addTime("queue: send → consumer → D1 row", s.name, took)
				}
			}
		}
	}
	return nil
}

// measureFlowRates measures how many messages a second reach their rows while many
// clients send.
func (b *bench) measureFlowRates(ctx context.Context) error {
	what := "queue: send → consumer → D1 row, " + plural(b.connections[0], "connection")
	for round := range b.rounds {
		progress("%s, round %d", what, round+1)
		for _, s := range b.sides {
			if !s.isProduct() {
				continue
			}
			n, took, err := b.measureFlowRate(ctx, s.running[workerProject])
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				b.report.noteFailure("%s on %s: %v", what, titles[s.name], err)
			default:
				b.report.addFlowRate(what, s.name, n, took)
			}
		}
	}
	return nil
}

// measureFlowRate sends messages for a while and returns how many were acknowledged and
// how long it took until all of their rows were written.
func (b *bench) measureFlowRate(ctx context.Context, p *process) (messages int, took time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, b.duration+time.Minute)
	defer cancel()
	if err := b.waitUntilIdle(ctx); err != nil {
		return 0, 0, err
	}
	before, err := flowRows(ctx, p)
	if err != nil {
		return 0, 0, err
	}
	watch := clock.StartStopwatch()
	sent, err := b.runWrk(ctx, p, get("/flow-any").line(), b.connections[0], b.duration)
	if err != nil {
		return 0, 0, err
	}
	for {
		rows, err := flowRows(ctx, p)
		if err != nil {
			return 0, 0, fmt.Errorf("after %s: %w", watch.Elapsed().Round(time.Second), err)
		}
		if rows-before >= sent.requests {
			return sent.requests, watch.Elapsed(), nil
		}
		pause(ctx, 20*time.Millisecond)
	}
}

func flowRows(ctx context.Context, p *process) (int, error) {
	text, err := p.get(ctx, "/flow-count")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(text)
}

// measureDelivery sends a message and polls until its row is there.
func measureDelivery(ctx context.Context, p *process, id string) (time.Duration, error) {
	watch := clock.StartStopwatch()
	if _, err := p.get(ctx, "/flow-send?id="+id); err != nil {
		return 0, err
	}
	for watch.Elapsed() < 15*time.Second && ctx.Err() == nil {
		row, err := p.get(ctx, "/flow-row?id="+id)
		if err != nil {
			return 0, err
		}
		if row != "null" {
			return watch.Elapsed(), nil
		}
	}
	return 0, fmt.Errorf("message %s was never delivered", id)
}

const largeObject = 256 << 20

// measureTransfers measures one large R2 object up and down.
func (b *bench) measureTransfers(ctx context.Context) error {
	for round := range (b.rounds + 1) / 2 {
		progress("256 MiB through R2, round %d", round+1)
		for _, s := range b.sides {
			if !s.isProduct() {
				continue
			}
			if err := b.measureTransfer(ctx, s); err != nil {
				b.report.noteFailure("256 MiB through R2 on %s: %v", titles[s.name], err)
			}
		}
	}
	return nil
}

func (b *bench) measureTransfer(ctx context.Context, s *side) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	p := s.running[workerProject]
	watch := clock.StartStopwatch()
	n, err := exchange(ctx, p, http.MethodPut, "/r2-put-large", largeObject)
	if err == nil && n != int64(len(strconv.Itoa(largeObject))) {
		err = fmt.Errorf("the object has the wrong size")
	}
	if err != nil {
		return fmt.Errorf("up: %w", err)
	}
	b.report.addSpeed("R2 object of 256 MiB, up", s.name, largeObject, watch.Elapsed())
	watch = clock.StartStopwatch()
	if n, err = exchange(ctx, p, http.MethodGet, "/r2-get-large", 0); err == nil && n != largeObject {
		err = fmt.Errorf("%d bytes came back", n)
	}
	if err != nil {
		return fmt.Errorf("down: %w", err)
	}
	b.report.addSpeed("R2 object of 256 MiB, down", s.name, largeObject, watch.Elapsed())
	return nil
}

// exchange sends n bytes and returns how many the response has.
func exchange(ctx context.Context, p *process, method, path string, n int) (int64, error) {
	res, err := p.do(ctx, method, path, n)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 300)) // for the message only
		return 0, fmt.Errorf("%s: %s", res.Status, text)
	}
	return io.Copy(io.Discard, res.Body)
}
