package config

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// Mask stands where a secret was.
const Mask = "••••••"

// Redacted is a copy that can be printed: secrets of .dev.vars and credentials
// in driver URLs are masked. It marshals to JSON with Wrangler's own names.
func (p *Project) Redacted() *Project {
	out := *p
	out.Settings.KVDriver = maskURL(p.Settings.KVDriver)
	out.Settings.R2Driver = maskURL(p.Settings.R2Driver)
	if out.Settings.R2Key.SecretAccessKey != "" {
		out.Settings.R2Key.SecretAccessKey = Mask
	}
	out.Workers = slices.Clone(p.Workers)
	for i := range out.Workers {
		vars := slices.Clone(out.Workers[i].Vars)
		for j := range vars {
			if vars[j].Secret {
				vars[j].Text, vars[j].JSON = Mask, nil
			}
		}
		out.Workers[i].Vars = vars
	}
	return &out
}

// maskURL hides user, password and query of a URL.
func maskURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return Mask
	}
	if u.User != nil {
		u.User = nil
		return u.Scheme + "://" + Mask + "@" + u.Host + u.EscapedPath() + query(u)
	}
	return s
}

func query(u *url.URL) string {
	if u.RawQuery == "" {
		return ""
	}
	return "?" + u.RawQuery
}

// MarshalJSON never writes a secret's value.
func (v Var) MarshalJSON() ([]byte, error) {
	out := struct {
		Name   string          `json:"name"`
		Text   *string         `json:"text,omitempty"`
		JSON   json.RawMessage `json:"json,omitempty"`
		Secret bool            `json:"secret,omitempty"`
	}{v.Name, &v.Text, v.JSON, v.Secret}
	mask := Mask
	switch {
	case v.Secret:
		out.Text, out.JSON = &mask, nil
	case v.JSON != nil:
		out.Text = nil
	}
	return json.Marshal(out)
}

// String keeps secrets out of logs.
func (v Var) String() string {
	switch {
	case v.Secret:
		return v.Name + "=" + Mask
	case v.JSON != nil:
		return v.Name + "=" + string(v.JSON)
	}
	return fmt.Sprintf("%s=%q", v.Name, v.Text)
}

// MarshalJSON writes seconds, as the Wrangler file does.
func (q QueueProducer) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Binding       string  `json:"binding"`
		Queue         string  `json:"queue"`
		DeliveryDelay float64 `json:"delivery_delay,omitempty"`
	}{q.Binding, q.Queue, q.DeliveryDelay.Seconds()})
}

// MarshalJSON writes seconds, as the Wrangler file does.
func (q QueueConsumer) MarshalJSON() ([]byte, error) {
	kind := ""
	if q.Pull {
		kind = httpPull
	}
	return json.Marshal(struct {
		Queue           string   `json:"queue"`
		Type            string   `json:"type,omitempty"`
		MaxBatchSize    int      `json:"max_batch_size,omitempty"`
		MaxBatchTimeout *float64 `json:"max_batch_timeout,omitempty"`
		MaxRetries      *int     `json:"max_retries,omitempty"`
		MaxConcurrency  int      `json:"max_concurrency,omitempty"`
		RetryDelay      float64  `json:"retry_delay,omitempty"`
		DeadLetterQueue string   `json:"dead_letter_queue,omitempty"`
		Visibility      int64    `json:"visibility_timeout_ms,omitempty"`
	}{q.Queue, kind, q.MaxBatchSize, seconds(q.MaxBatchTimeout), q.MaxRetries, q.MaxConcurrency, q.RetryDelay.Seconds(), q.DeadLetterQueue, q.VisibilityTimeout.Milliseconds()})
}

func seconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := d.Seconds()
	return &s
}
