// The names of all methods and fields of all bindings, as the runtime has them. A
// test holds that compat.txt has a row for each of them.
import { DurableObject } from "cloudflare:workers";
import { routes } from "../../lib.js";

// members are the names that an object has of itself and of its classes.
function members(o) {
	const names = new Set();
	for (let p = o; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
		for (const n of Object.getOwnPropertyNames(p)) if (n !== "constructor") names.add(n);
	}
	return [...names].sort();
}

export class Thing extends DurableObject {
	async names() {
		const { storage } = this.ctx;
		let transaction;
		await storage.transaction(async (t) => { transaction = members(t); });
		return {
			state: members(this.ctx), storage: members(storage), transaction, kv: members(storage.kv), sql: members(storage.sql),
			cursor: members(storage.sql.exec("SELECT 1")), id: members(this.ctx.id),
			pair: members(new WebSocketRequestResponsePair("a", "b")),
		};
	}
}

export default {
	async queue(batch, env) {
		await env.KV.put("seen", JSON.stringify({ batch: members(batch), metrics: Object.keys(batch.metadata.metrics), message: members(batch.messages[0]) }));
	},
	fetch: routes({
		"/kv": ({ env }) => ({ namespace: members(env.KV) }),
		"/d1": ({ env }) => ({ database: members(env.DB), session: members(env.DB.withSession()), statement: members(env.DB.prepare("SELECT 1")) }),
		"/r2": async ({ env }) => {
			await env.BUCKET.put("k", "v");
			return {
				bucket: members(env.BUCKET), object: members(await env.BUCKET.head("k")), body: members(await env.BUCKET.get("k")),
				upload: members(await env.BUCKET.createMultipartUpload("m")), checksums: members((await env.BUCKET.head("k")).checksums), list: Object.keys(await env.BUCKET.list()),
			};
		},
		"/queues": ({ env }) => ({ queue: members(env.QUEUE) }),
		"/send": async ({ env }) => { await env.QUEUE.send(1); return "sent"; },
		"/queues-consumer": ({ env }) => env.KV.get("seen", "json"),
		"/durable-objects": async ({ env }) => ({ namespace: members(env.OBJECT), ...(await env.OBJECT.getByName("one").names()) }),
		"/cache": () => ({ storage: members(caches), cache: members(caches.default) }),
		"/services": ({ env }) => ({ service: members(env.SELF) }),
		"/context": ({ ctx }) => ({ ctx: members(ctx) }),
	}),
};
