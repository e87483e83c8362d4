package queues

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// restRig is a rig whose REST API attaches the Workers of found.
func restRig(t *testing.T, found map[string]Deliverer, declared ...ConsumerConfig) *rig {
	r := newRig(t)
	r.declare(found, declared...)
	return r
}

// declare is what the emulator does at its start.
func (r *rig) declare(found map[string]Deliverer, declared ...ConsumerConfig) {
	r.Helper()
	r.consumers = NewConsumers(r.b, r.b.log)
	err := r.consumers.Declare(r.Context(), declared, func(script string) (Deliverer, bool) { d, ok := found[script]; return d, ok })
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) consumer(queue string) consumerJSON {
	r.Helper()
	var all []consumerJSON
	if err := json.Unmarshal([]byte(r.rest("GET", "/queues/"+queue+"/consumers", "")), &all); err != nil || len(all) != 1 {
		r.Fatalf("consumers: %v %v", all, err)
	}
	return all[0]
}

// A Worker that was added by the API consumes at once, and after a restart.
func TestRESTWorkerConsumer(t *testing.T) {
	t.Parallel()
	work := &script{}
	found := map[string]Deliverer{"work": work}
	r := restRig(t, found)
	r.rest("POST", "/queues", `{"queue_name":"jobs"}`)
	wantText(t, r.rest("GET", "/queues/jobs/consumers", ""), `[]`)
	id := consumerID("jobs")
	const settings = `"settings":{"batch_size":2,"max_retries":0,"max_wait_time_ms":0,"max_concurrency":1,"retry_delay":7}`
	shown := `{"consumer_id":"` + id + `","type":"worker","script":"work","script_name":"work","queue_name":"jobs","queue_id":"` + queueID("jobs") + `","dead_letter_queue":"morgue",` + settings + `}`
	wantText(t, r.rest("POST", "/queues/jobs/consumers", `{"type":"worker","script_name":"work","dead_letter_queue":"morgue",`+settings+`}`), shown)
	wantText(t, r.rest("GET", "/queues/jobs/consumers/"+id, ""), shown)
	wantText(t, r.rest("POST", "/queues/jobs/consumers", `{"type":"http_pull"}`), `queue "jobs" already has a consumer; a queue has only one`)
	r.rest("PATCH", "/queues/jobs", `{"settings":{"delivery_paused":true}}`)
	r.send("jobs", "a", "b", "c")
	r.rest("PATCH", "/queues/jobs", `{"settings":{"delivery_paused":false}}`)
	r.quiesce()
	work.want(t, "a/1 b/1", "c/1")

	r.reopen()
	r.declare(found)
	wantText(t, r.rest("GET", "/queues/jobs/consumers/"+id, ""), shown)
	work.set(thrown)
	r.send("jobs", "d")
	r.quiesce()
	work.want(t, "d/1")
	if in := r.queue("morgue").Info(); in.DeadFrom["jobs"] != 1 {
		t.Errorf("dead letters: %+v", in)
	}
	wantText(t, r.rest("POST", "/queues/morgue/redrive", `{}`), `{"moved":1}`)
	r.quiesce()
	work.want(t, "d/1")

	// An update replaces all settings, as the API's PUT does.
	wantText(t, fmt.Sprint(strings.Contains(r.rest("PUT", "/queues/jobs/consumers/"+id, `{"type":"worker","script_name":"work","settings":{"max_retries":1,"max_wait_time_ms":0}}`), `"batch_size":10,"max_retries":1,"max_wait_time_ms":0,"retry_delay":0}`)), "true")
	r.send("jobs", "e")
	r.quiesce()
	r.advance(time.Second)
	work.want(t, "e/1", "e/2")
	wantText(t, r.rest("DELETE", "/queues/jobs", ""), `queue "jobs" still has a producer or a consumer; remove those first`)
	wantText(t, r.rest("DELETE", "/queues/jobs/consumers/none", ""), `queue "jobs" has no consumer with the id "none"`)
	wantText(t, r.rest("DELETE", "/queues/jobs/consumers/"+id, ""), `null`)
	r.send("jobs", "f")
	r.quiesce()
	work.want(t)
	r.reopen()
	r.declare(found)
	wantText(t, r.rest("GET", "/queues/jobs/consumers", ""), `[]`)
	wantText(t, bodies(r.queue("jobs").Peek(9)), "f/0")
}

// A Worker that is not there gets its messages once it is.
func TestRESTConsumerBeforeItsWorker(t *testing.T) {
	t.Parallel()
	r := restRig(t, nil)
	r.rest("POST", "/queues", `{"queue_name":"jobs"}`)
	r.rest("POST", "/queues/jobs/consumers", `{"type":"worker","script_name":"late","settings":{"max_wait_time_ms":0}}`)
	r.send("jobs", "a")
	r.advance(time.Hour)
	if c := r.consumer("jobs"); c.Script != "late" {
		t.Errorf("consumer: %+v", c)
	}
	late := &script{}
	r.reopen()
	r.declare(map[string]Deliverer{"late": late})
	r.quiesce()
	late.want(t, "a/1")
}

// What a Wrangler file declares wins over what was added, and follows the file.
func TestDeclaredConsumers(t *testing.T) {
	t.Parallel()
	work, other := &script{}, &script{}
	found := map[string]Deliverer{"work": work, "other": other}
	cfg := DefaultConsumer("jobs")
	cfg.Script, cfg.MaxBatchTimeout = "work", 0
	r := restRig(t, found)
	r.rest("POST", "/queues", `{"queue_name":"jobs"}`)
	r.rest("POST", "/queues/jobs/consumers", `{"type":"http_pull"}`)
	r.reopen()
	r.declare(found, cfg)
	if !strings.Contains(r.logs.String(), "gives way to the one that a Wrangler file declares") {
		t.Errorf("the log does not say that the added consumer is gone: %s", r.logs)
	}
	r.send("jobs", "a")
	r.quiesce()
	work.want(t, "a/1")
	declare := func(all ...ConsumerConfig) {
		t.Helper()
		err := r.consumers.Declare(t.Context(), all, func(script string) (Deliverer, bool) { d, ok := found[script]; return d, ok })
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg.Script = "other"
	declare(cfg)
	r.send("jobs", "b")
	r.quiesce()
	work.want(t)
	other.want(t, "b/1")
	declare()
	r.send("jobs", "c")
	r.advance(time.Hour)
	other.want(t)
	wantText(t, r.rest("GET", "/queues/jobs/consumers", ""), `[]`)
	declare(cfg)
	r.quiesce()
	other.want(t, "c/1")
	// Removed by the API, it is back with the next start; so is a change.
	wantText(t, r.rest("DELETE", "/queues/jobs/consumers/"+consumerID("jobs"), ""), `null`)
	r.send("jobs", "d")
	r.advance(time.Hour)
	other.want(t)
	declare(cfg)
	r.quiesce()
	other.want(t, "d/1")
	// Where nothing runs, it can only be changed in the file.
	if err := r.consumers.Declare(t.Context(), []ConsumerConfig{cfg}, nil); err != nil {
		t.Fatal(err)
	}
	const refused = `the consumer of queue "jobs" is declared in a Wrangler file; change it there`
	wantText(t, r.rest("DELETE", "/queues/jobs/consumers/"+consumerID("jobs"), ""), refused)
	wantText(t, r.rest("PUT", "/queues/jobs/consumers/"+consumerID("jobs"), `{"script_name":"other"}`), refused)
}

// The API's pull consumer, from its lease to the dead letter queue.
func TestRESTPull(t *testing.T) {
	t.Parallel()
	r := restRig(t, nil)
	r.rest("POST", "/queues", `{"queue_name":"jobs"}`)
	wantText(t, r.rest("POST", "/queues/jobs/messages/pull", `{}`), "queue \"jobs\" has no pull consumer; add one with `flint queues consumer http add jobs`")
	added := r.rest("POST", "/queues/jobs/consumers", `{"type":"http_pull","dead_letter_queue":"morgue","settings":{"batch_size":7,"max_retries":1,"retry_delay":10,"visibility_timeout_ms":60000}}`)
	if !strings.HasSuffix(added, `"settings":{"batch_size":7,"max_retries":1,"retry_delay":10,"visibility_timeout_ms":60000}}`) {
		t.Error(added)
	}
	_, err := r.queue("jobs").Send(t.Context(), []Outgoing{
		{ContentType: "json", Body: []byte(`{"a":1}`)}, {ContentType: "text", Body: []byte("té<")}, {ContentType: "bytes", Body: []byte{0, 255}}, {ContentType: "v8", Body: []byte{1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		Backlog  int `json:"message_backlog_count"`
		Messages []pulledJSON
		Metadata struct{ Metrics metricsJSON }
	}
	pull := func(body string) answer {
		t.Helper()
		var a answer
		if err := json.Unmarshal([]byte(r.rest("POST", "/queues/jobs/messages/pull", body)), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	got := pull(`{"batch_size":3}`)
	encoded := base64.StdEncoding.EncodeToString
	for i, want := range []string{encoded([]byte(`{"a":1}`)), "té<", encoded([]byte{0, 255})} {
		if m := got.Messages[i]; m.Body != want || m.Attempts != 1 || m.LeaseID == "" || m.Timestamp != epoch.UnixMilli() || m.Metadata["CF-Content-Type"] != [3]string{"json", "text", "bytes"}[i] {
			t.Errorf("message %d: %+v, want body %s", i, m, want)
		}
	}
	if got.Backlog != 4 || got.Metadata.Metrics.BacklogCount != 4 {
		t.Errorf("backlog: %+v", got)
	}
	lease := func(i int) string { return string(got.Messages[i].LeaseID) }
	settled := r.rest("POST", "/queues/jobs/messages/ack", `{"acks":[{"lease_id":"`+lease(0)+`"},{"lease_id":"nonsense"}],"retries":[{"lease_id":"`+lease(1)+`","delay_seconds":5}]}`)
	wantText(t, settled, `{"ackCount":1,"retryCount":1,"warnings":{"nonsense":"not a lease of this queue"}}`)
	if again := pull(`{"visibility_timeout":1000}`); len(again.Messages) != 1 || again.Messages[0].Metadata["CF-Content-Type"] != "v8" {
		t.Errorf("the rest: %+v", again)
	}
	r.advance(5 * time.Second) // the retried one, and the one whose lease of a second is over
	if again := pull(`{}`); len(again.Messages) != 2 || again.Messages[0].Attempts != 2 || again.Messages[1].Attempts != 2 {
		t.Errorf("after 5 seconds: %+v", again)
	}
	r.advance(2 * time.Minute) // all leases are over; those of the second attempt were the last
	if again := pull(`{}`); len(again.Messages) != 1 || again.Messages[0].Metadata["CF-Content-Type"] != "bytes" {
		t.Errorf("after two minutes: %+v", again)
	}
	if in := r.queue("morgue").Info(); in.DeadFrom["jobs"] != 2 {
		t.Errorf("dead letters: %+v", in)
	}
	for _, c := range []struct{ path, body, want string }{
		{"pull", `{"batch_size":0}`, `batch_size 0 is invalid: it must be between 1 and 100`},
		{"pull", `{"batch_size":101}`, `batch_size 101 is invalid: it must be between 1 and 100`},
		{"pull", `{"batch_size":"5"}`, `the field "batch_size" of the request body cannot be a string`},
		{"pull", `{"visibility_timeout_ms":43200001}`, `visibility_timeout_ms 43200001 is invalid: it must be between 0 and 43200000`},
		{"pull", `{"visibility_timeout_ms":-1}`, `visibility_timeout_ms -1 is invalid: it must be between 0 and 43200000`},
		{"pull", `{"visibility_timeout_ms":1e300}`, `visibility_timeout_ms 43200001 is invalid: it must be between 0 and 43200000`},
		{"ack", `{"retries":[{"lease_id":"x","delay_seconds":86401}]}`, `message delay 86401 is invalid: it must be a whole number of seconds between 0 and 86400`},
		{"ack", `{}`, `{"ackCount":0,"retryCount":0,"warnings":{}}`},
	} {
		wantText(t, r.rest("POST", "/queues/jobs/messages/"+c.path, c.body), c.want)
	}
	r.rest("PATCH", "/queues/jobs", `{"settings":{"delivery_paused":true}}`)
	wantText(t, r.rest("POST", "/queues/jobs/messages/pull", `{}`), `queue_delivery_paused`)
	var in infoJSON
	if err := json.Unmarshal([]byte(r.rest("GET", "/queues/jobs/info", "")), &in); err != nil || in.Leased != 1 || in.Dead != 2 || in.DeadLetterQueue != "morgue" || !in.Queue.Settings.DeliveryPaused {
		t.Errorf("info: %+v %v", in, err)
	}
}

func TestRESTConsumerMistakes(t *testing.T) {
	t.Parallel()
	r := restRig(t, nil)
	r.rest("POST", "/queues", `{"queue_name":"jobs"}`)
	for body, want := range map[string]string{
		`{}`:                                     `type is missing: it must be "worker" or "http_pull"`,
		`{"type":"r2_bucket","script_name":"w"}`: `type of the consumer of queue "jobs" is "r2_bucket": it must be "worker" or "http_pull"`,
		`{"type":"worker"}`:                      `script_name is missing: the name of the Worker that consumes the queue`,
		`{"type":"http_pull","script_name":"w"}`: `script_name is given, and a consumer of type "http_pull" has none`,
		`{"script_name":"w","settings":{"batch_size":0}}`:                    `max_batch_size of queue "jobs" is 0: it must be between 1 and 100`,
		`{"script_name":"w","settings":{"max_concurrency":0}}`:               `max_concurrency of queue "jobs" is 0: it must be between 1 and 250`,
		`{"script_name":"w","settings":{"max_wait_time_ms":60001}}`:          `max_batch_timeout of queue "jobs" is 60.001: it must be between 0 and 60 seconds`,
		`{"script_name":"w","settings":{"max_wait_time_ms":1e300}}`:          `max_batch_timeout of queue "jobs" is 60.001: it must be between 0 and 60 seconds`,
		`{"script_name":"w","settings":{"retry_delay":-1}}`:                  `retry_delay of queue "jobs" is -1: it must be between 0 and 86400 seconds`,
		`{"type":"http_pull","settings":{"visibility_timeout_ms":43200001}}`: `visibility_timeout_ms 43200001 is invalid: it must be between 0 and 43200000`,
		`{"script_name":"w","dead_letter_queue":"jobs"}`:                     `dead_letter_queue of queue "jobs" is the queue itself`,
		`{"script_name":"w","dead_letter_queue":"not a name","settings":{}}`: `queue name "not a name" is invalid: 1 to 63 letters, digits, hyphens and underscores, with a letter or digit at both ends`,
		`[]`: `the field "" of the request body cannot be a array`,
	} {
		if got := r.rest("POST", "/queues/jobs/consumers", body); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
	wantText(t, r.rest("GET", "/queues/jobs/consumers", ""), `[]`)
	wantText(t, r.rest("PUT", "/queues/jobs/consumers/x", `{"script_name":"w"}`), `queue "jobs" has no consumer with the id "x"`)
}
