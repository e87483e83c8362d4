package main

import (
	"strings"
	"testing"

	"flint/internal/testkit"
)

// The pinned Wrangler's own commands of queues work on flint's REST API.
func TestWranglerQueues(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, everything)
	d := startDev(t, dir)
	away := testkit.WriteFiles(t, map[string]string{"package.json": "{}"}) // without a Wrangler file
	env := []string{"CLOUDFLARE_API_BASE_URL=" + d.ready.Control + "/client/v4", "CLOUDFLARE_ACCOUNT_ID=0123456789abcdef0123456789abcdef", "CLOUDFLARE_API_TOKEN=any"}
	for _, c := range []struct {
		args string
		want []string // in what it prints
	}{
		{"create made --delivery-delay-secs 5 --message-retention-period-secs 3600", []string{"✅ Created queue 'made'"}},
		{"list", []string{"│ kept ", "│ made "}},
		{"update made --delivery-delay-secs 0", []string{"Updated queue made."}},
		{"pause-delivery made", []string{"Paused message delivery for queue made."}},
		{"resume-delivery made", []string{"Resumed message delivery for queue made."}},
		{"consumer add made every --batch-size 7 --batch-timeout 2 --message-retries 1 --dead-letter-queue morgue --max-concurrency 3 --retry-delay-secs 4", []string{"Added consumer to queue made."}},
		{"consumer list made", []string{"Worker consumers:", "│ every ", "│ morgue ", "│ 7 ", "│ 2000 ", "│ 3 ", "│ 4 "}},
		{"consumer worker remove made every", []string{"Removed consumer from queue made."}},
		{"consumer http add made --visibility-timeout-secs 60", []string{"Added consumer to queue made."}},
		{"consumer http list made --json", []string{`"type": "http_pull"`, `"visibility_timeout_ms": 60000`}},
		{"info made", []string{"Consumers: HTTP Pull Consumer."}},
		{"consumer http remove made", []string{"Removed consumer from queue made."}},
		{"purge made --force", []string{"Purged Queue 'made'"}},
		{"delete made", []string{"Deleted queue made."}},
	} {
		o := wranglerEnv(t, away, env, append([]string{"queues"}, strings.Fields(c.args)...)...)
		if o.code != 0 {
			t.Errorf("wrangler queues %s: exit %d\n%s%s", c.args, o.code, o.out, o.err)
		}
		for _, want := range c.want {
			if !strings.Contains(o.out, want) {
				t.Errorf("wrangler queues %s printed no %q:\n%s", c.args, want, o.out)
			}
		}
	}
	for args, want := range map[string]string{
		"info nope":                          `Queue "nope" does not exist.`,
		"consumer add kept w --batch-size 0": `max_batch_size of queue "kept" is 0`,
	} {
		if o := wranglerEnv(t, away, env, append([]string{"queues"}, strings.Fields(args)...)...); o.code == 0 || !strings.Contains(o.out+o.err, want) {
			t.Errorf("wrangler queues %s: exit %d, want %q\n%s%s", args, o.code, want, o.out, o.err)
		}
	}
}
