package emulator

import (
	"context"
	"fmt"
	"time"

	"flint/config"
	"flint/queues"
)

// detachTimeout is how long a batch may go on that runs in a consumer which a
// changed configuration takes away.
const detachTimeout = 10 * time.Second

// attachConsumers lets the Workers consume the queues that they name, and those
// that they were added to.
func (e *Emulator) attachConsumers() error {
	all, err := declaredConsumers(e.project)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), detachTimeout)
	defer cancel()
	return e.services.consumers.Declare(ctx, all, func(script string) (queues.Deliverer, bool) {
		w, ok := e.worker(script)
		return w, ok
	})
}

// declareConsumers tells a state that nobody runs on who consumes what.
func (s *services) declareConsumers(p *config.Project) error {
	all, err := declaredConsumers(p)
	if err != nil {
		return err
	}
	return s.consumers.Declare(context.Background(), all, nil)
}

// declaredConsumers are those of all Wrangler files.
func declaredConsumers(p *config.Project) ([]queues.ConsumerConfig, error) {
	var all []queues.ConsumerConfig
	by := map[string]string{}
	for i := range p.Workers {
		w := &p.Workers[i]
		for _, c := range w.QueueConsumers {
			if other, taken := by[c.Queue]; taken {
				return nil, &ConfigError{fmt.Sprintf("%s: queue %q has a consumer in %s already; a queue has only one", w.File, c.Queue, other)}
			}
			by[c.Queue] = w.File
			all = append(all, consumerConfig(c, w.Name))
		}
	}
	return all, nil
}

// consumerConfig fills in Cloudflare's defaults.
func consumerConfig(c config.QueueConsumer, script string) queues.ConsumerConfig {
	out := queues.DefaultConsumer(c.Queue)
	if c.Pull {
		out.Type = queues.HTTPPull
		out.VisibilityTimeout = c.VisibilityTimeout
	} else {
		out.Script = script
	}
	if c.MaxBatchSize > 0 {
		out.MaxBatchSize = c.MaxBatchSize
	}
	if c.MaxBatchTimeout != nil {
		out.MaxBatchTimeout = *c.MaxBatchTimeout
	}
	if c.MaxRetries != nil {
		out.MaxRetries = *c.MaxRetries
	}
	out.MaxConcurrency = c.MaxConcurrency
	out.RetryDelay = c.RetryDelay
	out.DeadLetterQueue = c.DeadLetterQueue
	return out
}
