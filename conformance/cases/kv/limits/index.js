// Every limit of KV that a Worker can reach, with the text of its error.
import { each, routes, text } from "../../lib.js";

const now = () => Math.floor(Date.now() / 1000);
const moment = (f) => f.catch((e) => { throw new Error(text(e).replace(/\d{10}/, "<seconds>")); });

export default {
	fetch: routes({
		"/key-empty": ({ env }) => each({ get: () => env.KV.get(""), put: () => env.KV.put("", "v"), delete: () => env.KV.delete("") }),
		"/key-dots": ({ env }) => each({ one: () => env.KV.get("."), two: () => env.KV.put("..", "v"), three: () => env.KV.get("...") }),
		"/key-512": async ({ env }) => { // @ the longest key
			await env.KV.put("k".repeat(512), "longest");
			return env.KV.get("k".repeat(512));
		},
		"/key-513": ({ env }) => each({ // @ one byte too long; bytes count, not characters
			get: () => env.KV.get("k".repeat(513)), put: () => env.KV.put("k".repeat(513), "v"), delete: () => env.KV.delete("k".repeat(513)),
			bytes: () => env.KV.get("é".repeat(257)), metadata: () => env.KV.getWithMetadata("k".repeat(513)),
		}),
		"/value-type": ({ env }) => each({ number: () => env.KV.put("k", 1), object: () => env.KV.put("k", {}), null: () => env.KV.put("k", null), none: () => env.KV.put("k") }),
		"/get-type": ({ env }) => each({ word: () => env.KV.get("k", "xml"), option: () => env.KV.get("k", { type: "blob" }) }),
		"/value-25-mib": async ({ env }) => { // @ the largest value
			await env.KV.put("large", new Uint8Array(25 * 1024 * 1024));
			return String((await env.KV.get("large", "arrayBuffer")).byteLength);
		},
		"/value-25-mib-and-1": ({ env }) => env.KV.put("larger", new Uint8Array(25 * 1024 * 1024 + 1)),
		"/metadata-1024": async ({ env }) => { // @ the largest metadata: 1024 bytes of JSON
			await env.KV.put("m", "v", { metadata: "m".repeat(1022) });
			return String((await env.KV.getWithMetadata("m")).metadata.length);
		},
		"/metadata-1025": ({ env }) => env.KV.put("m", "v", { metadata: "m".repeat(1023) }),
		"/metadata-bytes": ({ env }) => env.KV.put("m", "v", { metadata: "é".repeat(600) }), // @ metadata counts in bytes
		"/metadata-cyclic": ({ env }) => { const m = {}; m.m = m; return env.KV.put("m", "v", { metadata: m }); }, // @ metadata that is no JSON
		"/ttl-zero": ({ env }) => env.KV.put("t", "v", { expirationTtl: 0 }),
		"/ttl-negative": ({ env }) => env.KV.put("t", "v", { expirationTtl: -1 }),
		"/ttl-59": ({ env }) => env.KV.put("t", "v", { expirationTtl: 59 }),
		"/ttl-60": async ({ env }) => { // @ the shortest TTL
			await env.KV.put("t", "v", { expirationTtl: 60 });
			const { keys } = await env.KV.list({ prefix: "t" });
			return { value: await env.KV.get("t"), in60: Math.abs(keys[0].expiration - now() - 60) <= 1 };
		},
		"/ttl-text": ({ env }) => env.KV.put("t", "v", { expirationTtl: "soon" }), // @ a TTL that is no number
		"/expiration-past": ({ env }) => moment(env.KV.put("e", "v", { expiration: now() - 10 })),
		"/expiration-zero": ({ env }) => env.KV.put("e", "v", { expiration: 0 }),
		"/expiration-soon": ({ env }) => moment(env.KV.put("e", "v", { expiration: now() + 30 })),
		"/expiration-both": async ({ env }) => { // @ the TTL wins over the expiration
			await env.KV.put("e", "v", { expiration: now() + 5000, expirationTtl: 100 });
			return { in100: Math.abs((await env.KV.list({ prefix: "e" })).keys[0].expiration - now() - 100) <= 1 };
		},
		"/cache-ttl-29": ({ env }) => each({ get: () => env.KV.get("k", { cacheTtl: 29 }), metadata: () => env.KV.getWithMetadata("k", { cacheTtl: 10 }) }),
		"/cache-ttl-30": ({ env }) => env.KV.get("none", { cacheTtl: 30 }),
		"/list-limit-1001": ({ env }) => env.KV.list({ limit: 1001 }),
		"/list-limit-1000": ({ env }) => env.KV.list({ limit: 1000 }).then((p) => String(p.list_complete)),
		"/bulk-100": ({ env }) => env.KV.get(Array.from({ length: 100 }, (_, i) => "n" + i)).then((m) => String(m.size)),
		"/bulk-101": ({ env }) => env.KV.get(Array.from({ length: 101 }, (_, i) => "n" + i)),
		"/bulk-none": ({ env }) => env.KV.get([]),
		"/bulk-type": ({ env }) => each({ arrayBuffer: () => env.KV.get(["k"], "arrayBuffer"), stream: () => env.KV.getWithMetadata(["k"], "stream") }),
		"/bulk-not-json": async ({ env }) => {
			await env.KV.put("plain", "not JSON");
			return env.KV.get(["plain"], "json");
		},
		"/bulk-25-mb": async ({ env }) => { // @ a bulk get of more than 25 MiB
			await env.KV.put("big1", "x".repeat(13 * 1024 * 1024));
			await env.KV.put("big2", "x".repeat(13 * 1024 * 1024));
			return env.KV.get(["big1", "big2"]).then((m) => String(m.size));
		},
		"/bulk-key-513": ({ env }) => env.KV.get(["k".repeat(513), "a"]).then((m) => [...m.values()]), // @ a long key among the keys
	}),
};
