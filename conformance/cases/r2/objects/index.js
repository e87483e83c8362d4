// Putting, reading and deleting objects, with their metadata, ranges and checksums.
import { each, hex, routes } from "../../lib.js";

const bytes = new TextEncoder().encode("0123456789");
const sha = async (name, data) => crypto.subtle.digest(name, data);

// plain is an object without what changes from run to run.
function plain(o) {
	if (!o) return o;
	const out = {};
	for (const k of ["key", "size", "etag", "httpEtag", "httpMetadata", "customMetadata", "range"]) out[k] = o[k];
	return { ...out, checksums: o.checksums.toJSON(), version: typeof o.version, uploaded: o.uploaded instanceof Date, body: o.body !== undefined };
}
const range = async (env, r) => {
	const o = await env.BUCKET.get("ten", { range: r });
	return { text: await o.text(), range: o.range, size: o.size };
};

export default {
	fetch: routes({
		"/missing": ({ env }) => each({ get: () => env.BUCKET.get("none"), head: () => env.BUCKET.head("none"), delete: async () => String(await env.BUCKET.delete("none")) }),
		"/put": async ({ env }) => plain(await env.BUCKET.put("ten", bytes)), // @ what put returns
		"/get": async ({ env }) => plain(await env.BUCKET.get("ten")),
		"/head": async ({ env }) => plain(await env.BUCKET.head("ten")),
		"/body": ({ env }) => each({
			text: async () => (await env.BUCKET.get("ten")).text(),
			json: async () => { await env.BUCKET.put("json", '{"a":1}'); return (await env.BUCKET.get("json")).json(); },
			arrayBuffer: async () => hex(await (await env.BUCKET.get("ten")).arrayBuffer()),
			blob: async () => (await (await env.BUCKET.get("ten")).blob()).size,
			bytes: async () => (await (await env.BUCKET.get("ten")).bytes()).length,
			stream: async () => new Response((await env.BUCKET.get("ten")).body).text(),
			used: async () => { const o = await env.BUCKET.get("ten"); const before = o.bodyUsed; await o.text(); return [before, o.bodyUsed]; },
			twice: async () => { const o = await env.BUCKET.get("ten"); await o.text(); return o.text(); },
		}),
		"/put-types": ({ env }) => each({ // @ every type of a value
			string: async () => (await env.BUCKET.put("p", "téxt")).size,
			buffer: async () => (await env.BUCKET.put("p", bytes.buffer)).size,
			view: async () => (await env.BUCKET.put("p", bytes.subarray(2, 5))).size,
			blob: async () => (await env.BUCKET.put("p", new Blob(["blob"], { type: "text/x" }))).size,
			null: async () => (await env.BUCKET.put("p", null)).size,
			stream: async () => (await env.BUCKET.put("p", new Response("streamed").body)).size,
			fixed: async () => { const { readable, writable } = new FixedLengthStream(3); const w = writable.getWriter(); w.write(bytes.subarray(0, 3)); w.close(); return (await env.BUCKET.put("p", readable)).size; },
			unknownLength: () => env.BUCKET.put("p", new ReadableStream({ start(c) { c.enqueue(bytes); c.close(); } })),
			number: () => env.BUCKET.put("p", 7).then((o) => o.size),
		}),
		"/empty": async ({ env }) => { await env.BUCKET.put("empty", ""); const o = await env.BUCKET.get("empty"); return { ...plain(o), text: await o.text() }; },
		"/overwrite": async ({ env }) => { // @ a put replaces body and metadata
			const one = await env.BUCKET.put("over", "one", { customMetadata: { a: "1" } });
			const two = await env.BUCKET.put("over", "two!");
			return { versions: one.version !== two.version, size: two.size, custom: (await env.BUCKET.head("over")).customMetadata };
		},
		"/delete": async ({ env }) => {
			await env.BUCKET.put("d1", "x"); await env.BUCKET.put("d2", "x"); await env.BUCKET.put("d3", "x");
			await env.BUCKET.delete("d1"); await env.BUCKET.delete(["d2", "d3", "never"]); await env.BUCKET.delete([]);
			return Promise.all(["d1", "d2", "d3"].map((k) => env.BUCKET.head(k)));
		},
		"/http-metadata": async ({ env }) => {
			await env.BUCKET.put("http", "x", { httpMetadata: { contentType: "text/plain", contentLanguage: "de", contentDisposition: "inline", contentEncoding: "identity", cacheControl: "max-age=5", cacheExpiry: new Date(86400000) } });
			const o = await env.BUCKET.get("http"); const h = new Headers(); o.writeHttpMetadata(h);
			return { meta: o.httpMetadata, headers: [...h] };
		},
		"/http-metadata-headers": async ({ env }) => { // @ httpMetadata may be a Headers object
			await env.BUCKET.put("http2", "x", { httpMetadata: new Headers({ "content-type": "image/png", "cache-control": "no-cache", expires: "Thu, 01 Jan 2026 00:00:00 GMT", "x-other": "no" }) });
			return (await env.BUCKET.head("http2")).httpMetadata;
		},
		"/custom-metadata": async ({ env }) => {
			await env.BUCKET.put("custom", "x", { customMetadata: { Key: "Välue ✓", empty: "" } });
			return (await env.BUCKET.head("custom")).customMetadata;
		},
		"/range": ({ env }) => each({
			offset: () => range(env, { offset: 7 }), both: () => range(env, { offset: 2, length: 3 }), length: () => range(env, { length: 4 }),
			suffix: () => range(env, { suffix: 3 }), long: () => range(env, { offset: 8, length: 100 }), longSuffix: () => range(env, { suffix: 100 }),
		}),
		"/range-headers": ({ env }) => each({ // @ a range from a request's headers
			one: () => range(env, new Headers({ range: "bytes=2-4" })), open: () => range(env, new Headers({ range: "bytes=7-" })), suffix: () => range(env, new Headers({ range: "bytes=-2" })),
			many: () => range(env, new Headers({ range: "bytes=0-1,4-5" })), broken: () => range(env, new Headers({ range: "bytes=x" })), none: () => range(env, new Headers()), past: () => range(env, new Headers({ range: "bytes=50-60" })),
		}),
		"/range-refused": ({ env }) => each({
			past: () => range(env, { offset: 10 }), far: () => range(env, { offset: 11, length: 1 }), zero: () => range(env, { offset: 0, length: 0 }), suffixZero: () => range(env, { suffix: 0 }),
			mixed: () => range(env, { suffix: 1, offset: 1 }), negative: () => range(env, { offset: -1 }),
		}),
		"/checksums": async ({ env }) => each({
			md5: async () => (await env.BUCKET.put("c", bytes, { md5: await sha("MD5", bytes) })).checksums.toJSON(),
			sha1: async () => (await env.BUCKET.put("c", bytes, { sha1: await sha("SHA-1", bytes) })).checksums.toJSON(),
			sha256: async () => (await env.BUCKET.put("c", bytes, { sha256: await sha("SHA-256", bytes) })).checksums.toJSON(),
			sha384: async () => (await env.BUCKET.put("c", bytes, { sha384: hex(await sha("SHA-384", bytes)) })).checksums.toJSON(),
			sha512: async () => (await env.BUCKET.put("c", bytes, { sha512: await sha("SHA-512", bytes) })).checksums.toJSON(),
			kept: async () => Object.keys((await env.BUCKET.head("c")).checksums.toJSON()),
		}),
		"/checksums-wrong": ({ env }) => each({
			md5: () => env.BUCKET.put("w", "x", { md5: "0".repeat(32) }), sha1: () => env.BUCKET.put("w", "x", { sha1: "0".repeat(40) }), sha256: () => env.BUCKET.put("w", "x", { sha256: "0".repeat(64) }),
			short: () => env.BUCKET.put("w", "x", { md5: "00" }), bytes: () => env.BUCKET.put("w", "x", { sha1: new Uint8Array(3) }), two: () => env.BUCKET.put("w", "x", { md5: "0".repeat(32), sha1: "0".repeat(40) }),
			notWritten: () => env.BUCKET.head("w"),
		}),
		"/storage-class": async ({ env }) => each({
			standard: async () => (await env.BUCKET.put("s", "x", { storageClass: "Standard" })).storageClass, infrequent: async () => (await env.BUCKET.put("s", "x", { storageClass: "InfrequentAccess" })).storageClass,
			head: async () => (await env.BUCKET.head("s")).storageClass, other: () => env.BUCKET.put("s", "x", { storageClass: "Glacier" }).then((o) => o.storageClass),
		}),
		"/ssec": async ({ env }) => { // @ objects encrypted with the caller's key
			const key = new Uint8Array(32).fill(7).buffer;
			return each({
				put: async () => typeof (await env.BUCKET.put("enc", "secret", { ssecKey: key })).ssecKeyMd5, get: async () => (await env.BUCKET.get("enc", { ssecKey: key })).text(),
				without: async () => (await env.BUCKET.get("enc")).text(), wrong: async () => (await env.BUCKET.get("enc", { ssecKey: "00".repeat(32) })).text(),
			});
		},
		"/ssec-key": ({ env }) => each({ short: () => env.BUCKET.put("e", "x", { ssecKey: new Uint8Array(3).buffer }), notHex: () => env.BUCKET.put("e", "x", { ssecKey: "z".repeat(64) }) }),
		"/odd-keys": async ({ env }) => {
			const out = {};
			for (const k of ["a b", "a/../b", "%2F", "ключ", "a?b#c", "🔥", " lead", "trail/", "//", "x".repeat(1024), ".", "a\nb"]) {
				const short = k.slice(0, 8);
				try { await env.BUCKET.put(k, "of " + short); out[short] = [(await env.BUCKET.get(k)).key === k, await (await env.BUCKET.get(k)).text()]; } catch (e) { out[short] = String(e); }
			}
			return out;
		},
		"/large": async ({ env }) => { // @ eight MiB, and a range of it
			const data = new Uint8Array(8 << 20); for (let i = 0; i < data.length; i += 4096) data[i] = i >> 12;
			const o = await env.BUCKET.put("large", data);
			return { etag: o.etag, size: o.size, part: hex(await (await env.BUCKET.get("large", { range: { offset: 4096 * 5, length: 2 } })).arrayBuffer()) };
		},
		"/serve": async ({ env }) => { // @ an object as a response
			const o = await env.BUCKET.get("http"); const headers = new Headers(); o.writeHttpMetadata(headers); headers.set("etag", o.httpEtag);
			return new Response(o.body, { headers });
		},
	}),
};
