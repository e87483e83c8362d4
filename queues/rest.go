package queues

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
	"flint/queues/journal"
)

// REST is Cloudflare's REST API of Queues, relative to an account. A queue is
// named by its id or, which is flint's own, by its name.
// https://developers.cloudflare.com/api/resources/queues/
type REST struct {
	broker    *Broker
	consumers *Consumers
	log       *slog.Logger
}

// maxRESTBody bounds a request: a full batch whose JSON is escaped throughout.
const maxRESTBody = 6*MaxBatchBytes + 64<<10

// NewREST serves the queues of b, which c are the consumers of.
func NewREST(b *Broker, c *Consumers, log *slog.Logger) *REST {
	return &REST{broker: b, consumers: c, log: log}
}

// Routes adds the routes to an account's router.
func (a *REST) Routes(r *mux.Router) {
	r.HandleFunc("/queues", a.list).Methods("GET")
	r.HandleFunc("/queues", a.create).Methods("POST")
	routes := []struct {
		method, path string
		serve        func(*http.Request, *Queue) (any, error)
	}{
		{"GET", "", a.get},
		{"PUT", "", a.update},
		{"PATCH", "", a.update},
		{"DELETE", "", a.delete},
		{"GET", "/consumers", a.listConsumers},
		{"POST", "/consumers", a.addConsumer},
		{"GET", "/consumers/{consumer}", a.getConsumer},
		{"PUT", "/consumers/{consumer}", a.updateConsumer},
		{"DELETE", "/consumers/{consumer}", a.removeConsumer},
		{"GET", "/info", a.info},
		{"POST", "/redrive", a.redrive},
		{"GET", "/metrics", a.metrics},
		{"GET", "/purge", a.purgeStatus},
		{"POST", "/purge", a.purge},
		{"POST", "/messages", a.push},
		{"POST", "/messages/batch", a.pushBatch},
		{"GET", "/messages/peek", a.peek},
		{"POST", "/messages/peek", a.peek},
		{"POST", "/messages/purge", a.discard},
		{"POST", "/messages/pull", a.pull},
		{"POST", "/messages/ack", a.ack},
	}
	for _, route := range routes {
		r.HandleFunc("/queues/{queue}"+route.path, a.withQueue(route.serve)).Methods(route.method)
	}
}

// withQueue finds the queue of a route, and writes the answer.
func (a *REST) withQueue(serve func(*http.Request, *Queue) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, err := url.PathUnescape(mux.Vars(r)["queue"])
		if err != nil {
			name = mux.Vars(r)["queue"]
		}
		q, ok := a.broker.Lookup(name)
		if !ok {
			cferr.WriteError(w, errNoQueue(name))
			return
		}
		result, err := serve(r, q)
		a.writeAnswer(w, result, err)
	}
}

func (a *REST) writeAnswer(w http.ResponseWriter, result any, err error) {
	if err != nil {
		if cferr.From(err) == cferr.Internal {
			a.log.Error("a REST call of a queue failed", slog.Any("error", err))
		}
		cferr.WriteError(w, err)
		return
	}
	cferr.WriteResult(w, result, nil)
}

// queueJSON is a queue as the API shows it.
type queueJSON struct {
	ID             string         `json:"queue_id"`
	Name           string         `json:"queue_name"`
	CreatedOn      time.Time      `json:"created_on"`
	ModifiedOn     time.Time      `json:"modified_on"`
	Producers      []producerJSON `json:"producers"`
	ProducersCount int            `json:"producers_total_count"`
	Consumers      []consumerJSON `json:"consumers"`
	ConsumersCount int            `json:"consumers_total_count"`
	Settings       settingsJSON   `json:"settings"`
}

type producerJSON struct {
	Type   string `json:"type"`
	Script string `json:"script"`
}

type settingsJSON struct {
	DeliveryDelay  int64 `json:"delivery_delay"` // seconds
	DeliveryPaused bool  `json:"delivery_paused"`
	Retention      int64 `json:"message_retention_period"` // seconds
}

func (a *REST) toJSON(q *Queue) queueJSON {
	consumers := a.consumersOf(q)
	q.mu.Lock()
	defer q.mu.Unlock()
	s := q.settings
	out := queueJSON{
		ID: q.id, Name: q.name, CreatedOn: fromMillis(s.CreatedMs), ModifiedOn: fromMillis(s.ModifiedMs),
		Producers: []producerJSON{}, Consumers: consumers,
		Settings: settingsJSON{int64(s.DeliveryDelay / time.Second), s.Paused, int64(q.retention() / time.Second)},
	}
	for script := range q.producers {
		out.Producers = append(out.Producers, producerJSON{"worker", script})
	}
	slices.SortFunc(out.Producers, func(x, y producerJSON) int { return strings.Compare(x.Script, y.Script) })
	out.ProducersCount, out.ConsumersCount = len(out.Producers), len(out.Consumers)
	return out
}

// list answers GET /queues?name=&page=&per_page=. Several names may be given.
func (a *REST) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var all []queueJSON
	for _, q := range a.broker.Queues() {
		if names := query["name"]; len(names) == 0 || slices.Contains(names, q.name) {
			all = append(all, a.toJSON(q))
		}
	}
	page, per := positive(query.Get("page"), 1), min(positive(query.Get("per_page"), 100), 1000)
	from := min(len(all), (page-1)*per)
	shown := append([]queueJSON{}, all[from:min(len(all), from+per)]...)
	cferr.WriteResult(w, shown, cferr.Info{
		"page": page, "per_page": per, "count": len(shown),
		"total_count": len(all), "total_pages": (len(all) + per - 1) / per,
	})
}

// positive reads a positive number of a query, small enough to multiply.
func positive(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return otherwise
	}
	return n
}

// queueBody is the body of a create or an update; nil means not given.
type queueBody struct {
	Name     *string `json:"queue_name"`
	Settings struct {
		DeliveryDelay  *int64 `json:"delivery_delay"`
		DeliveryPaused *bool  `json:"delivery_paused"`
		Retention      *int64 `json:"message_retention_period"`
	} `json:"settings"`
}

func (b *queueBody) check() error {
	if d := b.Settings.DeliveryDelay; d != nil && (*d < 0 || *d > int64(MaxDelay/time.Second)) {
		return errSettings("delivery_delay %d is invalid: it must be between 0 and %d seconds", *d, int64(MaxDelay/time.Second))
	}
	least, most := int64(MinRetention/time.Second), int64(MaxRetention/time.Second)
	if p := b.Settings.Retention; p != nil && (*p < least || *p > most) {
		return errSettings("message_retention_period %d is invalid: it must be between %d and %d seconds", *p, least, most)
	}
	return nil
}

func (b *queueBody) apply(s *journal.Settings) {
	if d := b.Settings.DeliveryDelay; d != nil {
		s.DeliveryDelay = time.Duration(*d) * time.Second
	}
	if p := b.Settings.DeliveryPaused; p != nil {
		s.Paused = *p
	}
	if p := b.Settings.Retention; p != nil {
		s.Retention = time.Duration(*p) * time.Second
	}
}

func (a *REST) create(w http.ResponseWriter, r *http.Request) {
	var body queueBody
	q, err := func() (*Queue, error) {
		if err := readJSON(r, &body); err != nil {
			return nil, err
		}
		if body.Name == nil {
			return nil, errSchema("queue_name is missing")
		}
		if err := body.check(); err != nil {
			return nil, err
		}
		if q, ok := a.broker.Lookup(*body.Name); ok && q.name == *body.Name {
			return nil, errExists(q.name)
		}
		q, err := a.broker.Queue(*body.Name)
		if err != nil {
			return nil, err
		}
		return q, q.configure(body.apply)
	}()
	if err != nil {
		a.writeAnswer(w, nil, err)
		return
	}
	a.writeAnswer(w, a.toJSON(q), nil)
}

func (a *REST) get(_ *http.Request, q *Queue) (any, error) { return a.toJSON(q), nil }

func (a *REST) update(r *http.Request, q *Queue) (any, error) {
	var body queueBody
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if body.Name != nil && *body.Name != q.name {
		return nil, cferr.NotServed("renaming a queue")
	}
	if err := body.check(); err != nil {
		return nil, err
	}
	if err := q.configure(body.apply); err != nil {
		return nil, err
	}
	return a.toJSON(q), nil
}

func (a *REST) delete(_ *http.Request, q *Queue) (any, error) {
	if _, has := a.consumers.Of(q); has {
		return nil, errStillBound(q.name)
	}
	return nil, a.broker.Delete(q.name)
}

type purgeJSON struct {
	StartedAt string `json:"started_at"`
	Completed string `json:"completed"`
	Complete  bool   `json:"complete"`
}

func (a *REST) purge(r *http.Request, q *Queue) (any, error) {
	var body struct {
		Permanently bool `json:"delete_messages_permanently"`
	}
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if !body.Permanently {
		return nil, errSchema("delete_messages_permanently must be true")
	}
	if err := q.Purge(); err != nil {
		return nil, err
	}
	return a.purgeStatus(r, q)
}

func (a *REST) purgeStatus(_ *http.Request, q *Queue) (any, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.purgedAtMs == 0 {
		return purgeJSON{}, nil
	}
	at := fromMillis(q.purgedAtMs).Format(time.RFC3339Nano)
	return purgeJSON{at, at, true}, nil
}

// readJSON reads a body; an empty one leaves v as it is.
func readJSON(r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRESTBody))
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return errBatchSize(int(max(r.ContentLength, long.Limit)))
	}
	if err != nil {
		return err
	}
	if len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		var typed *json.UnmarshalTypeError
		if errors.As(err, &typed) {
			return errSchema("the field %q of the request body cannot be a %s", typed.Field, typed.Value)
		}
		return errMalformed(err)
	}
	return nil
}
