package emulator

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"time"

	"flint/ai"
	"flint/ai/answers"
	"flint/ai/inference"
	"flint/assets"
	"flint/bindings/cache"
	"flint/config"
	"flint/d1"
	"flint/emulator/cfapi"
	"flint/internal/clock"
	"flint/internal/intercept"
	"flint/kv"
	"flint/queues"
	"flint/r2"
	"flint/r2/s3api"
)

// services are the stores behind the bindings, opened on one state directory.
type services struct {
	clock     *clock.Virtual
	chain     *intercept.Chain
	kv        *kv.Store
	d1        *d1.Store
	r2        *r2.Store
	public    *r2.Domains // of R2's buckets
	queues    *queues.Broker
	consumers *queues.Consumers
	ai        *ai.Models
	s3        *s3api.Tokens
	cache     *cache.Cache
	sites     map[string]*assets.Assets // by Worker
	pages     map[string]*assets.Assets // by Pages project

	closers []func() error // in the order of opening
}

// ConfigError is a mistake in the project's configuration.
type ConfigError struct{ text string }

// Error implements error.
func (e *ConfigError) Error() string { return e.text }

// openServices opens every store and makes what the project declares known to it.
func openServices(p *config.Project, dir *stateDir, log *slog.Logger) (*services, error) {
	s := &services{clock: clock.New(), chain: &intercept.Chain{}, sites: map[string]*assets.Assets{}, pages: map[string]*assets.Assets{}}
	for _, open := range []func(*config.Project, *stateDir, *slog.Logger) error{s.openStores, s.openCache, s.openSites} {
		if err := open(p, dir, log); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	if err := s.declare(p); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *services) openStores(p *config.Project, dir *stateDir, log *slog.Logger) (err error) {
	if s.kv, err = openKV(p, dir.sub("kv"), s.clock, log); err != nil {
		return err
	}
	s.onClose(s.kv.Close)
	if s.d1, err = d1.Open(d1.Options{Dir: dir.sub("d1"), Clock: s.clock, Log: log}); err != nil {
		return err
	}
	s.onClose(s.d1.Close)
	if s.public, err = openDomains(p, dir.sub("r2")); err != nil {
		return err
	}
	if s.r2, err = openR2(p, r2.Options{Dir: dir.sub("r2"), Clock: s.clock, Log: log, Account: cfapi.AccountID, Deleted: s.public.Forget}); err != nil {
		return err
	}
	s.onClose(s.r2.Close)
	s.s3 = openR2Tokens(p, dir.path, s.clock)
	if s.queues, err = queues.Open(queues.Options{Dir: dir.sub("queues"), Clock: s.clock, Log: log, Retention: p.Settings.QueueRetention}); err != nil {
		return err
	}
	s.onClose(s.queues.Close)
	s.consumers = queues.NewConsumers(s.queues, log)
	if s.ai, err = ai.Open(aiOptions(p, dir, s.clock, log)); err != nil {
		return &ConfigError{err.Error()} // of scripts, or of the backend's address
	}
	return nil
}

func aiOptions(p *config.Project, dir *stateDir, clk clock.Clock, log *slog.Logger) ai.Options {
	r := &p.Settings.AI
	return ai.Options{
		Dir: dir.sub("ai"), Clock: clk, Log: log, Scripts: p.Settings.AIScripts, Strict: r.Strict, Seed: int64(r.Seed),
		Pace:       inference.Pace{FirstToken: r.TimeToFirstToken, EventsPerSecond: float64(r.TokensPerSecond)},
		Recordings: r.Recordings, Record: r.Record,
		Backend: answers.Backend{URL: r.Backend, Key: r.BackendKey, Model: r.BackendModel, EmbeddingModel: r.EmbeddingModel},
	}
}

func (s *services) openCache(_ *config.Project, dir *stateDir, log *slog.Logger) (err error) {
	if s.cache, err = cache.Open(cache.Options{Dir: dir.sub("cache"), Clock: s.clock, Log: log}); err != nil {
		return err
	}
	s.onClose(s.cache.Close)
	return nil
}

func (s *services) openSites(p *config.Project, _ *stateDir, log *slog.Logger) error {
	for i := range p.Workers {
		w := &p.Workers[i]
		if w.Assets == nil {
			continue
		}
		site, err := assets.Open(siteOptions(w, log))
		if err != nil {
			return err
		}
		s.sites[w.Name] = site
	}
	for _, page := range p.Pages {
		if _, err := os.Stat(page.Dist); err != nil {
			continue // not built yet: its host says so
		}
		site, err := assets.Open(assets.Options{Dir: page.Dist, Pages: true, Log: log})
		if err != nil {
			return err
		}
		s.pages[page.Name] = site
	}
	return nil
}

func siteOptions(w *config.Worker, log *slog.Logger) assets.Options {
	const flag = "assets_navigation_prefers_asset_serving"
	return assets.Options{
		Dir: w.Assets.Directory, HTMLHandling: w.Assets.HTMLHandling, NotFound: w.Assets.NotFound,
		NavigationPrefersAssets: w.CompatibilityDate >= "2025-04-01" || slices.Contains(w.CompatibilityFlags, flag),
		StaticRouting:           len(w.Assets.WorkerFirstFor) > 0,
		Log:                     log,
	}
}

// declare tells the stores the names of what the Workers bind.
func (s *services) declare(p *config.Project) error {
	var errs []error
	for i := range p.Workers {
		w := &p.Workers[i]
		for _, b := range w.KV {
			s.kv.Declare(b.ID, b.Binding)
		}
		for _, b := range w.D1 {
			s.d1.Declare(b.ID, b.Name)
		}
		for _, b := range w.R2 {
			errs = append(errs, s.r2.Declare(b.Bucket))
		}
		for _, b := range w.QueueProducers {
			errs = append(errs, s.queues.DeclareProducer(b.Queue, w.Name))
		}
		for _, b := range w.QueueConsumers {
			errs = append(errs, s.queues.Declare(b.Queue))
			if b.DeadLetterQueue != "" {
				errs = append(errs, s.queues.Declare(b.DeadLetterQueue))
			}
		}
	}
	return errors.Join(append(errs, s.declarePublic(p), s.declareNotifications(p.Settings.R2Events))...)
}

func (s *services) onClose(f func() error) { s.closers = append(s.closers, f) }

// close closes the stores, the last opened first, then the clock, on which the
// queues' last deliveries still run.
func (s *services) close() error {
	defer s.clock.Close()
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// rest is Cloudflare's REST API over the services.
func (s *services) rest(log *slog.Logger) []cfapi.Service {
	buckets := r2.NewREST(s.r2, log)
	return []cfapi.Service{
		kv.NewREST(s.kv, log), d1.NewREST(s.d1, log), buckets, r2.NewDomainsREST(buckets, s.public), queues.NewREST(s.queues, s.consumers, log), ai.NewREST(s.ai),
	}
}

// newServer returns a server whose timeouts bound what a slow or idle client can hold.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 15 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    128 << 10, // https://developers.cloudflare.com/workers/platform/limits/#request-limits
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
