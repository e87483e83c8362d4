package emulator_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"flint/emulator"
	"flint/internal/testkit"
)

// aiWorker asks the model for what the path says and passes the answer on.
func aiWorker(t testing.TB) *emulator.Emulator {
	return emulator.RunT(t, testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"ai\"\nmain = \"index.js\"\ncompatibility_date = \"2026-08-01\"\n[ai]\nbinding = \"AI\"\n",
		"flint.toml":    "[ai]\nscripts = [\"ai\"]\n",
		"ai/a.yaml":     "answers:\n  - match: {prompt: hello}\n    text: hello from a script\n",
		"index.js": `export default { async fetch(request, env) {
	const stream = new URL(request.url).pathname === "/stream";
	const answer = await env.AI.run("@cf/meta/llama-3.1-8b-instruct", { prompt: stream ? "Describe a lighthouse" : "hello", stream });
	return stream ? new Response(answer) : Response.json(answer);
} };`,
	}))
}

// TestAIStreams reads 500 streams through one Worker, all open at once.
func TestAIStreams(t *testing.T) {
	t.Parallel()
	e := aiWorker(t)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 500}}
	defer client.CloseIdleConnections()
	var opened, done sync.WaitGroup
	opened.Add(500)
	read := make(chan struct{})
	for range 500 {
		done.Go(func() {
			res, err := client.Get(e.Run().URL + "/stream")
			opened.Done()
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			<-read
			body, err := io.ReadAll(res.Body)
			if err != nil || !strings.HasSuffix(string(body), "data: [DONE]\n\n") {
				t.Errorf("%v: %.80s", err, body)
			}
		})
	}
	opened.Wait()
	close(read)
	done.Wait()
}

// BenchmarkAIScripted is a scripted answer through a Worker at 16 connections.
func BenchmarkAIScripted(b *testing.B) {
	e := aiWorker(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	defer client.CloseIdleConnections()
	get := func() error {
		res, err := client.Get(e.Run().URL + "/")
		if err != nil {
			return err
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err == nil && !strings.Contains(string(body), "hello from a script") {
			err = fmt.Errorf("answered %.80s", body)
		}
		return err
	}
	if err := get(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	work := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range work {
				if err := get(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
