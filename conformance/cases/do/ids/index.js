// Ids, stubs, fetch, RPC and what an object remembers.
import { DurableObject } from "cloudflare:workers";
import { each, routes, text } from "../../lib.js";

export class Named extends DurableObject {
	#count = 0;
	greeting = "not a method";
	count() { return ++this.#count; }
	async echo(value) { return value; }
	async fail() { throw new RangeError("from the object"); }
	async counter() { let n = 0; const { RpcTarget } = await import("cloudflare:workers"); class Counter extends RpcTarget { add(k) { return (n += k); } } return new Counter(); }
	async self() { return { id: this.ctx.id.toString().length, name: this.ctx.id.name ?? null, env: Object.keys(this.env) }; }
	async fetch(request) {
		const url = new URL(request.url);
		if (url.pathname === "/throw") throw new TypeError("fetch of the object");
		return Response.json({ method: request.method, url: request.url, body: await request.text(), header: request.headers.get("x-test") });
	}
	async slow(ms) { await scheduler.wait(ms); return ms; }
	async blocked() { return this.ctx.blockConcurrencyWhile(async () => "inside"); }
	async blockedThrows() { return this.ctx.blockConcurrencyWhile(async () => { throw new Error("inside"); }); }
	async abortWith(reason, options) { this.ctx.abort(reason, options); }
	context() { return { props: this.ctx.props ?? null, container: this.ctx.container ?? null, facets: typeof this.ctx.facets, id: this.ctx.id.toString().length, jurisdiction: this.ctx.id.jurisdiction ?? null }; }
	async later() { this.ctx.waitUntil(scheduler.wait(10).then(() => this.ctx.storage.put("later", "done"))); return "answered"; }
	async abort() { this.ctx.abort("aborted by itself"); }
	async put(k, v) { await this.ctx.storage.put(k, v); }
	async get(k) { return (await this.ctx.storage.get(k)) ?? null; }
}

const named = (env, name = "a") => env.OBJECT.get(env.OBJECT.idFromName(name));

export default {
	fetch: routes({
		"/ids": ({ env }) => { // @ ids of names and unique ids
			const id = env.OBJECT.idFromName("x"); const unique = env.OBJECT.newUniqueId();
			return { length: id.toString().length, same: id.equals(env.OBJECT.idFromName("x")), other: id.equals(env.OBJECT.idFromName("y")), name: id.name, unique: unique.toString() !== env.OBJECT.newUniqueId().toString(), uniqueName: unique.name ?? null, again: env.OBJECT.idFromString(id.toString()).equals(id) };
		},
		"/id-of-name": ({ env }) => env.OBJECT.idFromName("stable").toString(), // @ the id of a name depends on Worker and class only
		"/id-refused": ({ env }) => each({ short: () => env.OBJECT.idFromString("abc"), notHex: () => env.OBJECT.idFromString("z".repeat(64)), foreign: () => env.OBJECT.idFromString("0".repeat(64)), jurisdiction: () => String(env.OBJECT.newUniqueId({ jurisdiction: "eu" })).length, get: () => env.OBJECT.get("text") }),
		"/get-by-name": async ({ env }) => [await env.OBJECT.getByName("by-name").count(), await named(env, "by-name").count()],
		"/location-hint": async ({ env }) => env.OBJECT.get(env.OBJECT.idFromName("hint"), { locationHint: "weur" }).count(),
		"/fetch": async ({ env }) => (await named(env).fetch("http://object/path?q=1", { method: "POST", body: "hello", headers: { "x-test": "yes" } })).json(),
		"/fetch-relative": ({ env }) => named(env).fetch("/path").then((r) => r.text(), (e) => text(e)),
		"/fetch-throws": ({ env }) => named(env).fetch("http://object/throw").then((r) => r.text()),
		"/rpc": ({ env }) => each({ count: () => named(env, "n").count(), again: () => named(env, "n").count(), other: () => named(env, "m").count(), object: () => named(env).self() }),
		"/rpc-values": ({ env }) => each({ // @ what RPC carries
			date: async () => (await named(env).echo(new Date(5))).getTime(), map: async () => [...(await named(env).echo(new Map([[1, "x"]])))], bytes: async () => (await named(env).echo(new Uint8Array([1, 2]))).length, undefined: async () => (await named(env).echo(undefined)) === undefined,
			nested: () => named(env).echo({ a: [1, { b: null }] }), function: async () => (await named(env).echo((x) => x + 1))(2), stream: async () => new Response(await named(env).echo(new Response("streamed").body)).text(), error: async () => text(await named(env).echo(new TypeError("as a value"))),
			response: async () => (await named(env).echo(new Response("r", { status: 418 }))).status, symbol: () => named(env).echo(Symbol("s")), class: () => named(env).echo(new (class Point { x = 1; })()),
		}),
		"/rpc-throws": ({ env }) => each({ error: () => named(env).fail(), missing: () => named(env).nothing(), property: async () => await named(env).greeting }),
		"/rpc-target": async ({ env }) => { using c = await named(env).counter(); return [await c.add(2), await c.add(3)]; },
		"/rpc-pipelined": async ({ env }) => named(env).counter().add(7), // @ a call on a promise that is not awaited
		"/block-concurrency": ({ env }) => named(env).blocked(),
		"/parallel": async ({ env }) => { const o = named(env, "parallel"); return Promise.all([o.slow(50), o.slow(1), o.count()]); },
		"/abort": async ({ env }) => { // @ an object that aborts loses its memory and keeps its storage
			const o = named(env, "aborted"); await o.count(); await o.put("k", "kept");
			const error = await o.abort().catch((e) => text(e));
			return { error, count: await named(env, "aborted").count(), stored: await named(env, "aborted").get("k") };
		},
		"/jurisdiction": ({ env }) => each({ eu: () => env.OBJECT.jurisdiction("eu").idFromName("x").toString().length, other: () => env.OBJECT.jurisdiction("moon"), none: () => env.OBJECT.jurisdiction().idFromName("x").equals(env.OBJECT.idFromName("x")), id: () => env.OBJECT.idFromName("x").jurisdiction ?? null }),
		"/get-options": ({ env }) => each({ // @ options of get and getByName
			hint: () => env.OBJECT.getByName("hinted", { locationHint: "weur" }).count(), routing: () => env.OBJECT.getByName("routed", { routingMode: "primary-only" }).count(), otherRouting: () => env.OBJECT.getByName("routed", { routingMode: "anywhere" }).count(), retry: () => env.OBJECT.get(env.OBJECT.idFromName("retried"), { retry: { maxRetries: 1, timeoutMs: 1000 } }).count(), otherHint: () => env.OBJECT.getByName("hinted", { locationHint: "moon" }).count(), empty: () => env.OBJECT.getByName("").count(),
		}),
		"/unique-text": ({ env }) => env.OBJECT.newUniqueId().toString(),
		"/unique": async ({ env }) => { const id = env.OBJECT.newUniqueId(); await env.OBJECT.get(id).put("k", "of a unique id"); return env.OBJECT.get(env.OBJECT.idFromString(id.toString())).get("k"); }, // @ an object with a unique id is found again by its text
		"/context": ({ env }) => named(env, "context").context(),
		"/wait-until": ({ env }) => named(env, "later").later(),
		"/waited": ({ env }) => named(env, "later").get("later"),
		"/block-concurrency-throws": async ({ env }) => each({ throws: () => named(env, "blocked").blockedThrows(), again: () => named(env, "blocked").count() }), // @ what fails there resets the object
		"/abort-reason": ({ env }) => each({ none: () => named(env, "abort2").abortWith(), options: () => named(env, "abort3").abortWith("no retry", { retryAlarm: false }), after: () => named(env, "abort2").count() }),
		"/stub": ({ env }) => { const o = named(env, "stub"); return { name: o.name, id: o.id.toString().length, count: typeof o.count }; },
	}),
};
