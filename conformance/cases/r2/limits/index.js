// Every limit of R2 that a Worker can reach, with the text of its error.
import { each, routes } from "../../lib.js";

const size = (p) => p.then((o) => o?.size ?? null);

export default {
	fetch: routes({
		"/key-1024": async ({ env }) => size(env.BUCKET.put("k".repeat(1024), "x")),
		"/key-1025": ({ env }) => each({ put: () => size(env.BUCKET.put("k".repeat(1025), "x")), get: () => env.BUCKET.get("k".repeat(1025)), head: () => env.BUCKET.head("k".repeat(1025)), delete: () => env.BUCKET.delete("k".repeat(1025)), bytes: () => size(env.BUCKET.put("é".repeat(513), "x")) }),
		"/key-empty": ({ env }) => each({ put: () => size(env.BUCKET.put("", "x")), get: async () => (await env.BUCKET.get("")).key, delete: async () => String(await env.BUCKET.delete("")) }),
		"/metadata-8192": ({ env }) => size(env.BUCKET.put("m", "x", { customMetadata: { ab: "v".repeat(8190) } })),
		"/metadata-8193": ({ env }) => size(env.BUCKET.put("m", "x", { customMetadata: { ab: "v".repeat(8191) } })),
		"/metadata-wide": ({ env }) => each({ at: () => size(env.BUCKET.put("m", "x", { customMetadata: { ab: "✓".repeat(4095) } })), over: () => size(env.BUCKET.put("m", "x", { customMetadata: { ab: "✓".repeat(4096) } })) }), // @ a character above 255 doubles the whole value
		"/metadata-many": ({ env }) => size(env.BUCKET.put("m", "x", { customMetadata: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => ["key" + i, "v"])) })),
		"/delete-1000": ({ env }) => env.BUCKET.delete(Array.from({ length: 1000 }, (_, i) => "d" + i)).then(String),
		"/delete-1001": ({ env }) => env.BUCKET.delete(Array.from({ length: 1001 }, (_, i) => "d" + i)).then(String),
		"/put-option-types": ({ env }) => each({ custom: () => size(env.BUCKET.put("t", "x", { customMetadata: { n: 7 } })), http: () => size(env.BUCKET.put("t", "x", { httpMetadata: "text/plain" })), onlyIf: () => size(env.BUCKET.put("t", "x", { onlyIf: "etag" })) }),
		"/expiry-date": ({ env }) => each({ invalid: () => size(env.BUCKET.put("t", "x", { httpMetadata: { cacheExpiry: new Date(NaN) } })) }),
	}),
};
