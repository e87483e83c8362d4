// Every option of every method, and what stands for none.
import { each, hex, routes } from "../../lib.js";

const seen = async (v) => (v instanceof ReadableStream ? "stream " + (await new Response(v).text()) : v instanceof ArrayBuffer ? "buffer " + hex(v) : v);
const all = (get) => each({
	none: () => get(), text: () => get("text"), json: () => get("json"), arrayBuffer: () => get("arrayBuffer"), stream: () => get("stream"),
	textOption: () => get({ type: "text" }), jsonOption: () => get({ type: "json" }), bufferOption: () => get({ type: "arrayBuffer" }), streamOption: () => get({ type: "stream" }),
	cacheTtl: () => get({ cacheTtl: 60 }), both: () => get({ type: "json", cacheTtl: 60 }),
	null: () => get(null), undefined: () => get(undefined), empty: () => get({}), nullType: () => get({ type: null }), noType: () => get({ type: undefined }), nullTtl: () => get({ cacheTtl: null }),
	wrong: () => get(7), wrongType: () => get("TEXT"),
});
const bulk = (get) => each({
	none: () => get(), text: () => get("text"), json: () => get("json"), textOption: () => get({ type: "text" }), jsonOption: () => get({ type: "json" }),
	cacheTtl: () => get({ cacheTtl: 60 }), cacheTtlLow: () => get({ cacheTtl: 10 }), null: () => get(null), wrong: () => get("blob"),
});
const names = async (p) => (await p).keys.map((k) => k.name);

export default {
	fetch: routes({
		"/fill": async ({ env }) => {
			for (const k of ["a", "b", "c"]) await env.KV.put(k, `{"of":"${k}"}`, { metadata: { k }, expiration: 2000000000 });
			return "filled";
		},
		"/get": ({ env }) => all(async (...o) => seen(await env.KV.get("a", ...o))), // @ get() with every type
		"/get-missing": ({ env }) => all((...o) => env.KV.get("none", ...o)), // @ a type matters only when there is a value
		"/get-with-metadata": ({ env }) => all(async (...o) => { const r = await env.KV.getWithMetadata("a", ...o); return { ...r, value: await seen(r.value) }; }),
		"/get-bulk": ({ env }) => bulk(async (...o) => [...(await env.KV.get(["a", "none"], ...o))]),
		"/get-bulk-metadata": ({ env }) => bulk(async (...o) => [...(await env.KV.getWithMetadata(["a", "none"], ...o))]),
		"/bulk-limits": ({ env }) => each({
			metadata101: () => env.KV.getWithMetadata(Array.from({ length: 101 }, (_, i) => "k" + i)), metadataNone: () => env.KV.getWithMetadata([]),
			emptyKey: async () => [...(await env.KV.get(["", "a"]))], dot: async () => [...(await env.KV.get([".", "a"]))], numbers: async () => [...(await env.KV.get([1, 2]))],
		}),
		"/cache-ttl": ({ env }) => each({ nan: () => env.KV.get("a", { cacheTtl: NaN }), zero: () => env.KV.get("a", { cacheTtl: 0 }), negative: () => env.KV.get("a", { cacheTtl: -1 }), text: () => env.KV.get("a", { cacheTtl: "soon" }), large: () => env.KV.get("a", { cacheTtl: 2147483647 }) }),
		"/put": ({ env }) => each({ // @ put() with options that stand for none
			null: async () => String(await env.KV.put("p", "v", null)), undefined: async () => String(await env.KV.put("p", "v", undefined)), empty: async () => String(await env.KV.put("p", "v", {})),
			nulls: async () => { await env.KV.put("p", "v", { expiration: null, expirationTtl: null, metadata: null }); return env.KV.getWithMetadata("p"); },
			undefineds: async () => { await env.KV.put("p", "v", { expiration: undefined, expirationTtl: undefined, metadata: undefined }); return env.KV.getWithMetadata("p"); },
			text: async () => { await env.KV.put("p", "v", { expiration: "2000000000" }); return (await env.KV.list({ prefix: "p" })).keys; },
			fraction: async () => { await env.KV.put("p", "v", { expiration: 2000000000.9 }); return (await env.KV.list({ prefix: "p" })).keys; },
			infinite: () => env.KV.put("p", "v", { expirationTtl: Infinity }), nan: () => env.KV.put("p", "v", { expirationTtl: NaN }), beyond: () => env.KV.put("p", "v", { expiration: 4102444800 }),
			falseMetadata: async () => { await env.KV.put("p", "v", { metadata: false }); return env.KV.getWithMetadata("p"); }, zeroMetadata: async () => { await env.KV.put("p", "v", { metadata: 0 }); return env.KV.getWithMetadata("p"); },
		}),
		"/put-values": ({ env }) => each({ // @ every type of a value
			stream: async () => { await env.KV.put("s", new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("of unknown length")); c.close(); } })); return env.KV.get("s"); },
			fixed: async () => { const { readable, writable } = new FixedLengthStream(3); const w = writable.getWriter(); w.write(new Uint8Array([97, 98, 99])); w.close(); await env.KV.put("s", readable); return env.KV.get("s"); },
			words: async () => { await env.KV.put("s", new Uint16Array([0x6161, 0x6262])); return env.KV.get("s"); }, dataView: async () => { await env.KV.put("s", new DataView(new Uint8Array([1, 97, 98]).buffer, 1)); return env.KV.get("s"); },
			number: async () => { await env.KV.put("s", 7.5); return env.KV.get("s"); }, null: async () => { await env.KV.put("s", null); return env.KV.get("s"); }, blob: () => env.KV.put("s", new Blob(["x"])),
			lone: async () => { await env.KV.put("s", "\ud800"); return hex(await env.KV.get("s", "arrayBuffer")); },
		}),
		"/delete": ({ env }) => each({ list: async () => { await env.KV.put("d", "v"); return String(await env.KV.delete(["d"])); }, left: () => env.KV.get("d"), number: async () => String(await env.KV.delete(7)) }),
		"/list": ({ env }) => each({ // @ list() with options that stand for none
			none: () => names(env.KV.list()), null: () => names(env.KV.list(null)), undefined: () => names(env.KV.list(undefined)), empty: () => names(env.KV.list({})),
			nulls: () => names(env.KV.list({ prefix: null, cursor: null, limit: null })), emptyPrefix: () => names(env.KV.list({ prefix: "" })), emptyCursor: () => names(env.KV.list({ cursor: "" })),
			prefix: () => env.KV.list({ prefix: "a", limit: 5, cursor: undefined }), limitText: () => names(env.KV.list({ limit: "2" })),
		}),
		"/list-limits": ({ env }) => each({
			negative: () => names(env.KV.list({ limit: -1 })), fraction: () => names(env.KV.list({ limit: 1.9 })), large: () => names(env.KV.list({ limit: 2147483647 })), infinite: () => names(env.KV.list({ limit: Infinity })),
			prefix512: () => names(env.KV.list({ prefix: "x".repeat(512) })), prefix513: () => names(env.KV.list({ prefix: "x".repeat(513) })), cursorOtherPrefix: async () => { const { cursor } = await env.KV.list({ limit: 1 }); return names(env.KV.list({ prefix: "b", cursor })); },
		}),
		"/expires-in": async ({ env }) => { // @ seconds from now
			await env.KV.put("in/ttl", "v", { expirationTtl: 3600 });
			await env.KV.put("in/date", "v", { expiration: Date.now() / 1000 + 7200 });
			const { keys } = await env.KV.list({ prefix: "in/" });
			return Object.fromEntries(keys.map((k) => [k.name, k.expiration - Date.now() / 1000]));
		},
		"/expiration-60": async ({ env }) => { // @ the nearest expiration
			await env.KV.put("near", "v", { expiration: Math.floor(Date.now() / 1000) + 61 });
			return env.KV.get("near");
		},
	}),
};
