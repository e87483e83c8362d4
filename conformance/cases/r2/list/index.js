// Listing objects: prefixes, delimiters, pages and what is included.
import { each, routes, text } from "../../lib.js";

const short = (l) => ({ keys: l.objects.map((o) => o.key), truncated: l.truncated, cursor: typeof l.cursor, prefixes: l.delimitedPrefixes });
async function pages(env, options) {
	const out = [];
	for (let cursor; ; ) {
		const l = await env.BUCKET.list({ ...options, cursor });
		out.push([...l.objects.map((o) => o.key), ...l.delimitedPrefixes.map((p) => `<${p}>`)]);
		if (!l.truncated) return out;
		cursor = l.cursor;
	}
}

export default {
	fetch: routes({
		"/empty": ({ env }) => env.BUCKET.list(),
		"/fill": async ({ env }) => {
			for (const k of ["b", "a", "dir/1", "dir/2", "dir/sub/3", "dir2/x", "é", "Z", "~", "dir"]) await env.BUCKET.put(k, k, { httpMetadata: { contentType: "text/" + k.length }, customMetadata: { k: "v" } });
			return "filled";
		},
		"/all": async ({ env }) => short(await env.BUCKET.list()), // @ ordered by the bytes of the key
		"/object": async ({ env }) => { // @ what a listed object knows
			const o = (await env.BUCKET.list({ prefix: "b" })).objects[0];
			return { key: o.key, size: o.size, etag: o.etag, httpEtag: o.httpEtag, version: typeof o.version, uploaded: o.uploaded instanceof Date, body: "body" in o };
		},
		"/storage-class": async ({ env }) => (await env.BUCKET.list({ prefix: "b" })).objects[0].storageClass,
		"/include": async ({ env }) => each({
			none: async () => { const o = (await env.BUCKET.list({ prefix: "b" })).objects[0]; return [o.httpMetadata ?? "none", o.customMetadata ?? "none"]; },
			http: async () => { const o = (await env.BUCKET.list({ prefix: "b", include: ["httpMetadata"] })).objects[0]; return [o.httpMetadata ?? "none", o.customMetadata ?? "none"]; },
			both: async () => { const o = (await env.BUCKET.list({ prefix: "b", include: ["httpMetadata", "customMetadata"] })).objects[0]; return [o.httpMetadata ?? "none", o.customMetadata ?? "none"]; },
			other: async () => (await env.BUCKET.list({ include: ["size"] })).objects.length,
			headers: async () => { const h = new Headers(); (await env.BUCKET.list({ prefix: "b" })).objects[0].writeHttpMetadata(h); return [...h]; },
		}),
		"/prefix": async ({ env }) => short(await env.BUCKET.list({ prefix: "dir" })),
		"/delimiter": async ({ env }) => short(await env.BUCKET.list({ delimiter: "/" })),
		"/delimiter-prefix": async ({ env }) => short(await env.BUCKET.list({ prefix: "dir/", delimiter: "/" })),
		"/delimiter-long": async ({ env }) => short(await env.BUCKET.list({ delimiter: "ir" })), // @ a delimiter of two characters
		"/delimiter-empty": async ({ env }) => short(await env.BUCKET.list({ delimiter: "" })),
		"/limit": async ({ env }) => short(await env.BUCKET.list({ limit: 2 })),
		"/pages": ({ env }) => pages(env, { limit: 3 }),
		"/pages-delimiter": ({ env }) => pages(env, { limit: 2, delimiter: "/" }),
		"/start-after": async ({ env }) => short(await env.BUCKET.list({ startAfter: "dir/1" })),
		"/start-after-prefix": async ({ env }) => short(await env.BUCKET.list({ startAfter: "dir/1", prefix: "dir/" })),
		"/start-after-and-cursor": async ({ env }) => { // @ the later of cursor and startAfter counts
			const { cursor } = await env.BUCKET.list({ limit: 2 });
			return each({ after: async () => short(await env.BUCKET.list({ cursor, startAfter: "dir2/x" })), cursor: async () => short(await env.BUCKET.list({ cursor, startAfter: "A" })) });
		},
		"/last-page-full": async ({ env }) => short(await env.BUCKET.list({ prefix: "dir/", limit: 3 })),
		"/limit-refused": ({ env }) => each({ zero: () => env.BUCKET.list({ limit: 0 }).then(short), negative: () => env.BUCKET.list({ limit: -1 }).then(short), many: () => env.BUCKET.list({ limit: 1001 }).then(short) }),
		"/bad-cursor": async ({ env }) => env.BUCKET.list({ cursor: "not a cursor" }).then((l) => l.objects.length, (e) => text(e)), // @ what is no cursor | status
		"/include-cap": async ({ env }) => { // @ how many objects one page holds with and without include
			await Promise.all(Array.from({ length: 110 }, (_, i) => env.BUCKET.put("many/" + String(i).padStart(3, "0"), "")));
			const plain = await env.BUCKET.list({ prefix: "many/" });
			const included = await env.BUCKET.list({ prefix: "many/", include: ["customMetadata"] });
			return { plain: plain.objects.length, included: included.objects.length, truncated: included.truncated };
		},
	}),
};
