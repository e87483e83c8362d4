// The options and the edges of the Cache API that the other case leaves out.
import { each, hex, routes } from "../../lib.js";

const key = (p) => "https://cache.example/" + p;
const fresh = (body, headers = {}, init = {}) => new Response(body, { ...init, headers: { "cache-control": "max-age=60", ...headers } });
const text = async (r) => (r ? r.text() : "undefined");
const { default: cache } = caches;
const asked = async (headers) => (await cache.match(new Request(key("both"), { headers }))).status;

const kept = (value) => async () => {
	await cache.put(key("d" + value), new Response("x", { headers: { "cache-control": value } }));
	return (await cache.match(key("d" + value))) !== undefined;
};

// ranged is the status, the type and how many parts there are, or the length.
async function ranged(headers) {
	const r = await cache.match(new Request(key("mr"), { headers }));
	const [type, boundary] = (r.headers.get("content-type") ?? "").split("; boundary=");
	const body = await r.text();
	return [r.status, type, boundary ? body.split("--" + boundary).length - 2 : body.length];
}

export default {
	fetch: routes({
		"/methods": () => each({ // @ what the runtime does not implement
			addAll: () => cache.addAll([key("a")]), matchAll: () => cache.matchAll(key("a")), add: () => cache.add(key("a")), keys: () => cache.keys(), has: () => caches.has("x"), delete: () => caches.delete("x"), cacheKeys: () => caches.keys(), match: () => caches.match(key("a")),
		}),
		"/delete-options": async () => { // @ ignoreMethod of delete
			const post = () => new Request(key("dm"), { method: "POST" });
			await cache.put(key("dm"), fresh("x"));
			return [await cache.delete(post()), await cache.delete(post(), { ignoreMethod: true }), await text(await cache.match(key("dm")))];
		},
		"/keys": async () => each({ // @ every type of a key
			url: async () => { await cache.put(new URL(key("url")), fresh("url")); return text(await cache.match(key("url"))); }, request: async () => { await cache.put(new Request(key("rq")), fresh("request")); return text(await cache.match(new Request(key("rq")))); }, scheme: async () => text(await cache.match(key("url").replace("https", "http"))), upper: async () => text(await cache.match("HTTPS://CACHE.EXAMPLE/url")), port: async () => text(await cache.match("https://cache.example:443/url")), otherPort: async () => text(await cache.match("https://cache.example:444/url")),
			slash: async () => text(await cache.match(key("url/"))), host: async () => text(await cache.match("https://other.example/url")), relative: () => cache.match("/url"), ftp: () => cache.put("ftp://cache.example/x", fresh("x")), none: () => cache.match(), ip: async () => { await cache.put("http://127.0.0.1/x", fresh("ip")); return text(await cache.match("http://127.0.0.1/x")); }, escaped: async () => { await cache.put(key("a%20b?c=%2F"), fresh("escaped")); return [await text(await cache.match(key("a%20b?c=%2F"))), await text(await cache.match(key("a b?c=/")))]; },
		}),
		"/cache-key": async () => { // @ cf.cacheKey in the place of the URL
			await cache.put(new Request(key("ck1"), { cf: { cacheKey: "https://cache.example/shared" } }), fresh("by its key"));
			return each({ other: async () => text(await cache.match(new Request(key("ck2"), { cf: { cacheKey: "https://cache.example/shared" } }))), url: async () => text(await cache.match(key("ck1"))), delete: () => cache.delete(new Request(key("ck3"), { cf: { cacheKey: "https://cache.example/shared" } })) });
		},
		"/web-socket": async () => { const [client] = Object.values(new WebSocketPair()); await cache.put(key("ws"), new Response(null, { status: 101, webSocket: client })); }, // @ a WebSocket cannot be stored
		"/names": () => each({ at1023: async () => (await caches.open("n".repeat(1023))) instanceof Cache, at1024: async () => (await caches.open("n".repeat(1024))) instanceof Cache, empty: async () => { const c = await caches.open(""); await c.put(key("en"), fresh("in the nameless")); return [await text(await c.match(key("en"))), await text(await cache.match(key("en")))]; }, default: async () => { const c = await caches.open("default"); await c.put(key("dn"), fresh("in the named default")); return [await text(await c.match(key("dn"))), await text(await cache.match(key("dn")))]; }, odd: async () => { const c = await caches.open("ünï/ \"x\"?"); await c.put(key("on"), fresh("odd")); return text(await c.match(key("on"))); } }),
		"/ranges": async () => { // @ several ranges at once, and If-Range
			await cache.put(key("mr"), fresh("0123456789", { etag: '"r"', "content-type": "text/plain" }));
			return each({ two: () => ranged({ range: "bytes=0-1,4-5" }), three: () => ranged({ range: "bytes=0-0,2-3,-1" }), nonePast: () => ranged({ range: "bytes=40-50,60-" }), ifRange: () => ranged({ range: "bytes=0-1", "if-range": '"r"' }) });
		},
		"/ranges-apart": () => each({ overlapping: () => ranged({ range: "bytes=0-5,3-7" }), onePast: () => ranged({ range: "bytes=0-1,50-60" }), ifRangeOther: () => ranged({ range: "bytes=0-1", "if-range": '"x"' }) }), // @ ranges that overlap or that are not there, and a condition that fails
		"/conditions": async () => { // @ conditions that are given together
			await cache.put(key("both"), fresh("body", { etag: '"v1"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" }));
			return each({ list: () => asked({ "if-none-match": '"x", "v1"' }), star: () => asked({ "if-none-match": "*" }), withRange: () => asked({ "if-none-match": '"v1"', range: "bytes=0-1" }), badDate: () => asked({ "if-modified-since": "yesterday" }) });
		},
		"/condition-first": () => asked({ "if-none-match": '"x"', "if-modified-since": "Fri, 02 Jan 2026 00:00:00 GMT" }).then(String), // @ a date beside an ETag does not count
		"/bodies": () => each({ // @ every type of a body
			stream: async () => { await cache.put(key("st"), fresh(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("streamed")); c.close(); } }))); return text(await cache.match(key("st"))); }, binary: async () => { await cache.put(key("bi"), fresh(new Uint8Array([0, 255, 10, 13]))); return hex(await (await cache.match(key("bi"))).arrayBuffer()); }, null: async () => { await cache.put(key("nu"), fresh(null)); return text(await cache.match(key("nu"))); }, empty: async () => { await cache.put(key("em"), fresh("")); return text(await cache.match(key("em"))); },
			brokenOff: () => cache.put(key("br"), fresh(new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); c.error(new Error("broke off")); } }))), left: async () => text(await cache.match(key("br"))), twice: async () => { const r = fresh("twice"); await cache.put(key("tw"), r.clone()); return [await r.text(), await text(await cache.match(key("tw")))]; }, returns: async () => String(await cache.put(key("rt"), fresh("x"))),
		}),
		"/statuses": async () => { // @ statuses with max-age
			const out = {};
			for (const status of [200, 201, 203, 204, 300, 302, 307, 400, 403, 410, 451, 503]) { await cache.put(key("s" + status), fresh([204, 304].includes(status) ? null : "b", {}, { status })); out["s" + status] = (await cache.match(key("s" + status)))?.status ?? null; }
			return out;
		},
		"/control": () => each({ // @ directives of Cache-Control
			public: kept("public, max-age=60"), sMaxageZero: kept("s-maxage=0, max-age=60"), mustRevalidate: kept("max-age=60, must-revalidate"), immutable: kept("max-age=60, immutable"), noStoreAge: kept("no-store, max-age=60"), privateField: kept("private=x-secret, max-age=60"), negative: kept("max-age=-5"), broken: kept("max-age=soon"), large: kept("max-age=99999999999999999999"), none: kept("max-age=60, max-age"),
		}),
		"/control-apart": () => each({ upper: kept("Max-Age=60"), noCacheField: kept("no-cache=set-cookie, max-age=60") }), // @ directives in capitals, and no-cache of one header
		"/stale-while-revalidate": async () => String(await kept("max-age=0, stale-while-revalidate=60")()), // @ a directive that cache.put() does not support
		"/ask-control": async () => { await cache.put(key("ac"), fresh("x")); return each({ noCache: async () => text(await cache.match(new Request(key("ac"), { headers: { "cache-control": "no-cache" } }))), onlyIfCached: async () => text(await cache.match(new Request(key("ac-none"), { headers: { "cache-control": "only-if-cached" } }))), pragma: async () => text(await cache.match(new Request(key("ac"), { headers: { pragma: "no-cache" } }))) }); }, // @ directives of the question
		"/age": async () => { await cache.put(key("age"), fresh("x", { age: "50", date: new Date().toUTCString() })); const r = await cache.match(key("age")); return { age: Number(r.headers.get("age")) >= 0, date: r.headers.has("date") }; },
		"/headers": async () => { await cache.put(key("hd"), fresh("x", { "cf-cache-status": "MADE-UP", "x-a": "1", "content-encoding": "identity" })); const r = await cache.match(key("hd")); return each({ status: () => r.headers.get("cf-cache-status"), kept: () => r.headers.get("x-a"), encoding: () => r.headers.get("content-encoding"), statusText: () => r.statusText, set: () => r.headers.set("x-b", "2") }); },
		"/purge": async ({ ctx }) => ({ cache: ctx.cache === undefined ? "none" : typeof ctx.cache }), // @ ctx.cache, for purges by tag
	}),
};
