package r2

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/gorilla/mux"

	"flint/internal/cferr"
)

// rulesRoutes are the routes of what a bucket does by itself.
// https://developers.cloudflare.com/api/resources/r2/subresources/buckets/
func (a *REST) rulesRoutes() []restRoute {
	const events = "/event_notifications/r2/{bucket}/configuration"
	return []restRoute{
		{"GET", "/r2/buckets/{bucket}/lifecycle", a.getLifecycle},
		{"PUT", "/r2/buckets/{bucket}/lifecycle", a.putLifecycle},
		{"GET", "/r2/buckets/{bucket}/cors", a.getCORS},
		{"PUT", "/r2/buckets/{bucket}/cors", a.putCORS},
		{"DELETE", "/r2/buckets/{bucket}/cors", a.deleteCORS},
		{"GET", events, a.listNotifications},
		{"GET", events + "/queues/{queue}", a.getNotifications},
		{"PUT", events + "/queues/{queue}", a.putNotifications},
		{"DELETE", events + "/queues/{queue}", a.deleteNotifications},
	}
}

// readRules reads {"rules": …} into out. What a rule's own reader says is wrong
// goes to the client.
func readRules(r *http.Request, out any) error {
	var in struct {
		Rules json.RawMessage `json:"rules"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRESTBody)).Decode(&in); err != nil {
		return errInvalidRulesJSON
	}
	if len(in.Rules) == 0 || string(in.Rules) == "null" {
		in.Rules = []byte("[]")
	}
	err := json.Unmarshal(in.Rules, out)
	var known *cferr.Error
	if err != nil && !errors.As(err, &known) {
		return cferr.New(errInvalidRulesJSON.Status, errInvalidRulesJSON.Code, fmt.Sprintf("The rules are not valid: %v.", err))
	}
	return err
}

func (a *REST) getLifecycle(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	cferr.WriteResult(w, map[string]any{"rules": append([]LifecycleRule{}, b.Lifecycle()...)}, nil)
	return nil
}

func (a *REST) putLifecycle(w http.ResponseWriter, r *http.Request) error {
	return putRules(a, w, r, (*Bucket).SetLifecycle)
}

// putRules replaces the rules of one kind that a bucket has.
func putRules[R any](a *REST, w http.ResponseWriter, r *http.Request, set func(*Bucket, []R) error) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	var rules []R
	if err := readRules(r, &rules); err != nil {
		return err
	}
	if err := set(b, rules); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}

func (a *REST) getCORS(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	rules := b.CORS()
	if len(rules) == 0 {
		return errNoCORS
	}
	cferr.WriteResult(w, map[string]any{"rules": rules}, nil)
	return nil
}

func (a *REST) putCORS(w http.ResponseWriter, r *http.Request) error {
	return putRules(a, w, r, (*Bucket).SetCORS)
}

func (a *REST) deleteCORS(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	if err := b.SetCORS(nil); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}

// queueJSON is the rules of a queue in the API's words.
type queueJSON struct {
	ID    string             `json:"queueId"`
	Name  string             `json:"queueName"`
	Rules []NotificationRule `json:"rules"`
}

// queueOf finds the queue that a request names by its id or its name.
func (a *REST) queueOf(r *http.Request) (id, name string, err error) {
	notifier := a.store.notifier.Load()
	if notifier == nil {
		return "", "", errNoQueue
	}
	id, name, ok := (*notifier).Queue(mux.Vars(r)["queue"])
	if !ok {
		return "", "", errNoQueue
	}
	return id, name, nil
}

func (a *REST) listNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	queues := []queueJSON{}
	for _, q := range b.Notifications() {
		out := queueJSON{Name: q.Queue, Rules: q.Rules}
		if notifier := a.store.notifier.Load(); notifier != nil {
			out.ID, _, _ = (*notifier).Queue(q.Queue)
		}
		queues = append(queues, out)
	}
	cferr.WriteResult(w, map[string]any{"bucketName": b.name, "queues": queues}, nil)
	return nil
}

func (a *REST) getNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	id, name, err := a.queueOf(r)
	if err != nil {
		return err
	}
	rules := b.Notifications()
	i := slices.IndexFunc(rules, func(q QueueNotifications) bool { return q.Queue == name })
	if i < 0 {
		return errNoNotifications
	}
	cferr.WriteResult(w, queueJSON{id, name, rules[i].Rules}, nil)
	return nil
}

// putNotifications adds rules: Wrangler puts one at a time.
func (a *REST) putNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	_, name, err := a.queueOf(r)
	if err != nil {
		return err
	}
	var rules []NotificationRule
	if err := readRules(r, &rules); err != nil {
		return err
	}
	for i := range rules {
		if rules[i].Actions, err = Actions(rules[i].Actions); err != nil {
			return err
		}
	}
	if err := b.AddNotifications(name, rules); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}

// deleteNotifications removes the rules that the body names, or all of the queue.
func (a *REST) deleteNotifications(w http.ResponseWriter, r *http.Request) error {
	b, err := a.bucket(r)
	if err != nil {
		return err
	}
	_, name, err := a.queueOf(r)
	if err != nil {
		return err
	}
	var in struct {
		IDs []string `json:"ruleIds"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, maxRESTBody)).Decode(&in); err != nil && !errors.Is(err, io.EOF) {
		return errInvalidRulesJSON
	}
	if err := b.RemoveNotifications(name, in.IDs...); err != nil {
		return err
	}
	cferr.WriteResult(w, struct{}{}, nil)
	return nil
}
