// Bindings that flint does not serve yet: it says so by name when they are used.
import { WorkflowEntrypoint } from "cloudflare:workers";
import { routes } from "../../lib.js";

export class Flow extends WorkflowEntrypoint {
	async run(event, step) { return step.do("one", async () => event.payload.n + 1); }
}

const png = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0));

export default {
	fetch: routes({
		"/version-metadata": ({ env }) => ({ id: typeof env.VERSION.id, tag: typeof env.VERSION.tag, timestamp: typeof env.VERSION.timestamp }),
		"/rate-limit": async ({ env }) => { const out = []; for (let i = 0; i < 3; i++) out.push((await env.RATE.limit({ key: "k" })).success); return out; },
		"/analytics-engine": ({ env }) => String(env.ANALYTICS.writeDataPoint({ blobs: ["a"], doubles: [1], indexes: ["i"] })),
		"/secrets-store": ({ env }) => env.SECRET.get(),
		"/hyperdrive": ({ env }) => ({ user: env.HYPERDRIVE.user, database: env.HYPERDRIVE.database, string: typeof env.HYPERDRIVE.connectionString }),
		"/workflows": async ({ env }) => { const w = await env.FLOW.create({ id: "run-1", params: { n: 1 } }); return w.id; },
		"/workflow-status": async ({ env }) => { const s = await (await env.FLOW.get("run-1")).status(); return { status: s.status, output: s.output }; },
		"/send-email": ({ env }) => typeof env.EMAIL.send,
		"/images": async ({ env }) => { const i = await env.IMAGES.info(new Response(png).body); return { format: i.format, width: i.width, height: i.height }; },
	}),
};
