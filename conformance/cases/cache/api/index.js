// The Cache API.
import { each, routes } from "../../lib.js";

const key = (p) => "https://cache.example/" + p;
const fresh = (body, headers = {}, init = {}) => new Response(body, { ...init, headers: { "cache-control": "max-age=60", ...headers } });
const shown = async (r) => (r ? { status: r.status, body: await r.text(), headers: Object.fromEntries([...r.headers].filter(([k]) => !["date", "age", "server"].includes(k))) } : (r ?? "undefined"));
const cached = async (p, response, request) => { await caches.default.put(key(p), response); return shown(await caches.default.match(request ?? key(p))); };

export default {
	fetch: routes({
		"/miss": async () => shown(await caches.default.match(key("none"))),
		"/put": () => cached("put", fresh("hello", { "x-a": "b", "content-type": "text/plain" })),
		"/head": async () => shown(await caches.default.match(new Request(key("put"), { method: "HEAD" }))), // @ a HEAD request finds a GET's response
		"/post": () => each({ match: async () => String(await caches.default.match(new Request(key("put"), { method: "POST" }))), ignore: async () => shown(await caches.default.match(new Request(key("put"), { method: "POST" }), { ignoreMethod: true })), put: () => caches.default.put(new Request(key("p"), { method: "POST" }), fresh("x")) }),
		"/delete": async () => { await caches.default.put(key("del"), fresh("x")); return [await caches.default.delete(key("del")), await caches.default.delete(key("del")), (await caches.default.match(key("del"))) ?? "undefined"]; },
		"/status": async () => each({ s404: () => cached("404", fresh("gone", {}, { status: 404 })), s500: () => cached("500", fresh("no", {}, { status: 500 })), s301: () => cached("301", fresh("", { location: "/x" }, { status: 301 })), s206: () => cached("206", fresh("x", {}, { status: 206 })) }),
		"/cache-control": () => each({
			none: () => cached("cc0", new Response("no header")), noStore: () => cached("cc1", new Response("x", { headers: { "cache-control": "no-store" } })), private: () => cached("cc2", new Response("x", { headers: { "cache-control": "private, max-age=60" } })), noCache: () => cached("cc3", new Response("x", { headers: { "cache-control": "no-cache" } })),
			zero: () => cached("cc4", new Response("x", { headers: { "cache-control": "max-age=0" } })), shared: () => cached("cc5", new Response("x", { headers: { "cache-control": "s-maxage=60, max-age=0" } })), expires: () => cached("cc6", new Response("x", { headers: { expires: new Date(Date.now() + 60_000).toUTCString() } })).then((r) => r.status ?? r), expired: () => cached("cc7", new Response("x", { headers: { expires: "Thu, 01 Jan 2015 00:00:00 GMT" } })),
		}),
		"/set-cookie": () => each({ cookie: () => cached("c1", fresh("x", { "set-cookie": "a=b" })), named: () => cached("c2", new Response("x", { headers: { "cache-control": "max-age=60, private=set-cookie", "set-cookie": "a=b" } })) }),
		"/refused": () => each({ vary: () => caches.default.put(key("v"), fresh("x", { vary: "*" })), relative: () => caches.default.put("/relative", fresh("x")), used: async () => { const r = fresh("x"); await r.text(); await caches.default.put(key("u"), r); }, notModified: async () => String(await caches.default.put(key("304"), new Response(null, { status: 304 }))), add: () => caches.default.add?.(key("a")) ?? "no add", keys: () => caches.default.keys?.() ?? "no keys" }),
		"/vary": async () => { // @ Vary on a header
			await caches.default.put(new Request(key("vary"), { headers: { "accept-language": "de" } }), fresh("deutsch", { vary: "accept-language" }));
			const ask = (l) => caches.default.match(new Request(key("vary"), { headers: { "accept-language": l } })).then((r) => r?.text() ?? "undefined");
			return [await ask("de"), await ask("en")];
		},
		"/range": async () => { // @ ranges of a cached response
			await caches.default.put(key("range"), fresh("0123456789", { "content-length": "10" }));
			const ask = async (r) => { const a = await shown(await caches.default.match(new Request(key("range"), { headers: { range: r } }))); return a === "undefined" ? a : [a.status, a.body, a.headers["content-range"] ?? null]; };
			return each({ some: () => ask("bytes=2-4"), suffix: () => ask("bytes=-3"), open: () => ask("bytes=8-"), past: () => ask("bytes=20-30"), bad: () => ask("lines=1") });
		},
		"/conditional": async () => { // @ If-None-Match and If-Modified-Since
			await caches.default.put(key("cond"), fresh("body", { etag: '"v1"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" }));
			const ask = async (h) => { const r = await caches.default.match(new Request(key("cond"), { headers: h })); return [r.status, await r.text()]; };
			return each({ same: () => ask({ "if-none-match": '"v1"' }), weak: () => ask({ "if-none-match": 'W/"v1"' }), other: () => ask({ "if-none-match": '"v2"' }), since: () => ask({ "if-modified-since": "Fri, 02 Jan 2026 00:00:00 GMT" }), before: () => ask({ "if-modified-since": "Wed, 31 Dec 2025 00:00:00 GMT" }) });
		},
		"/named": async () => { // @ a named cache is another one
			const c = await caches.open("mine");
			await c.put(key("n"), fresh("in mine"));
			return each({ mine: async () => (await c.match(key("n"))).text(), again: async () => (await (await caches.open("mine")).match(key("n"))).text(), default: async () => String(await caches.default.match(key("n"))), other: async () => String(await (await caches.open("other")).match(key("n"))), long: () => caches.open("n".repeat(1025)), delete: () => c.delete(key("n")) });
		},
		"/query": async () => { await caches.default.put(key("q?a=1"), fresh("one")); return [(await caches.default.match(key("q?a=1")))?.status ?? null, (await caches.default.match(key("q?a=2")))?.status ?? null, (await caches.default.match(key("q?a=1#hash")))?.status ?? null]; },
		"/cf-status": async () => { const r = await caches.default.match(key("put")); return [r.headers.get("cf-cache-status"), r.headers.has("age")]; }, // @ a hit says so
		"/large": async () => { await caches.default.put(key("large"), fresh(new Uint8Array(3 << 20))); return (await (await caches.default.match(key("large"))).arrayBuffer()).byteLength; },
		"/expiring": async () => { await caches.default.put(key("short"), new Response("short", { headers: { "cache-control": "max-age=1" } })); return (await caches.default.match(key("short"))).text(); }, // @ a response that lives for a second
		"/expired": async () => shown(await caches.default.match(key("short"))),
		"/overwrite": async () => { await caches.default.put(key("ow"), fresh("one")); await caches.default.put(key("ow"), fresh("two")); return (await caches.default.match(key("ow"))).text(); },
	}),
};
