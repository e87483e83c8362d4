// Objects that are encrypted with the caller's key (SSE-C), and storage classes.
import { each, hex, routes } from "../../lib.js";

const bytes = (n) => new Uint8Array(32).fill(n);
const key = bytes(9).buffer;
const same = hex(bytes(9)); // the same key, as text
const wrong = bytes(7).buffer;
const text = async (p) => { const o = await p; return o === null ? null : o.body ? await o.text() : "object without body"; };
const large = "0123456789abcdef".repeat(20_000);

export default {
	fetch: routes({
		"/put": async ({ env }) => { const o = await env.BUCKET.put("k", "the secret", { ssecKey: key, customMetadata: { a: "b" } }); return [o.size, o.etag, o.ssecKeyMd5, o.checksums.toJSON()]; },
		"/get": ({ env }) => each({ buffer: () => text(env.BUCKET.get("k", { ssecKey: key })), view: () => text(env.BUCKET.get("k", { ssecKey: bytes(9) })), hex: () => text(env.BUCKET.get("k", { ssecKey: same })), field: async () => (await env.BUCKET.get("k", { ssecKey: key })).ssecKeyMd5 }),
		"/refused": ({ env }) => each({ without: () => text(env.BUCKET.get("k")), wrong: () => text(env.BUCKET.get("k", { ssecKey: wrong })), missing: () => text(env.BUCKET.get("none", { ssecKey: key })) }),
		"/not-encrypted": async ({ env }) => { await env.BUCKET.put("plain", "x"); return each({ key: () => text(env.BUCKET.get("plain", { ssecKey: key })), field: async () => (await env.BUCKET.head("plain")).ssecKeyMd5 ?? "none" }); }, // @ a key for an object that has none
		"/head": async ({ env }) => { const o = await env.BUCKET.head("k"); return [o.size, o.ssecKeyMd5, o.customMetadata]; }, // @ head needs no key
		"/list": async ({ env }) => (await env.BUCKET.list({ prefix: "k" })).objects.map((o) => [o.key, o.size, o.ssecKeyMd5]),
		"/range": ({ env }) => each({ offset: () => text(env.BUCKET.get("k", { ssecKey: key, range: { offset: 4, length: 3 } })), suffix: () => text(env.BUCKET.get("k", { ssecKey: key, range: { suffix: 2 } })), header: () => text(env.BUCKET.get("k", { ssecKey: key, range: new Headers({ range: "bytes=4-6" }) })), past: () => text(env.BUCKET.get("k", { ssecKey: key, range: { offset: 99 } })) }),
		"/condition": async ({ env }) => each({ holds: () => text(env.BUCKET.get("k", { ssecKey: key, onlyIf: { etagDoesNotMatch: "0".repeat(32) } })), fails: () => text(env.BUCKET.get("k", { ssecKey: key, onlyIf: { etagMatches: "0".repeat(32) } })), put: () => env.BUCKET.put("k", "x", { ssecKey: wrong, onlyIf: { etagMatches: "0".repeat(32) } }) }),
		"/large": async ({ env }) => { // @ an object that is no row, and a range of it
			await env.BUCKET.put("large", large, { ssecKey: key });
			const o = await env.BUCKET.get("large", { ssecKey: key });
			return [(await o.text()) === large, await text(env.BUCKET.get("large", { ssecKey: key, range: { offset: 100_005, length: 20 } }))];
		},
		"/stream": async ({ env }) => { await env.BUCKET.put("stream", new Response("streamed").body, { ssecKey: key }); return text(env.BUCKET.get("stream", { ssecKey: key })); },
		"/multipart": async ({ env }) => { // @ every part comes with the key of the upload
			const part = new Uint8Array(5 << 20).fill(65);
			const up = await env.BUCKET.createMultipartUpload("m", { ssecKey: key });
			const parts = [await up.uploadPart(1, part, { ssecKey: key }), await up.uploadPart(2, "the end", { ssecKey: same })];
			const o = await up.complete(parts);
			return [o.size, o.ssecKeyMd5, await text(env.BUCKET.get("m", { ssecKey: key, range: { offset: part.length - 2, length: 6 } }))];
		},
		"/multipart-refused": async ({ env }) => {
			const up = await env.BUCKET.createMultipartUpload("mr", { ssecKey: key });
			const open = await env.BUCKET.createMultipartUpload("mr");
			return each({ without: async () => (await up.uploadPart(1, "x")).partNumber, wrong: async () => (await up.uploadPart(1, "x", { ssecKey: wrong })).partNumber, notEncrypted: async () => (await open.uploadPart(1, "x", { ssecKey: key })).partNumber, create: () => env.BUCKET.createMultipartUpload("mr", { ssecKey: "0" }).then(() => "made") });
		},
		"/replaced": async ({ env }) => { await env.BUCKET.put("r", "old", { ssecKey: key }); await env.BUCKET.put("r", "new"); return each({ text: () => text(env.BUCKET.get("r")), field: async () => (await env.BUCKET.head("r")).ssecKeyMd5 ?? "none" }); }, // @ an object that is replaced by one in the clear
		"/checksum": ({ env }) => each({ md5: async () => (await env.BUCKET.put("c", "abc", { ssecKey: key, md5: "900150983cd24fb0d6963f7d28e17f72" })).etag, wrong: () => env.BUCKET.put("c", "abc", { ssecKey: key, md5: "0".repeat(32) }) }), // @ checksums are of what was sent
		"/class-get": async ({ env }) => { await env.BUCKET.put("class", "x", { storageClass: "InfrequentAccess" }); return [(await env.BUCKET.get("class")).storageClass, (await env.BUCKET.list({ prefix: "class" })).objects[0].storageClass]; }, // @ the storage class of get and list
		"/class-case": ({ env }) => env.BUCKET.put("class", "x", { storageClass: "standard" }).then((o) => o.size), // @ a storage class is spelled as it is
		"/class-empty": ({ env }) => env.BUCKET.put("class", "x", { storageClass: "" }).then((o) => o.size),
	}),
};
