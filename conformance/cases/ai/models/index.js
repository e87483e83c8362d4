// Workers AI without an account: the peer has no local mode, so flint is held against what is written here.
import { each, routes } from "../../lib.js";

const llama = "@cf/meta/llama-3.1-8b-instruct";

export default {
	fetch: routes({
		"/text": async ({ env }) => { const r = await env.AI.run(llama, { prompt: "Say something" }); return { keys: Object.keys(r).sort(), response: typeof r.response, usage: Object.keys(r.usage ?? {}).sort() }; },
		"/messages": async ({ env }) => typeof (await env.AI.run(llama, { messages: [{ role: "user", content: "hi" }] })).response,
		"/same-twice": async ({ env }) => { const ask = () => env.AI.run(llama, { prompt: "the same" }).then((r) => r.response); return (await ask()) === (await ask()); }, // @ the same question has the same answer
		"/stream": async ({ env }) => { const s = await env.AI.run(llama, { prompt: "hi", stream: true }); const t = await new Response(s).text(); return { events: t.split("\n\n").filter(Boolean).every((l) => l.startsWith("data: ")), done: t.trimEnd().endsWith("data: [DONE]") }; },
		"/embeddings": async ({ env }) => { const r = await env.AI.run("@cf/baai/bge-base-en-v1.5", { text: ["a", "b"] }); return { shape: r.shape, first: r.data[0].length, pooling: r.pooling ?? null }; },
		"/unknown-model": ({ env }) => each({ run: () => env.AI.run("@cf/no/such-model", { prompt: "x" }) }),
		"/raw": async ({ env }) => { const r = await env.AI.run(llama, { prompt: "x" }, { returnRawResponse: true }); return { response: r instanceof Response, status: r.status, type: r.headers.get("content-type") }; },
		"/no-prompt": ({ env }) => each({ run: () => env.AI.run(llama, {}) }),
		"/models": async ({ env }) => { const m = await env.AI.models({ search: "llama" }); return { array: Array.isArray(m), some: m.length > 0 }; },
		"/gateway-log": ({ env }) => ({ id: env.AI.aiGatewayLogId }),
	}),
};
