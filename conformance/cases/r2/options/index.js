// The options that the other cases leave out, and the fields of an object and of an error.
import { each, hex, routes } from "../../lib.js";

const bytes = new TextEncoder().encode("0123456789");
const key = new Uint8Array(32).fill(9).buffer;
const digest = (name) => crypto.subtle.digest(name, bytes);
const past = () => new Date(Date.now() - 60_000);
const fails = async (f) => { try { await f(); return "no error"; } catch (e) { return { name: e.name, message: e.message, code: e.code ?? null, action: e.action ?? null, own: Object.keys(e) }; } };

const upload = async (env, name, options) => { const up = await env.BUCKET.createMultipartUpload(name, options); return up.complete([await up.uploadPart(1, "part")]); };

export default {
	fetch: routes({
		"/fields": async ({ env }) => { // @ every field of an object and its type
			await env.BUCKET.put("f", bytes, { httpMetadata: { contentType: "a/b" }, customMetadata: { c: "d" }, sha1: await digest("SHA-1") });
			const o = await env.BUCKET.get("f");
			return {
				key: o.key, version: typeof o.version, size: o.size, etag: o.etag, httpEtag: o.httpEtag, uploaded: Object.prototype.toString.call(o.uploaded), httpMetadata: o.httpMetadata, customMetadata: o.customMetadata, range: o.range,
				storageClass: typeof o.storageClass, ssecKeyMd5: o.ssecKeyMd5 ?? null, md5: hex(o.checksums.md5), sha1: hex(o.checksums.sha1), sha256: o.checksums.sha256 ?? null, sha384: o.checksums.sha384 ?? null, sha512: o.checksums.sha512 ?? null, json: o.checksums.toJSON(),
				body: Object.prototype.toString.call(o.body), bodyUsed: o.bodyUsed,
			};
		},
		"/as-json": async ({ env }) => { const { storageClass, ...rest } = await env.BUCKET.put("j", "x", { customMetadata: { a: "b" } }); return rest; }, // @ an object as JSON, with what is another each time
		"/uploaded": async ({ env }) => { const o = await env.BUCKET.put("u", "x"); const h = await env.BUCKET.head("u"); return { same: o.uploaded.getTime() === h.uploaded.getTime(), now: Math.abs(o.uploaded - Date.now()) < 60_000, version: o.version === h.version }; },
		"/range-missing": async ({ env }) => { const o = await env.BUCKET.get("f", { range: { offset: 2, length: 3 }, onlyIf: { etagMatches: "0".repeat(32) } }); return { body: o.body ?? null, range: o.range ?? null, size: o.size }; }, // @ a range and a condition that fails
		"/error-fields": ({ env }) => each({ put: () => fails(() => env.BUCKET.put("k".repeat(1025), "x")), get: () => fails(() => env.BUCKET.get("f", { range: { offset: 99 } })), list: () => fails(() => env.BUCKET.list({ limit: 1001 })) }), // @ what an error carries beside its text
		"/none": ({ env }) => each({ // @ what stands for no option
			getNull: async () => (await env.BUCKET.get("f", null)).size, getEmpty: async () => (await env.BUCKET.get("f", {})).size, getUndefined: async () => (await env.BUCKET.get("f", { range: undefined, onlyIf: undefined, ssecKey: undefined })).size,
			putNull: async () => (await env.BUCKET.put("n", "x", null)).size, putUndefined: async () => (await env.BUCKET.put("n", "x", { onlyIf: undefined, httpMetadata: undefined, customMetadata: undefined, md5: undefined, storageClass: undefined, ssecKey: undefined })).size, putNulls: async () => (await env.BUCKET.put("n", "x", { onlyIf: null })).size,
			putEmptyMeta: async () => (await env.BUCKET.put("n", "x", { httpMetadata: {}, customMetadata: {} })).customMetadata, listNull: async () => (await env.BUCKET.list(null)).objects.length > 0, listUndefined: async () => (await env.BUCKET.list({ limit: undefined, prefix: undefined, cursor: undefined, delimiter: undefined, startAfter: undefined, include: undefined })).truncated,
			listInclude: async () => (await env.BUCKET.list({ include: [] })).truncated, onlyIfEmpty: async () => (await env.BUCKET.get("f", { onlyIf: {} })).size, rangeEmpty: async () => (await env.BUCKET.get("f", { range: {} })).size,
		}),
		"/keys": ({ env }) => each({ number: async () => (await env.BUCKET.put(7, "x")).key, numberHead: async () => (await env.BUCKET.head("7")).key, deleteNone: () => env.BUCKET.delete(), putNone: () => env.BUCKET.put("k"), headNone: () => env.BUCKET.head() }),
		"/hashes": async ({ env }) => each({ // @ hashes as bytes, as a view and as text
			buffer: async () => (await env.BUCKET.put("h", bytes, { sha256: await digest("SHA-256") })).checksums.toJSON().sha256.length, view: async () => (await env.BUCKET.put("h", bytes, { sha512: new Uint8Array(await digest("SHA-512")) })).checksums.toJSON().sha512.length, text: async () => (await env.BUCKET.put("h", bytes, { sha384: hex(await digest("SHA-384")) })).checksums.toJSON().sha384.length,
			upper: async () => (await env.BUCKET.put("h", bytes, { md5: hex(await digest("MD5")).toUpperCase() })).etag, notHex: () => env.BUCKET.put("h", bytes, { md5: "z".repeat(32) }), sha256: () => env.BUCKET.put("h", bytes, { sha256: "00" }), sha384: () => env.BUCKET.put("h", bytes, { sha384: "00" }), sha512: () => env.BUCKET.put("h", bytes, { sha512: "00" }), sha1: () => env.BUCKET.put("h", bytes, { sha1: "00" }), number: () => env.BUCKET.put("h", bytes, { md5: 7 }),
			wrong384: () => env.BUCKET.put("h", "x", { sha384: "0".repeat(96) }), wrong512: () => env.BUCKET.put("h", "x", { sha512: "0".repeat(128) }),
		}),
		"/put-if-headers": ({ env }) => each({ // @ onlyIf of put as Headers
			match: async () => (await env.BUCKET.put("f", bytes, { onlyIf: new Headers({ "if-match": '"781e5e245d69b566979b86e28d23f2c7"' }) }))?.size ?? null, other: () => env.BUCKET.put("f", bytes, { onlyIf: new Headers({ "if-match": '"0"' }) }), none: () => env.BUCKET.put("f", bytes, { onlyIf: new Headers({ "if-none-match": '"781e5e245d69b566979b86e28d23f2c7"' }) }),
			unmodified: () => env.BUCKET.put("f", bytes, { onlyIf: new Headers({ "if-unmodified-since": past().toUTCString() }) }), since: async () => (await env.BUCKET.put("f", bytes, { onlyIf: new Headers({ "if-modified-since": past().toUTCString() }) }))?.size ?? null,
		}),
		"/seconds": async ({ env }) => { // @ secondsGranularity: dates count in whole seconds
			const o = await env.BUCKET.put("s", "x");
			const second = new Date(Math.floor(o.uploaded.getTime() / 1000) * 1000);
			const got = async (onlyIf) => { const r = await env.BUCKET.get("s", { onlyIf }); return r.body ? "body" : "no body"; };
			return each({ after: () => got({ uploadedAfter: second, secondsGranularity: true }), before: () => got({ uploadedBefore: new Date(second.getTime() + 1000), secondsGranularity: true }), beforeSame: () => got({ uploadedBefore: second, secondsGranularity: true }) });
		},
		"/multipart-options": ({ env }) => each({ // @ options of createMultipartUpload
			headers: async () => { await upload(env, "mo", { httpMetadata: new Headers({ "content-type": "x/headers" }) }); return (await env.BUCKET.head("mo")).httpMetadata.contentType; }, none: async () => (await upload(env, "mo")).size, custom: async () => (await upload(env, "mo", { customMetadata: { a: "b" } })).customMetadata,
			metadata: () => upload(env, "mo", { customMetadata: { ab: "v".repeat(9000) } }),
		}),
		"/multipart-storage-class": ({ env }) => each({ standard: async () => (await upload(env, "mo", { storageClass: "Standard" })).storageClass, infrequent: async () => (await upload(env, "mo", { storageClass: "InfrequentAccess" })).storageClass, other: async () => (await upload(env, "mo", { storageClass: "Glacier" })).size }),
		"/multipart-ssec": async ({ env }) => { // @ a multipart upload with the caller's key
			const up = await env.BUCKET.createMultipartUpload("ms", { ssecKey: key });
			return (await up.complete([await up.uploadPart(1, "secret", { ssecKey: key })])).size;
		},
		"/part-ssec": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("ps"); return each({ part: async () => (await up.uploadPart(1, "x", { ssecKey: key })).partNumber, short: () => up.uploadPart(1, "x", { ssecKey: "00" }) }); },
		"/part-types": async ({ env }) => { // @ every type of a part
			const up = await env.BUCKET.createMultipartUpload("pt");
			const put = (v) => async () => { const part = await up.uploadPart(1, v); return Object.keys(part).sort(); };
			return each({ string: put("téxt"), buffer: put(bytes.buffer), view: put(bytes.subarray(1)), blob: put(new Blob(["b"])), stream: put(new Response("streamed").body), unknown: put(new ReadableStream({ start(c) { c.close(); } })), null: put(null), number: put(7) });
		},
		"/part-etag": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("pe"); const part = await up.uploadPart(1, "x"); return each({ noEtag: () => up.complete([{ partNumber: 1 }]), noNumber: () => up.complete([{ etag: part.etag }]), text: () => up.complete("parts"), fine: async () => (await up.complete([part])).size }); },
		"/copy": async ({ env }) => { // @ an object's body as the value of a put
			const o = await env.BUCKET.get("f");
			return (await env.BUCKET.put("copy", o.body, { httpMetadata: o.httpMetadata, customMetadata: o.customMetadata })).etag;
		},
		"/tee": async ({ env }) => { const [a, b] = (await env.BUCKET.get("f")).body.tee(); return [await new Response(a).text(), await new Response(b).text()]; },
		"/unread": async ({ env }) => { for (let i = 0; i < 20; i++) await env.BUCKET.get("f"); return "twenty bodies left unread"; },
		"/list-limits": async ({ env }) => each({ // @ limits of list
			one: async () => (await env.BUCKET.list({ limit: 1 })).objects.length, most: async () => (await env.BUCKET.list({ limit: 1000 })).truncated, prefixLong: async () => (await env.BUCKET.list({ prefix: "p".repeat(1025) })).objects.length, includeLimit: async () => (await env.BUCKET.list({ limit: 500, include: ["httpMetadata"] })).truncated, includeTwice: async () => (await env.BUCKET.list({ include: ["httpMetadata", "httpMetadata"] })).truncated, includeText: () => env.BUCKET.list({ include: "httpMetadata" }).then((l) => l.truncated),
		}),
	}),
};
