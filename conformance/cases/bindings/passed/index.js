// Bindings as arguments of RPC, and as what it returns.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { each, routes } from "../../lib.js";

export class Keeper extends DurableObject {
	async use(database) { return database.prepare("SELECT 2 AS a").first("a"); }
	async keep(name) { return name.length; }
}

export class Other extends WorkerEntrypoint {
	async kv(kv) { await kv.put("k", "v"); return kv.get("k"); }
	async d1(db) { return db.prepare("SELECT 1 AS a").first("a"); }
	async r2(bucket) { await bucket.put("k", "v"); return (await bucket.get("k")).text(); }
	async queue(queue) { await queue.send(1); return "sent"; }
	async objects(ns) { return ns.getByName("o").keep("name"); }
	async service(s) { return s.hello(); }
	async many({ databases }) { return Promise.all(databases.map((db) => db.prepare("SELECT 1 AS a").first("a"))); }
	hello() { return "hello"; }
	database() { return this.env.DB; }
}

export default {
	fetch: routes({
		"/arguments": ({ env }) => each({
			kv: () => env.SELF.kv(env.KV),
			d1: () => env.SELF.d1(env.DB),
			r2: () => env.SELF.r2(env.BUCKET),
			queue: () => env.SELF.queue(env.QUEUE),
			objects: () => env.SELF.objects(env.OBJECTS),
			service: () => env.SELF.service(env.SELF),
		}),
		"/nested": ({ env }) => each({ many: () => env.SELF.many({ databases: [env.DB, env.DB] }) }), // @ inside of what is passed, twice
		"/returned": ({ env }) => each({ d1: async () => { using db = await env.SELF.database(); return db.prepare("SELECT 3 AS a").first("a"); } }),
		"/to-an-object": ({ env }) => each({ d1: () => env.OBJECTS.getByName("o").use(env.DB) }), // @ a database for a Durable Object
	}),
};
