// A Worker with a compatibility date from before the flags that the other cases have.
import { each, routes } from "../../lib.js";
import { log, seen } from "../../queues/log.js";

export default {
	async queue(batch, env) {
		for (const m of batch.messages) await log(env, "types", { type: Object.prototype.toString.call(m.body) });
	},
	fetch: routes({
		"/send": async ({ env }) => { await env.QUEUE.send(new Map([[1, 2]])); return "sent"; }, // @ the content type is v8 unless another is named
		"/seen": seen("types"),
		"/queue-errors": ({ env }) => each({ none: () => env.QUEUE.send(), undefined: () => env.QUEUE.send(undefined), type: () => env.QUEUE.send("x", { contentType: "xml" }) }),
		"/too-large": ({ env }) => env.QUEUE.send("x".repeat(128001), { contentType: "text" }).then(() => "sent"), // @ the text of an error without its code
		"/list": async ({ env }) => { // @ list() gives all metadata, whatever include says
			await env.BUCKET.put("k", "v", { httpMetadata: { contentType: "a/b" }, customMetadata: { c: "d" } });
			const shown = async (o) => { const { httpMetadata, customMetadata } = (await env.BUCKET.list(o)).objects[0]; return [httpMetadata ?? "none", customMetadata ?? "none"]; };
			return each({ none: () => shown(), http: () => shown({ include: ["httpMetadata"] }) });
		},
		"/kv": ({ env }) => each({ delete: () => env.LOG.delete("x").then(String), list: () => env.LOG.list({ prefix: "nothing" }), missing: () => env.LOG.getWithMetadata("nothing") }),
		"/context": ({ ctx, request }) => ({ exports: typeof ctx.exports, props: typeof ctx.props, cf: typeof request.cf, agent: typeof navigator }),
	}),
};
