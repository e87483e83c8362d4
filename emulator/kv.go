package emulator

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"flint/config"
	"flint/internal/clock"
	"flint/kv"
)

// greetTimeout bounds what a Redis that hangs adds to the start.
const greetTimeout = time.Second

func openKV(p *config.Project, dir string, c clock.Clock, log *slog.Logger) (*kv.Store, error) {
	s, err := kv.Open(kvOptions(p, dir, c, log))
	if errors.Is(err, kv.ErrDriver) {
		return nil, &ConfigError{"[kv] driver: " + kv.ErrDriver.Error()}
	}
	return s, err
}

// kvOptions says where KV lives and how it behaves.
func kvOptions(p *config.Project, dir string, c clock.Clock, log *slog.Logger) kv.Options {
	o := kv.Options{
		Dir: dir, Clock: c, Log: log, Driver: p.Settings.KVDriver,
		Rules: kvRules(p.Settings.KV), RulesForID: map[string]kv.Rules{},
	}
	for _, rule := range p.Settings.KVByID {
		o.RulesForID[rule.ID] = kvRules(rule.KVRules)
		for _, w := range p.Workers {
			for _, b := range w.KV {
				if b.Binding == rule.ID {
					o.RulesForID[b.ID] = kvRules(rule.KVRules)
				}
			}
		}
	}
	return o
}

func kvRules(r config.KVRules) kv.Rules {
	return kv.Rules{Eventual: r.Consistency == config.Eventual, WriteLimit: r.WriteLimit}
}

// warnIfKVIsDown says at the start, not at the first call, that a Redis is away. It may
// still come.
func (e *Emulator) warnIfKVIsDown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	if err := e.services.kv.Ping(ctx); err != nil {
		e.log.Warn("KV does not work yet", "error", err)
	}
}

// CheckKV says what keeps the KV driver of a project from answering; it is nil
// for drivers that need nothing.
func CheckKV(ctx context.Context, p *config.Project) error {
	driver := p.Settings.KVDriver
	if driver == "" || driver == kv.Memory || driver == kv.Embedded {
		return nil
	}
	s, err := kv.Open(kv.Options{Driver: driver})
	if err != nil {
		return err
	}
	defer s.Close()
	return s.Ping(ctx)
}
