package r2

import (
	"encoding/json"
	"strings"
	"testing"
)

func (c *restClient) wantJSON(method, path, body, want string) {
	c.t.Helper()
	result, _ := c.call(200, 0, method, path, body)
	text, err := json.Marshal(result)
	if err != nil || string(text) != want {
		c.t.Errorf("%s %s: %s, want %s", method, path, text, want)
	}
}

func TestRESTLifecycle(t *testing.T) {
	t.Parallel()
	c := newREST(t)
	c.call(200, 0, "POST", "", `{"name":"media"}`)
	c.wantJSON("GET", "/media/lifecycle", "", `{"rules":[{"abortMultipartUploadsTransition":{"condition":{"maxAge":604800,"type":"Age"}},"conditions":{"prefix":""},"enabled":true,"id":"Default Multipart Abort Rule"}]}`)
	rules := `[{"conditions":{"prefix":"logs/"},"deleteObjectsTransition":{"condition":{"date":"2030-01-02T00:00:00.000Z","type":"Date"}},"enabled":true,"id":"a","storageClassTransitions":[{"condition":{"maxAge":86400,"type":"Age"},"storageClass":"InfrequentAccess"}]}]`
	c.wantJSON("PUT", "/media/lifecycle", `{"rules":`+strings.Replace(rules, "2030-01-02T00:00:00.000Z", "2030-01-02", 1)+`}`, `{}`)
	c.wantJSON("GET", "/media/lifecycle", "", `{"rules":`+rules+`}`)
	c.call(400, 10029, "PUT", "/media/lifecycle", `{"rules":[{"id":"x","enabled":true}]}`)
	c.call(400, 10029, "PUT", "/media/lifecycle", `{"rules":[{"deleteObjectsTransition":{"condition":{"type":"Moon"}}}]}`)
	c.call(400, 10029, "PUT", "/media/lifecycle", `nonsense`)
	c.wantJSON("PUT", "/media/lifecycle", `{}`, `{}`)
	c.wantJSON("GET", "/media/lifecycle", "", `{"rules":[]}`)
	c.call(404, 10006, "GET", "/none/lifecycle", "")
}

func TestRESTCORS(t *testing.T) {
	t.Parallel()
	c := newREST(t)
	c.call(200, 0, "POST", "", `{"name":"media"}`)
	c.call(404, 10059, "GET", "/media/cors", "")
	rules := `{"rules":[{"allowed":{"headers":["x-a"],"methods":["GET"],"origins":["http://localhost:3000"]},"exposeHeaders":["ETag"],"id":"r","maxAgeSeconds":3600}]}`
	c.wantJSON("PUT", "/media/cors", rules, `{}`)
	c.wantJSON("GET", "/media/cors", "", rules)
	c.call(400, 10029, "PUT", "/media/cors", `{"rules":[{"allowed":{}}]}`)
	c.wantJSON("DELETE", "/media/cors", "", `{}`)
	c.call(404, 10059, "GET", "/media/cors", "")
}

func TestRESTNotifications(t *testing.T) {
	t.Parallel()
	c := newREST(t)
	c.call(200, 0, "POST", "", `{"name":"media"}`)
	c.url = strings.TrimSuffix(c.url, "/r2/buckets")
	const config = "/event_notifications/r2/media/configuration"
	c.wantJSON("GET", config, "", `{"bucketName":"media","queues":[]}`)
	c.call(404, 11000, "PUT", config+"/queues/jobs", `{"rules":[]}`)
	c.store.AttachNotifier(&postbox{})
	c.call(404, 11015, "GET", config+"/queues/jobs", "")
	c.wantJSON("PUT", config+"/queues/id-of-jobs", `{"rules":[{"prefix":"a/","suffix":"","actions":["PutObject","CopyObject"],"description":"why"}]}`, `{}`)
	c.call(400, 10029, "PUT", config+"/queues/jobs", `{"rules":[{"actions":["GetObject"]}]}`)
	c.call(400, 10029, "PUT", config+"/queues/jobs", `{"rules":[{"actions":[]}]}`)
	c.call(404, 11000, "PUT", config+"/queues/other", `{"rules":[{"actions":["PutObject"]}]}`)
	result, _ := c.call(200, 0, "GET", config+"/queues/jobs", "")
	rule := result.(map[string]any)["rules"].([]any)[0].(map[string]any)
	id, _ := rule["ruleId"].(string)
	if rule["prefix"] != "a/" || rule["description"] != "why" || len(id) != 32 || rule["createdAt"] != "2026-03-01T12:00:00.25Z" || len(rule["actions"].([]any)) != 2 {
		t.Errorf("rule %v", rule)
	}
	c.call(404, 11015, "DELETE", config+"/queues/jobs", `{"ruleIds":["other"]}`)
	c.wantJSON("DELETE", config+"/queues/jobs", `{"ruleIds":["`+id+`"]}`, `{}`)
	c.wantJSON("GET", config, "", `{"bucketName":"media","queues":[]}`)
	c.call(404, 11015, "DELETE", config+"/queues/jobs", "")
}
