package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"flint/internal/clock"
)

// startups measures first answers and reloads of the products in turn, and
// leaves all sides running and seeded.
func (b *bench) startups(ctx context.Context) error {
	if len(b.only) == 0 {
		for i := range b.starts + 1 { // the first start warms the disk
			progress("cold start %d of %d", i, b.starts)
			if err := b.firstAnswers(ctx, i > 0); err != nil {
				return err
			}
		}
	}
	if err := b.startAll(ctx, workerProject); err != nil {
		return err
	}
	for _, s := range b.sides {
		if err := s.seed(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	if len(b.only) > 0 {
		return nil
	}
	b.memory("idle")
	for i := range b.starts + 1 {
		progress("reload %d of %d", i, b.starts)
		if err := b.reloads(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) seed(ctx context.Context) error {
	p := s.running[workerProject]
	if s.limit() { // its bindings store nothing
		return p.want(ctx, "/plain", "hello")
	}
	return p.want(ctx, "/seed", "seeded")
}

// firstAnswers measures from exec to the first answer.
func (b *bench) firstAnswers(ctx context.Context, count bool) error {
	for _, s := range b.sides {
		if !s.product() {
			continue
		}
		watch := clock.StartStopwatch()
		p, err := s.start(ctx, workerProject)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		err = p.want(ctx, "/plain", "hello")
		took := watch.Elapsed()
		p.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if count {
			b.report.time("first answer of a cold process", s.name, took)
		}
	}
	return nil
}

// reloads measures from a saved file to the answer of the new code.
func (b *bench) reloads(ctx context.Context, round int) error {
	for _, s := range b.sides {
		if !s.product() {
			continue
		}
		answer := fmt.Sprintf("hello %d", round)
		if round == b.starts {
			answer = "hello" // as the loads expect it
		}
		took, err := s.reload(ctx, answer, filepath.Join(b.root, "fixtures", "bench", "src", "index.ts"))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if round > 0 {
			b.report.time("save → new code answers", s.name, took)
		}
	}
	return nil
}

// reload saves code that gives another answer, and asks until it comes.
func (s *side) reload(ctx context.Context, answer, original string) (time.Duration, error) {
	source, err := os.ReadFile(original)
	if err != nil {
		return 0, err
	}
	edited := strings.Replace(string(source), `"hello"`, strconv.Quote(answer), 1)
	watch := clock.StartStopwatch()
	if err := os.WriteFile(filepath.Join(s.project(workerProject), "src", "index.ts"), []byte(edited), 0o644); err != nil {
		return 0, err
	}
	p := s.running[workerProject]
	for watch.Elapsed() < 20*time.Second && ctx.Err() == nil {
		if err = p.want(ctx, "/plain", answer); err == nil {
			return watch.Elapsed(), nil
		}
		pause(ctx, time.Millisecond)
	}
	return 0, fmt.Errorf("the new code never answered: %w", err)
}

// memory notes the memory of every product.
func (b *bench) memory(when string) {
	for _, s := range b.sides {
		if p := s.running[workerProject]; p != nil && s.product() {
			b.report.memory(when, s.name, usageOf(p.pid))
		}
	}
}

func (b *bench) memoryAfter(context.Context) error {
	b.memory("after the load")
	return nil
}
