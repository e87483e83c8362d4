// Arguments that are wrong or unusual, in every method that takes them.
import { each, routes } from "../../lib.js";

const got = async (p) => { const o = await p; return o === null ? null : o.body ? await o.text() : "object without body"; };
const keys = (l) => l.objects.map((o) => o.key);
const long = "k".repeat(1025);
const headers = (h) => new Headers(h);

export default {
	fetch: routes({
		"/create": async ({ env }) => (await env.BUCKET.put("k", "0123456789", { httpMetadata: { contentType: "text/x", contentLanguage: "de", contentDisposition: "inline", contentEncoding: "identity", cacheControl: "no-store", cacheExpiry: new Date(1e12) } })).size,
		"/range-numbers": ({ env }) => each({ // @ numbers of a range that are none
			offsetFloat: () => got(env.BUCKET.get("k", { range: { offset: 1.5 } })), lengthFloat: () => got(env.BUCKET.get("k", { range: { length: 1.5 } })), lengthNegative: () => got(env.BUCKET.get("k", { range: { length: -1 } })), suffixNegative: () => got(env.BUCKET.get("k", { range: { suffix: -1 } })), suffixFloat: () => got(env.BUCKET.get("k", { range: { suffix: 1.5 } })),
			suffixLength: () => got(env.BUCKET.get("k", { range: { suffix: 1, length: 1 } })), text: () => got(env.BUCKET.get("k", { range: "bytes=0-1" })), offsetText: () => got(env.BUCKET.get("k", { range: { offset: "2" } })), huge: () => got(env.BUCKET.get("k", { range: { offset: 0, length: Number.MAX_SAFE_INTEGER } })), atEnd: () => got(env.BUCKET.get("k", { range: { offset: 10 } })), hugeSuffix: () => got(env.BUCKET.get("k", { range: { suffix: 1e15 } })),
		}),
		"/range-empty-object": async ({ env }) => { await env.BUCKET.put("empty", ""); return each({ whole: async () => (await env.BUCKET.get("empty")).range, offset: () => got(env.BUCKET.get("empty", { range: { offset: 0 } })), suffix: () => got(env.BUCKET.get("empty", { range: { suffix: 1 } })), header: () => got(env.BUCKET.get("empty", { range: headers({ range: "bytes=0-" }) })) }); },
		"/range-at-end": ({ env }) => each({ length: () => got(env.BUCKET.get("k", { range: { offset: 10, length: 1 } })), empty: () => got(env.BUCKET.get("empty", { range: { length: 1 } })) }), // @ a length where there is nothing
		"/range-headers": ({ env }) => each(Object.fromEntries(["bytes=0-0", "bytes=9-", "bytes=-10", "bytes=-11", "bytes=10-", "bytes=5-2", "bytes=-0", "Bytes=0-1", "items=0-1", "bytes=0-1,5-6", "bytes= 0 - 1", "bytes=0-99", "bytes=a-b", "bytes", ""].map((r) => [r || "none", () => got(env.BUCKET.get("k", { range: headers(r ? { range: r } : {}) }))]))), // @ every form of a Range header
		"/condition-headers": ({ env }) => each(Object.fromEntries(['"', '"a" "b"', 'W/a', 'W"a"', '"a", *', '*, "a"', ',,"a",', 'a', '""', 'W/"781e5e245d69b566979b86e28d23f2c7"'].flatMap((t) => [[`match ${t}`, () => got(env.BUCKET.get("k", { onlyIf: headers({ "if-match": t }) }))], [`none ${t}`, () => got(env.BUCKET.get("k", { onlyIf: headers({ "if-none-match": t }) }))]]))), // @ every form of an ETag header
		"/condition-dates": ({ env }) => each({ // @ dates that are none
			since: () => got(env.BUCKET.get("k", { onlyIf: headers({ "if-modified-since": "yesterday" }) })), unmodified: () => got(env.BUCKET.get("k", { onlyIf: headers({ "if-unmodified-since": "tomorrow" }) })), before: () => got(env.BUCKET.get("k", { onlyIf: { uploadedBefore: "2030-01-01" } })), after: () => got(env.BUCKET.get("k", { onlyIf: { uploadedAfter: new Date(0) } })), number: () => got(env.BUCKET.get("k", { onlyIf: { uploadedAfter: 0 } })), epoch: () => got(env.BUCKET.get("k", { onlyIf: { uploadedBefore: new Date(0) } })),
		}),
		"/write-metadata": async ({ env }) => { const h = new Headers({ "x-kept": "1", "content-type": "gone" }); (await env.BUCKET.head("k")).writeHttpMetadata(h); return [...h]; }, // @ writeHttpMetadata sets all six headers
		"/metadata-values": ({ env }) => each({ // @ custom metadata that is no text, and metadata of the wrong type
			unicode: async () => { await env.BUCKET.put("m", "x", { customMetadata: { "ключ": "значение", "": "empty name", "😀": "é" } }); return (await env.BUCKET.head("m")).customMetadata; },
			number: async () => { await env.BUCKET.put("m", "x", { customMetadata: { n: 7, b: true } }); return (await env.BUCKET.head("m")).customMetadata; }, text: () => env.BUCKET.put("m", "x", { customMetadata: "no" }), http: () => env.BUCKET.put("m", "x", { httpMetadata: 7 }), expiryNumber: () => env.BUCKET.put("m", "x", { httpMetadata: { cacheExpiry: 5 } }).then((o) => o.httpMetadata.cacheExpiry), expiryText: () => env.BUCKET.put("m", "x", { httpMetadata: { cacheExpiry: "soon" } }),
			headers: async () => { await env.BUCKET.put("m", "x", { httpMetadata: headers({ "content-type": "a/b", expires: "Thu, 01 Jan 2026 00:00:00 GMT", "x-other": "1" }) }); const o = await env.BUCKET.head("m"); return [o.httpMetadata.contentType, o.httpMetadata.cacheExpiry, Object.keys(o.customMetadata)]; },
		}),
		"/put-values": ({ env }) => each({ // @ values of put
			null: async () => { const o = await env.BUCKET.put("v", null); return [o.size, await got(env.BUCKET.get("v"))]; }, blob: async () => { const o = await env.BUCKET.put("v", new Blob(["ab", "c"], { type: "text/blob" })); return [o.size, (await env.BUCKET.head("v")).httpMetadata]; }, dataView: async () => (await env.BUCKET.put("v", new DataView(new ArrayBuffer(4), 1, 2))).size, shared: async () => (await env.BUCKET.put("v", new Float64Array(2))).size, undefined: async () => (await env.BUCKET.put("v", undefined)).size, number: () => env.BUCKET.put("v", 7), object: () => env.BUCKET.put("v", {}),
			fixed: async () => { const { readable, writable } = new FixedLengthStream(3); const w = writable.getWriter(); const put = env.BUCKET.put("v", readable); await w.write(new TextEncoder().encode("xyz")); await w.close(); return (await put).size; }, locked: async () => { const body = new Response("x").body; body.getReader(); return (await env.BUCKET.put("v", body)).size; },
		}),
		"/body": ({ env }) => each({ // @ a body read in every way, and twice
			text: async () => (await env.BUCKET.get("k")).text(), json: async () => { await env.BUCKET.put("j", '{"a":1}'); return (await env.BUCKET.get("j")).json(); }, badJson: async () => (await env.BUCKET.get("k", { range: { length: 0, offset: 0 } })).json(), bytes: async () => (await (await env.BUCKET.get("k")).bytes()).length, blob: async () => { const b = await (await env.BUCKET.get("k")).blob(); return [b.size, b.type]; }, twice: async () => { const o = await env.BUCKET.get("k"); await o.text(); return o.text(); }, used: async () => { const o = await env.BUCKET.get("k"); await o.text(); return o.bodyUsed; },
		}),
		"/list-values": async ({ env }) => each({ // @ options of list that are unusual
			prefixAll: async () => keys(await env.BUCKET.list({ prefix: "" })), delimiterOnly: async () => (await env.BUCKET.list({ delimiter: "k" })).delimitedPrefixes, limitText: async () => keys(await env.BUCKET.list({ limit: "1" })), limitFloat: async () => keys(await env.BUCKET.list({ limit: 1.9 })), limitHuge: () => env.BUCKET.list({ limit: 2 ** 33 }).then(keys), startAfterMissing: async () => keys(await env.BUCKET.list({ startAfter: "jj" })), startAfterAll: async () => keys(await env.BUCKET.list({ startAfter: "~" })), cursorEmpty: async () => keys(await env.BUCKET.list({ cursor: "" })), prefixNumber: async () => keys(await env.BUCKET.list({ prefix: 7 })),
			includeBoth: async () => { const o = (await env.BUCKET.list({ prefix: "k", include: ["customMetadata", "httpMetadata"] })).objects[0]; return [o.httpMetadata.contentType, o.customMetadata]; },
		}),
		"/delete-values": ({ env }) => each({ empty: () => env.BUCKET.delete([]).then(String), twice: () => env.BUCKET.delete(["d", "d"]).then(String), long: () => env.BUCKET.delete(["d", long]).then(String), number: () => env.BUCKET.delete(7).then(String), mixed: () => env.BUCKET.delete(["a", 7]).then(String) }), // @ what delete takes
		"/multipart-values": async ({ env }) => { // @ arguments of a multipart upload
			const up = await env.BUCKET.createMultipartUpload("mp");
			const part = await up.uploadPart(1, "x");
			return each({
				keyLong: () => env.BUCKET.createMultipartUpload(long).then((u) => u.key), keyNone: () => env.BUCKET.createMultipartUpload(), resumeNone: () => env.BUCKET.resumeMultipartUpload("mp"), numberZero: () => up.uploadPart(0, "x"), numberText: async () => (await up.uploadPart("2", "x")).partNumber, numberLarge: () => up.uploadPart(10001, "x"), numberLast: async () => (await up.uploadPart(10000, "x")).partNumber, valueNone: () => up.uploadPart(1),
				completeNone: () => up.complete(), completeOther: () => up.complete([{ partNumber: 1, etag: "other" }]), completeTwice: () => up.complete([part, part]), completeKey: () => env.BUCKET.resumeMultipartUpload("other", up.uploadId).complete([part]), abort: () => up.abort().then(String), again: () => up.abort().then(String), after: () => up.uploadPart(1, "x"), completeAfter: () => up.complete([part]),
			});
		},
		"/multipart-empty": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("me"); const o = await up.complete([]); return [o.size, o.etag]; }, // @ an upload of no parts
		"/multipart-empty-part": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("me"); const o = await up.complete([await up.uploadPart(1, "")]); return [o.size, await got(env.BUCKET.get("me"))]; },
		"/two-at-once": async ({ env }) => { const all = await Promise.all(Array.from({ length: 20 }, (_, i) => env.BUCKET.put("race", String(i)))); const last = await got(env.BUCKET.get("race")); return [new Set(all.map((o) => o.version)).size, all.some((_, i) => String(i) === last)]; }, // @ twenty puts of one key
	}),
};
