import { each, failing, hex, routes } from "../../lib.js";

const bytes = new Uint8Array([0, 1, 127, 128, 255]);

export default {
	fetch: routes({
		"/missing": ({ env }) => each({
			get: () => env.KV.get("nothing"),
			json: () => env.KV.get("nothing", "json"),
			metadata: () => env.KV.getWithMetadata("nothing"),
			delete: () => env.KV.delete("nothing").then(() => "done"),
		}),
		"/text": async ({ env }) => {
			const put = await env.KV.put("text", "héllo ✓");
			return each({ put: () => String(put), get: () => env.KV.get("text"), option: () => env.KV.get("text", { type: "text" }) });
		},
		"/types": async ({ env }) => {
			await env.KV.put("json", '{"a":[1,2]}');
			await env.KV.put("bytes", bytes);
			await env.KV.put("view", bytes.subarray(1, 3));
			await env.KV.put("buffer", bytes.buffer);
			await env.KV.put("stream", new Response("from a stream").body);
			return each({
				json: () => env.KV.get("json", "json"),
				arrayBuffer: async () => hex(await env.KV.get("bytes", "arrayBuffer")),
				view: async () => hex(await env.KV.get("view", { type: "arrayBuffer" })),
				buffer: async () => hex(await env.KV.get("buffer", "arrayBuffer")),
				stream: async () => new Response(await env.KV.get("stream", "stream")).text(),
				notJSON: () => env.KV.get("stream", "json"),
			});
		},
		"/empty": async ({ env }) => {
			await env.KV.put("empty", "");
			return each({ get: () => env.KV.get("empty"), length: async () => (await env.KV.get("empty", "arrayBuffer")).byteLength });
		},
		"/overwrite": async ({ env }) => {
			await env.KV.put("over", "one", { metadata: { v: 1 } });
			await env.KV.put("over", "two");
			return env.KV.getWithMetadata("over");
		},
		"/delete": async ({ env }) => {
			await env.KV.put("gone", "x");
			await env.KV.delete("gone");
			return each({ get: () => env.KV.get("gone"), again: async () => String(await env.KV.delete("gone")) });
		},
		"/metadata": async ({ env }) => {
			await env.KV.put("meta", "v", { metadata: { name: "ünï", n: [1, null, { x: true }] } });
			await env.KV.put("null", "v", { metadata: null });
			await env.KV.put("string", "v", { metadata: "just text" });
			return each({
				object: () => env.KV.getWithMetadata("meta"),
				null: () => env.KV.getWithMetadata("null"),
				string: () => env.KV.getWithMetadata("string"),
				json: async () => failing(() => env.KV.getWithMetadata("meta", "json")),
				none: async () => { await env.KV.put("plain", "v"); return env.KV.getWithMetadata("plain", { type: "text" }); },
			});
		},
		"/odd-keys": async ({ env }) => {
			const keys = ["a b", "a/b", "../up", "%2F", "ключ", "a?b=c&d", "#", "🔥", "a\nb", "...", "x".repeat(512)];
			const out = {};
			for (const k of keys) {
				await env.KV.put(k, "value of " + k.slice(0, 9));
				out[k.slice(0, 9)] = await env.KV.get(k);
			}
			return out;
		},
		"/bulk": async ({ env }) => {
			await env.KV.put("b1", "1", { metadata: { m: 1 } });
			await env.KV.put("b2", '{"two":2}');
			const flat = (m) => ({ map: m instanceof Map, entries: [...m] });
			return each({
				text: async () => flat(await env.KV.get(["b1", "b2", "b3"])),
				json: async () => flat(await env.KV.get(["b1", "b2"], "json")),
				metadata: async () => flat(await env.KV.getWithMetadata(["b1", "b3"])),
				twice: async () => flat(await env.KV.get(["b1", "b1"])),
			});
		},
	}),
};
