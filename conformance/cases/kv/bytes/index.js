// Keys and values at their edges: every byte counts, none is changed.
import { each, routes } from "../../lib.js";

const hard = ["%", "%%", "%zz", "%00", " ", " a b ", "a/b", "/", "//", "a+b", "a%20b", "👩‍🚀", "é", "e\u0301", "🔥".repeat(128), "\u0000", "[\"a\"]", "bulk/get"];
const name = (k) => k.slice(0, 12);

async function stored(env, value) {
	await env.KV.put("v", value);
	return { text: await env.KV.get("v"), bytes: (await env.KV.get("v", "arrayBuffer")).byteLength };
}

function stream(chunks, size) {
	let left = chunks;
	return new ReadableStream({
		pull(c) {
			if (left-- > 0) c.enqueue(new Uint8Array(size).fill(97));
			else c.close();
		},
	});
}

export default {
	fetch: routes({
		"/hard-keys": async ({ env }) => { // @ percent signs, slashes, spaces, emoji, 512 bytes of them
			const out = {};
			for (const k of hard) await env.KV.put(k, "value of " + name(k));
			for (const k of hard) out[name(k)] = await env.KV.get(k);
			return out;
		},
		"/hard-keys-bulk": async ({ env }) => [...(await env.KV.get(hard))].map(([k, v]) => [name(k), v]),
		"/hard-keys-list": async ({ env }) => (await env.KV.list()).keys.map((k) => name(k.name)), // @ in the order of their bytes
		"/hard-prefix": ({ env }) => each({
			percent: async () => (await env.KV.list({ prefix: "%" })).keys.length,
			space: async () => (await env.KV.list({ prefix: " " })).keys.length,
			slash: async () => (await env.KV.list({ prefix: "/" })).keys.length,
			emoji: async () => (await env.KV.list({ prefix: "🔥" })).keys.length,
			long: async () => (await env.KV.list({ prefix: "🔥".repeat(128) })).keys.length,
		}),
		"/hard-keys-delete": async ({ env }) => {
			for (const k of hard) await env.KV.delete(k);
			return (await env.KV.list()).keys.length;
		},
		"/key-emoji-513": ({ env }) => env.KV.put("🔥".repeat(128) + "a", "x"), // @ 129 characters, 513 bytes
		"/empty-values": ({ env }) => each({
			string: () => stored(env, ""),
			buffer: () => stored(env, new ArrayBuffer(0)),
			view: () => stored(env, new Uint8Array(0)),
			stream: () => stored(env, stream(0, 0)),
			json: async () => env.KV.get("v", "json"),
			metadata: async () => { await env.KV.put("v", "", { metadata: {} }); return env.KV.getWithMetadata("v"); },
			bulk: async () => [...(await env.KV.get(["v"]))],
		}),
		"/not-utf8": async ({ env }) => { // @ bytes that are no text
			const { text, bytes } = await stored(env, new Uint8Array([0, 255, 254, 97, 128]));
			return { text, bytes, same: [...new Uint8Array(await env.KV.get("v", "arrayBuffer"))] };
		},
		"/stream-unknown-length": async ({ env }) => { // @ a stream whose length nobody knows before its end
			await env.KV.put("s", stream(40, 100_000));
			return (await env.KV.get("s", "arrayBuffer")).byteLength;
		},
		"/stream-25-mib": async ({ env }) => {
			await env.KV.put("s", stream(25, 1 << 20));
			let n = 0;
			for await (const chunk of await env.KV.get("s", "stream")) n += chunk.byteLength;
			return n;
		},
		"/stream-25-mib-and-1": async ({ env }) => {
			const { readable, writable } = new FixedLengthStream((25 << 20) + 1);
			stream(1, (25 << 20) + 1).pipeTo(writable).catch(() => {});
			return env.KV.put("s", readable);
		},
		"/with-metadata-types": async ({ env }) => {
			await env.KV.put("m", '{"a":1}', { metadata: "é\u0000<&>\u2028" });
			return each({
				json: () => env.KV.getWithMetadata("m", "json"),
				buffer: async () => (await env.KV.getWithMetadata("m", "arrayBuffer")).value.byteLength,
				stream: async () => new Response((await env.KV.getWithMetadata("m", "stream")).value).text(),
				ttl: () => env.KV.getWithMetadata("m", { cacheTtl: 60 }),
				shortTTL: () => env.KV.getWithMetadata("m", { cacheTtl: 29 }),
				bulkTTL: async () => [...(await env.KV.get(["m"], { cacheTtl: 60 }))],
				bulkShortTTL: async () => [...(await env.KV.get(["m"], { cacheTtl: 29 }))],
				notANumber: () => env.KV.get("m", { cacheTtl: "soon" }),
			});
		},
		"/expiration-shown": async ({ env }) => { // @ an expiration is listed, and gone after a put without one
			await env.KV.put("e", "v", { expiration: 2000000000 });
			const before = (await env.KV.list({ prefix: "e" })).keys;
			await env.KV.put("e", "v");
			return { before, after: (await env.KV.list({ prefix: "e" })).keys };
		},
	}),
};
