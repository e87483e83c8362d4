package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"flint/emulator/cfapi"
)

const eventsWorker = `export default {
	async fetch(request, env) {
		const { pathname } = new URL(request.url);
		if (pathname === "/put") await env.BUCKET.put("img/a.png", "hello");
		if (pathname === "/delete") await env.BUCKET.delete("img/a.png");
		return new Response((await env.SEEN.get("seen")) ?? "");
	},
	async queue(batch, env) {
		const seen = ((await env.SEEN.get("seen")) ?? "") + batch.messages.map((m) => JSON.stringify(m.body) + "\n").join("");
		await env.SEEN.put("seen", seen);
	},
};`

const eventsBindings = `
[[r2_buckets]]
binding = "BUCKET"
bucket_name = "media"
[[kv_namespaces]]
binding = "SEEN"
id = "seen"
[[queues.consumers]]
queue = "changes"
max_batch_timeout = 1
`

// Changes of a bucket come to a Worker's queue handler, by a rule of flint.toml
// and by one of the REST API; so does what a lifecycle rule deletes.
func TestR2EventNotifications(t *testing.T) {
	t.Parallel()
	a := run(t, eventsWorker, eventsBindings, map[string]string{"flint.toml": `workers = ["."]
[[r2.notifications]]
bucket = "media"
queue = "changes"
events = ["object-create"]
suffix = ".png"
`})
	a.text("/put", 200)
	a.advance(2 * time.Second)
	want := fmt.Sprintf(`{"account":%q,"action":"PutObject","bucket":"media","object":{"key":"img/a.png","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592"},"eventTime":"`, cfapi.AccountID)
	if seen := a.text("/", 200); !strings.HasPrefix(seen, want) || strings.Count(seen, "\n") != 1 {
		t.Fatalf("after a put: %s\nwant %s", seen, want)
	}
	const config = "/event_notifications/r2/media/configuration"
	a.api("PUT", config+"/queues/changes", `{"rules":[{"actions":["DeleteObject","LifecycleDeletion"],"prefix":"img/"}]}`, nil)
	var listed struct {
		BucketName string
		Queues     []struct {
			QueueID, QueueName string
			Rules              []struct{ RuleID, Suffix string }
		}
	}
	a.api("GET", config, "", &listed)
	if listed.BucketName != "media" || len(listed.Queues) != 1 || listed.Queues[0].QueueName != "changes" || listed.Queues[0].QueueID == "" || len(listed.Queues[0].Rules) != 2 {
		t.Errorf("rules %+v", listed)
	}
	a.text("/delete", 200)
	a.text("/put", 200)
	a.api("PUT", "/r2/buckets/media/lifecycle", `{"rules":[{"id":"r","enabled":true,"conditions":{"prefix":"img/"},"deleteObjectsTransition":{"condition":{"type":"Age","maxAge":86400}}}]}`, nil)
	a.advance(25 * time.Hour)
	seen := a.text("/", 200)
	for _, action := range []string{`"action":"DeleteObject","bucket":"media","object":{"key":"img/a.png"},`, `"action":"LifecycleDeletion","bucket":"media","object":{"key":"img/a.png"},`} {
		if strings.Count(seen, action) != 1 {
			t.Errorf("%s is not once in %s", action, seen)
		}
	}
}

// api calls the REST API and decodes the result.
func (a app) api(method, path, body string, result any) {
	a.t.Helper()
	var e struct {
		Success bool
		Result  json.RawMessage
		Errors  []any
	}
	req, err := http.NewRequest(method, a.e.Run().Control+"/client/v4/accounts/"+cfapi.AccountID+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	a.send(req, &e, 200)
	if !e.Success {
		a.t.Fatalf("%s %s: %v", method, path, e.Errors)
	}
	if result != nil {
		if err := json.Unmarshal(e.Result, result); err != nil {
			a.t.Fatal(err)
		}
	}
}
