// Listing keys: order, prefixes, pages, metadata and expirations.
import { each, routes } from "../../lib.js";

async function pages(env, options) {
	const out = [];
	for (let cursor; ; ) {
		const page = await env.KV.list({ ...options, cursor });
		out.push(page.keys.map((k) => k.name));
		if (page.list_complete) return out;
		cursor = page.cursor;
	}
}

export default {
	fetch: routes({
		"/empty": ({ env }) => env.KV.list(), // @ a namespace without keys
		"/fill": async ({ env }) => {
			for (const k of ["b", "a", "a/2", "a/1", "ä", "Z", "a/10", "ab", "🔥", "~"]) await env.KV.put(k, k);
			await env.KV.put("meta", "v", { metadata: { x: [1] } });
			await env.KV.put("expires", "v", { expiration: 2000000000 });
			await env.KV.put("both", "v", { expiration: 2000000000, metadata: "m" });
			return "filled";
		},
		"/all": ({ env }) => env.KV.list(), // @ ordered by the bytes of the key, with metadata and expiration
		"/prefix": ({ env }) => env.KV.list({ prefix: "a/" }),
		"/prefix-none": ({ env }) => env.KV.list({ prefix: "nothing" }),
		"/prefix-null": async ({ env }) => (await env.KV.list({ prefix: null })).keys.length,
		"/limit": async ({ env }) => {
			const page = await env.KV.list({ limit: 2 });
			return { ...page, cursor: typeof page.cursor };
		},
		"/limit-zero": ({ env }) => env.KV.list({ limit: 0 }).then((p) => p.keys.length), // @ the binding leaves a limit of 0 out
		"/pages": ({ env }) => pages(env, { limit: 3 }),
		"/pages-prefix": ({ env }) => pages(env, { limit: 1, prefix: "a/" }),
		"/last-page-full": async ({ env }) => { // @ a page that ends with the last key is complete
			const page = await env.KV.list({ prefix: "a/", limit: 3 });
			return { complete: page.list_complete, cursor: page.cursor ?? null };
		},
		"/deleted-between-pages": async ({ env }) => {
			const first = await env.KV.list({ prefix: "a/", limit: 1 });
			await env.KV.delete("a/1");
			await env.KV.delete("a/10");
			return env.KV.list({ prefix: "a/", cursor: first.cursor });
		},
		"/bad-cursor": ({ env }) => each({ text: async () => (await env.KV.list({ cursor: "not base64!" })).keys.length }), // @ what is no cursor | status
		"/cursor-content": async ({ env }) => atob((await env.KV.list({ limit: 1 })).cursor), // @ the cursor names the last key
	}),
};
