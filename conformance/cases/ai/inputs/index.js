// What the runtime itself says about the inputs of env.AI, its options, and the parts that flint does not serve.
import { each, routes } from "../../lib.js";

const llama = "@cf/meta/llama-3.1-8b-instruct", whisper = "@cf/openai/whisper", phoenix = "@cf/leonardo/phoenix-1.0";
const stream = () => new Response("bytes").body;
const names = (o) => { const out = new Set(); for (let p = o; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) Object.getOwnPropertyNames(p).forEach((n) => n !== "constructor" && out.add(n)); return [...out].sort(); };
const asked = (env, options) => env.AI.run(llama, { prompt: "x" }, options).then((r) => typeof r.response);

export default {
	fetch: routes({
		"/surface": ({ env }) => ({ ai: names(env.AI), gateway: names(env.AI.gateway("g")), autorag: names(env.AI.autorag("r")), markdown: names(env.AI.toMarkdown()) }), // @ the names of all methods and fields
		"/streams": ({ env }) => each({ // @ streams as inputs
			two: () => env.AI.run(phoenix, { image: { body: stream(), contentType: "image/png" }, mask: { body: stream(), contentType: "image/png" } }), noType: () => env.AI.run(phoenix, { image: { body: stream() } }), bare: () => env.AI.run(phoenix, { image: stream() }),
			one: () => env.AI.run(whisper, { audio: { body: stream(), contentType: "audio/wav" } }).then((r) => typeof r.text), nested: () => env.AI.run(phoenix, { deep: { image: stream() } }),
		}),
		"/arguments": ({ env }) => each({ none: () => env.AI.run(), noInputs: () => env.AI.run(llama), null: () => env.AI.run(llama, null), text: () => env.AI.run(llama, "a prompt"), list: () => env.AI.run(llama, []), number: () => env.AI.run(7, { prompt: "x" }), empty: () => env.AI.run("", { prompt: "x" }) }),
		"/schema": ({ env }) => each({ // @ inputs that the model does not take
			wrongType: () => env.AI.run(llama, { prompt: 7 }), role: () => env.AI.run(llama, { messages: [{ content: "no role" }] }), temperature: () => env.AI.run(llama, { prompt: "x", temperature: 99 }), embeddings: () => env.AI.run("@cf/baai/bge-base-en-v1.5", {}), image: () => env.AI.run("@cf/black-forest-labs/flux-1-schnell", {}),
		}),
		"/options": ({ env }) => each({ none: () => asked(env), empty: () => asked(env, {}), null: () => asked(env, null), prefix: () => asked(env, { prefix: "dev" }), headers: () => asked(env, { extraHeaders: { "x-a": "b" } }), tags: () => asked(env, { tags: ["t"] }), gateway: () => asked(env, { gateway: { id: "g", skipCache: true, cacheTtl: 60, metadata: { a: 1 } } }), signal: () => asked(env, { signal: AbortSignal.timeout(5000) }), aborted: () => asked(env, { signal: AbortSignal.abort() }) }),
		"/queue-request": ({ env }) => env.AI.run(llama, { prompt: "x", stream: true }, { queueRequest: true }), // @ a queued request cannot stream
		"/websocket": ({ env }) => env.AI.run("@cf/deepgram/flux", { encoding: "linear16", sample_rate: "16000" }, { websocket: true }), // @ models that are talked to by WebSocket
		"/fields": async ({ env }) => { await asked(env); const id = env.AI.lastRequestId; await asked(env, { gateway: { id: "g" } }); return { id: typeof id, status: env.AI.lastRequestHttpStatusCode, log: typeof env.AI.aiGatewayLogId }; }, // @ what is remembered of the last call
		"/error": async ({ env }) => { try { await env.AI.run("@cf/no/such-model", {}); } catch (e) { return { name: e.name, message: e.message, own: Object.keys(e).sort(), instance: e instanceof Error, status: env.AI.lastRequestHttpStatusCode }; } },
		"/gateway": ({ env }) => { const g = env.AI.gateway("g"); return each({ run: () => g.run({ provider: "workers-ai", endpoint: llama, headers: {}, query: { prompt: "x" } }).then((r) => r.json().then((j) => [r.status, j.success, typeof j.result?.response])), getUrl: () => g.getUrl("openai"), getLog: () => g.getLog("l"), patchLog: () => g.patchLog("l", { score: 1 }) }); }, // @ AI Gateway
		"/markdown": ({ env }) => each({ files: () => env.AI.toMarkdown([{ name: "a.html", blob: new Blob(["<p>x</p>"], { type: "text/html" }) }]), transform: () => env.AI.toMarkdown().transform({ name: "a.html", blob: new Blob(["<p>x</p>"], { type: "text/html" }) }), supported: () => env.AI.toMarkdown().supported() }), // @ toMarkdown
		"/autorag": ({ env }) => { const r = env.AI.autorag("r"); return each({ search: () => r.search({ query: "x" }), aiSearch: () => r.aiSearch({ query: "x" }), list: () => r.list() }); }, // @ AutoRAG
		"/ai-search": ({ env }) => each({ get: () => env.AI.aiSearch().get("i").search({ query: "x" }), list: () => env.AI.aiSearch().list(), websearch: () => env.AI.websearch({ query: "x" }).then((r) => r.status), getLogs: () => env.AI.getLogs(), fetch: () => env.AI.fetch("https://workers-binding.ai/other").then(async (r) => [r.status, (await r.json()).errors]) }), // @ AI Search, Web Search and what is older than they are
		"/models-params": ({ env }) => each({ page: async () => (await env.AI.models({ per_page: 2, page: 1 })).length, task: async () => (await env.AI.models({ task: "Text Embeddings" })).every((m) => m.task.name === "Text Embeddings"), author: async () => (await env.AI.models({ author: "meta" })).length > 0, none: async () => (await env.AI.models()).length > 0, nothing: async () => (await env.AI.models({ search: "no such thing" })).length }),
		"/stream": async ({ env }) => { const s = await env.AI.run(llama, { prompt: "hi", stream: true, max_tokens: 8 }); return { stream: s instanceof ReadableStream, first: (await new Response(s).text()).slice(0, 18) }; },
	}),
};
