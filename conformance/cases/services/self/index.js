// Service bindings: to the Worker itself, to a named entrypoint, by fetch and by RPC.
import { RpcTarget, WorkerEntrypoint, exports } from "cloudflare:workers";
import { each, routes } from "../../lib.js";

class Session extends RpcTarget {
	#n = 0;
	add(k) { return (this.#n += k); }
	get value() { return this.#n; }
}
export class Admin extends WorkerEntrypoint {
	async fetch(request) { return new Response("admin " + new URL(request.url).pathname); }
	sum(a, b) { return a + b; }
	session() { return new Session(); }
	props() { return this.ctx.props ?? null; }
	fail() { throw new TypeError("in the entrypoint"); }
	call(f) { return f("called back"); }
	exported() { return Object.keys(this.ctx.exports).sort(); }
	bindings() { return Object.keys(this.env).sort(); }
}

export default {
	fetch: routes({
		"/inner": ({ request }) => `inner ${request.method} ${request.headers.get("x-a")}`,
		"/fetch": ({ env }) => env.SELF.fetch("https://any.host/inner", { method: "POST", headers: { "x-a": "b" } }).then((r) => r.text()),
		"/fetch-entrypoint": ({ env }) => env.ADMIN.fetch("https://x/path").then((r) => r.text()),
		"/rpc": ({ env }) => each({ sum: () => env.ADMIN.sum(2, 3), missing: () => env.ADMIN.nothing(), fail: () => env.ADMIN.fail(), callback: () => env.ADMIN.call((w) => w + "!"), bindings: () => env.ADMIN.bindings() }),
		"/rpc-session": async ({ env }) => { using s = await env.ADMIN.session(); await s.add(4); return [await s.add(5), await s.value]; },
		"/props": async ({ env }) => JSON.stringify(await env.PROPS.props()), // @ props of a binding
		"/exports": async ({ ctx }) => each({ keys: () => Object.keys(ctx.exports ?? {}).sort(), sum: () => ctx.exports.Admin.sum(1, 1) }), // @ ctx.exports
		"/exports-everywhere": ({ env, ctx }) => each({ // @ in a named entrypoint, and imported
			entrypoint: () => env.ADMIN.exported(), imported: () => Object.keys(exports).sort(), default: () => ctx.exports.default.fetch("https://x/inner").then((r) => r.text()), props: () => ctx.exports.Admin({ props: { by: "ctx.exports" } }).props(), same: () => ctx.exports === exports,
		}),
		"/stub": ({ env }) => each({ put: () => env.ADMIN.put, json: () => env.ADMIN.fetch("https://x/").then((r) => r.status), throws: () => env.ADMIN.fetch(new Request("/relative")), post: () => env.ADMIN.fetch("https://x/p", { method: "POST", body: "x", headers: { "x-a": "b" } }).then((r) => r.text()), socket: async () => (await env.SELF.fetch("https://x/none", { headers: { upgrade: "websocket" } })).status, clone: () => structuredClone(env.ADMIN), equal: () => env.ADMIN === env.ADMIN }),
		"/connect": ({ env }) => typeof env.SELF.connect,
	}),
};
