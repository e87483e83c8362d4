package queues

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// With max_concurrency 1 and no retries messages come in the order in which
// they were sent, each once, however many producers there are, while the
// journal is rewritten, and over restarts with and without a backlog.
func TestOrderOfManyProducers(t *testing.T) {
	t.Parallel()
	const producers, each, restarts = 8, 60, 4
	r, w := newRig(t), &inOrder{next: map[byte]int{}}
	cfg := DefaultConsumer("jobs")
	cfg.MaxBatchTimeout, cfg.MaxConcurrency, cfg.MaxBatchSize = 0, 1, 7
	for round := range restarts {
		if round%2 == 0 { // else what waits is delivered beside the senders
			r.attach(cfg, w)
		}
		var wg sync.WaitGroup
		for p := range producers {
			wg.Go(func() { produce(t, r.queue("jobs"), byte('a'+p), round*each, each) })
		}
		for range 3 {
			if err := r.queue("jobs").rewrite(); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		r.reopen()
	}
	r.attach(cfg, w)
	r.quiesce()
	for p := range producers {
		if n := w.next[byte('a'+p)]; n != each*restarts {
			t.Errorf("producer %c: %d of %d messages came", 'a'+p, n, each*restarts)
		}
	}
	for _, wrong := range w.wrong {
		t.Error(wrong)
	}
}

// produce sends numbered messages, singly and in batches.
func produce(t *testing.T, q *Queue, who byte, from, n int) {
	for i := from; i < from+n; {
		var out []Outgoing
		for range min(1+i%3, from+n-i) {
			out = append(out, Outgoing{ContentType: "text", Body: fmt.Appendf(nil, "%c%d", who, i)})
			i++
		}
		if _, err := q.Send(context.Background(), out); err != nil {
			t.Error(err)
			return
		}
	}
}

// inOrder is a Worker that expects the next message of each producer.
type inOrder struct {
	mu    sync.Mutex
	next  map[byte]int
	wrong []string
}

func (w *inOrder) DeliverQueue(_ context.Context, b Batch) (Outcome, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range b.Messages {
		who := m.Body[0]
		if want := fmt.Sprintf("%c%d", who, w.next[who]); string(m.Body) != want || m.Attempts != 1 {
			w.wrong = append(w.wrong, fmt.Sprintf("%s came at attempt %d in place of %s", m.Body, m.Attempts, want))
		}
		w.next[who]++
	}
	return Outcome{Outcome: "ok"}, nil
}
