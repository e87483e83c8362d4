package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"flint/emulator"
	"flint/internal/testkit"
)

// TestAIOptions runs the options of env.AI.run and env.AI.gateway in a Worker.
func TestAIOptions(t *testing.T) {
	t.Parallel()
	e := emulator.RunT(t, testkit.WriteFiles(t, map[string]string{
		"wrangler.toml": "name = \"ai\"\nmain = \"index.js\"\ncompatibility_date = \"2026-08-01\"\n[ai]\nbinding = \"AI\"\n",
		"flint.toml":    "[ai]\ntime_to_first_token = \"1m\"\n",
		"index.js": `const model = "@cf/meta/llama-3.1-8b-instruct";
const tried = async (f) => { try { return await f(); } catch (e) { return e.name + ": " + e.message; } };
export default { async fetch(request, env) {
	const out = {};
	const raw = await env.AI.run(model, { prompt: "hello" }, { returnRawResponse: true, tags: ["a"], gateway: { id: "mine", metadata: { user: 7 } } });
	out.raw = raw.status + " " + typeof (await raw.json()).response;
	const gateway = env.AI.gateway("mine"), id = env.AI.aiGatewayLogId;
	const log = await gateway.getLog(id);
	out.log = [log.model, log.success, log.metadata.user, log.created_at instanceof Date];
	await gateway.patchLog(id, { feedback: 1 });
	out.feedback = (await gateway.getLog(id)).feedback;
	out.none = await tried(() => gateway.getLog("none"));
	out.url = await gateway.getUrl("workers-ai");
	const universal = await gateway.run({ provider: "workers-ai", endpoint: model, headers: {}, query: { prompt: "hello" } }, { gateway: { skipCache: true } });
	out.universal = [universal.status, typeof (await universal.json()).result.response];
	const gone = new AbortController();
	gone.abort();
	out.before = await tried(() => env.AI.run(model, { prompt: "hello" }, { signal: gone.signal }));
	const during = new AbortController();
	const stream = await env.AI.run(model, { prompt: "hello", stream: true }, { signal: during.signal });
	const read = stream.getReader().read();
	during.abort();
	out.during = await tried(() => read);
	const queued = await env.AI.run(model, { requests: [{ prompt: "hello", external_reference: "r" }] }, { queueRequest: true });
	out.queued = [queued.status, (await env.AI.run(model, { request_id: queued.request_id })).responses[0].external_reference];
	out.rag = await tried(() => env.AI.autorag("x").search({ query: "x" }));
	return Response.json(out);
} };`,
	}))
	res, err := http.Get(e.Run().URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s", body)
	}
	for name, want := range map[string]string{
		"raw": `"200 string"`, "log": `["@cf/meta/llama-3.1-8b-instruct",true,7,true]`, "feedback": `1`,
		"none": `"AiGatewayLogNotFound: Log not found"`, "url": `"https://gateway.ai.cloudflare.com/v1/flint/mine/workers-ai/"`,
		"universal": `[200,"string"]`, "before": `"AbortError: The operation was aborted"`, "during": `"AbortError: The operation was aborted"`,
		"queued": `["queued","r"]`, "rag": `"AutoRAGInternalError: flint does not serve env.AI.autorag() yet"`,
	} {
		if string(got[name]) != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
}
