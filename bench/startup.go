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

// measureStartups measures first answers and reloads of the products in turn. It leaves
// all sides running and filled with data.
func (b *bench) measureStartups(ctx context.Context) error {
	if len(b.only) == 0 {
		for i := range b.starts + 1 { // the first start fills the page cache and is not counted
			progress("cold start %d of %d", i, b.starts)
			if err := b.measureFirstAnswers(ctx, i > 0); err != nil {
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
	b.measureMemory("idle")
	for i := range b.starts + 1 {
		progress("reload %d of %d", i, b.starts)
		if err := b.measureReloads(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *side) seed(ctx context.Context) error {
	p := s.running[workerProject]
	if s.isLimit() { // do-nothing bindings store nothing
		return p.want(ctx, "/plain", "hello")
	}
	return p.want(ctx, "/seed", "seeded")
}

// measureFirstAnswers measures the time from exec to the first answer.
func (b *bench) measureFirstAnswers(ctx context.Context, count bool) error {
	for _, s := range b.sides {
		if !s.isProduct() {
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
			b.report.addTime("first answer of a cold process", s.name, took)
		}
	}
	return nil
}

// measureReloads measures the time from saving a file to an answer of the new code.
func (b *bench) measureReloads(ctx context.Context, round int) error {
	for _, s := range b.sides {
		if !s.isProduct() {
			continue
		}
		answer := fmt.Sprintf("hello %d", round)
		if round == b.starts {
			answer = "hello" // which the loads expect
		}
		took, err := s.measureReload(ctx, answer, filepath.Join(b.root, "fixtures", "bench", "src", "index.ts"))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if round > 0 {
			b.report.addTime("save → new code answers", s.name, took)
		}
	}
	return nil
}

// measureReload saves code with another answer and polls until that answer comes.
func (s *side) measureReload(ctx context.Context, answer, original string) (time.Duration, error) {
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

// measureMemory records the memory of all products.
func (b *bench) measureMemory(when string) {
	for _, s := range b.sides {
		if p := s.running[workerProject]; p != nil && s.isProduct() {
			b.report.addMemory(when, s.name, usageOf(p.pid))
		}
	}
}

func (b *bench) measureMemoryAfterLoads(context.Context) error {
	b.measureMemory("after the load")
	return nil
}
