package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"flint/internal/testkit"
)

var killedQueueProject = map[string]string{
	"wrangler.toml": `name = "w"
main = "index.js"
compatibility_date = "2026-08-01"
[[queues.producers]]
binding = "Q"
queue = "jobs"
[[queues.consumers]]
queue = "jobs"
max_batch_size = 10
max_batch_timeout = 0
max_retries = 100
[[d1_databases]]
binding = "DB"
database_name = "db"
database_id = "db-id"
`,
	"index.js": `export default {
  async fetch(req, env) {
    const { pathname, searchParams } = new URL(req.url);
    switch (pathname) {
      case "/send": await env.Q.send(searchParams.get("n"), { contentType: "text" }); return new Response("sent");
      case "/backlog": return Response.json((await env.Q.metrics()).backlogCount);
      case "/seen": return Response.json((await env.DB.prepare("SELECT n, id, attempts FROM seen ORDER BY rowid").raw()));
    }
  },
  async queue(batch, env) {
    await env.DB.batch(batch.messages.map((m) => env.DB.prepare("INSERT INTO seen VALUES (?, ?, ?)").bind(m.body, m.id, m.attempts)));
  },
};
`,
}

// acknowledged are the messages whose send was answered.
type acknowledged struct {
	mu   sync.Mutex
	next int
	sent map[string]bool
}

// load sends messages, one after another, until flint is gone.
func (a *acknowledged) load(d *dev) {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for {
		a.mu.Lock()
		n := fmt.Sprint(a.next)
		a.next++
		a.mu.Unlock()
		res, err := client.Get(d.ready.URL + "/send?n=" + n)
		if err != nil {
			return
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return
		}
		if res.StatusCode == http.StatusOK && string(body) == "sent" {
			a.mu.Lock()
			a.sent[n] = true
			a.mu.Unlock()
		}
	}
}

// getJSON asks the Worker.
func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}

// Whenever flint is killed, every send that it answered is delivered, and no
// attempt of a message is made twice.
func TestQueueSendsSurviveKills(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	dir := testkit.WriteFiles(t, killedQueueProject)
	mustFlint(t, dir, "d1", "execute", "db", "--command", "CREATE TABLE seen (n TEXT, id TEXT, attempts INTEGER)")
	acked := &acknowledged{sent: map[string]bool{}}
	for range rounds {
		d := startDev(t, dir, "--no-watch")
		var senders sync.WaitGroup
		for range 4 {
			senders.Go(func() { acked.load(d) })
		}
		kill := time.AfterFunc(time.Duration(20+rand.IntN(150))*time.Millisecond, func() { _ = d.cmd.Process.Kill() })
		<-d.ended
		kill.Stop()
		senders.Wait()
	}
	d := startDev(t, dir, "--no-watch")
	for backlog := 1; backlog > 0; {
		getJSON(t, d.ready.URL+"/backlog", &backlog)
	}
	var rows [][3]any
	getJSON(t, d.ready.URL+"/seen", &rows)
	seen, attempts := map[string]bool{}, map[string]bool{}
	for _, row := range rows {
		seen[fmt.Sprint(row[0])] = true
		attempt := fmt.Sprint(row[1], row[2])
		if attempts[attempt] {
			t.Errorf("attempt %v of message %v was made twice", row[2], row[0])
		}
		attempts[attempt] = true
	}
	for n := range acked.sent {
		if !seen[n] {
			t.Errorf("message %s was acknowledged and never delivered", n)
		}
	}
	if len(acked.sent) < rounds {
		t.Errorf("only %d sends were answered in %d rounds", len(acked.sent), rounds)
	}
	t.Logf("%d sends answered, %d deliveries, %d kills", len(acked.sent), len(rows), rounds)
}
