package queues

import (
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/mux"
)

// call makes one REST call and returns its result, or its error as "code: message".
func (r *rig) rest(method, path, body string) string {
	r.Helper()
	router := mux.NewRouter().UseEncodedPath()
	if r.consumers == nil {
		r.consumers = NewConsumers(r.b, r.b.log)
	}
	NewREST(r.b, r.consumers, slog.New(slog.DiscardHandler)).Routes(router)
	rec := httptest.NewRecorder()
	router.ServeHTTP(rec, httptest.NewRequest(method, path, strings.NewReader(body)))
	var env struct {
		Result  json.RawMessage
		Success bool
		Errors  []struct{ Message string }
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &env); err != nil {
		r.Fatalf("%s %s: %v in %s", method, path, err, rec.Body)
	}
	if !env.Success {
		return env.Errors[0].Message
	}
	return string(env.Result)
}

func TestREST(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const metrics = `{"backlog_bytes":%,"backlog_count":#,"oldest_message_timestamp_ms":1767323045000}`
	of := func(n, bytes string) string {
		return strings.NewReplacer("#", n, "%", bytes).Replace(metrics)
	}
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/queues/jobs", ``, `queue "jobs" does not exist`},
		{"POST", "/queues", `{"queue_name":"-"}`, `queue name "-" is invalid: 1 to 63 letters, digits, hyphens and underscores, with a letter or digit at both ends`},
		{"POST", "/queues", `{`, `the request body is not valid: unexpected end of JSON input`},
		{"POST", "/queues/none/messages", `{"body":1}`, `queue "none" does not exist`},
	} {
		wantText(t, r.rest(c.method, c.path, c.body), c.want)
	}
	created := r.rest("POST", "/queues", `{"queue_name":"jobs","settings":{"message_retention_period":3600}}`)
	if !strings.Contains(created, `"queue_name":"jobs"`) || !strings.Contains(created, `"message_retention_period":3600`) {
		t.Fatal(created)
	}
	id := r.queue("jobs").ID()
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/queues", `{"queue_name":"jobs"}`, `queue name "jobs" is already taken`},
		{"POST", "/queues/jobs/messages", `{"body":{"a": 1}}`, `{"metadata":{"metrics":` + of("1", "7") + `}}`},
		{"POST", "/queues/" + id + "/messages", `{"body":"hé","content_type":"text"}`, `{"metadata":{"metrics":` + of("2", "10") + `}}`},
		{"POST", "/queues/jobs/messages", `{"body":1,"content_type":"text"}`, `the body of a message of content_type text must be a string`},
		{"POST", "/queues/jobs/messages", `{"body":1,"delay_seconds":86401}`, `message delay 86401 is invalid: it must be a whole number of seconds between 0 and 86400`},
		{"POST", "/queues/jobs/messages/batch", `{"messages":[{"body":1},{"body":2,"delay_seconds":0}],"delay_seconds":60}`, `{"metadata":{"metrics":` + of("4", "12") + `}}`},
		{"POST", "/queues/jobs/messages/batch", `{"messages":[]}`, `batch must hold at least one message`},
		{"GET", "/queues/jobs/metrics", ``, of("4", "12")},
		{"POST", "/queues/jobs/messages/pull", `{}`, "queue \"jobs\" has no pull consumer; add one with `flint queues consumer http add jobs`"},
		{"POST", "/queues/jobs/purge", `{}`, `delete_messages_permanently must be true`},
		{"PATCH", "/queues/jobs", `{"settings":{"delivery_delay":-1}}`, `delivery_delay -1 is invalid: it must be between 0 and 86400 seconds`},
		{"POST", "/queues/jobs/messages/purge", `{"refs":[{"ref":"1"}]}`, `{"errors":[],"warnings":{}}`},
	} {
		wantText(t, r.rest(c.method, c.path, c.body), c.want)
	}
	var peeked struct{ Messages []messageJSON }
	if err := json.Unmarshal([]byte(r.rest("GET", "/queues/jobs/messages/peek?limit=10", "")), &peeked); err != nil {
		t.Fatal(err)
	}
	if len(peeked.Messages) != 3 || peeked.Messages[0].Body != "eyJhIjoxfQ==" || peeked.Messages[1].Body != "Mg==" || peeked.Messages[2].Body != "MQ==" {
		t.Fatalf("peeked %+v", peeked.Messages)
	}
	if out := r.rest("PATCH", "/queues/jobs", `{"settings":{"delivery_paused":true}}`); !strings.Contains(out, `"delivery_paused":true`) || !r.queue("jobs").Paused() {
		t.Fatal(out)
	}
	r.rest("POST", "/queues/jobs/purge", `{"delete_messages_permanently":true}`)
	wantText(t, bodies(r.queue("jobs").Peek(10)), "")
	wantText(t, r.rest("DELETE", "/queues/jobs", ""), "null")
	wantText(t, r.rest("GET", "/queues", ""), "[]")
	r.advance(time.Second)
	r.reopen()
	wantText(t, r.rest("GET", "/queues", ""), "[]")
}
