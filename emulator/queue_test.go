package emulator_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"flint/config"
	"flint/emulator"
	"flint/internal/testkit"
)

// A Worker that is named as a consumer and has no queue() handler loses nothing:
// the messages stay, and the log says so once.
func TestConsumerWithoutAHandler(t *testing.T) {
	t.Parallel()
	fetch := `async function answer(r, env) {
  if (r.url.endsWith("/send")) { await env.Q.send("m"); return new Response("sent"); }
  return Response.json((await env.Q.metrics()).backlogCount);
}
`
	for name, source := range map[string]string{
		"object": fetch + `export default { fetch: answer }`,
		"class": `import { WorkerEntrypoint } from "cloudflare:workers";
` + fetch + `export default class extends WorkerEntrypoint { fetch(r) { return answer(r, this.env); } }`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			consumerWithoutAHandler(t, source)
		})
	}
}

func consumerWithoutAHandler(t *testing.T, source string) {
	dir := write(t, source, "queues.producers = [{ binding = \"Q\", queue = \"q\" }]\nqueues.consumers = [{ queue = \"q\", max_batch_timeout = 0, max_retries = 0 }]\n")
	p, err := config.Load(config.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := &p.Settings
	s.Port, s.ControlPort, s.S3Port, s.Watch, s.Ephemeral = 0, 0, 0, false, true
	log := testkit.NewLog()
	e, err := emulator.New(t.Context(), p, emulator.WithLog(log.Logger()))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	a := app{t, e}
	for range 3 {
		a.text("/send", 200)
		if err := e.Advance(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if got := a.text("/", 200); got != "3" {
		t.Errorf("%s messages wait, want 3", got)
	}
	said := 0
	for _, r := range log.Records() {
		if strings.Contains(fmt.Sprint(r), "has no queue() handler") {
			said++
		}
	}
	if said != 1 {
		t.Errorf("the log says %d times that there is no handler", said)
	}
}
