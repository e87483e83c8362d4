// Multipart uploads.
import { each, routes, text } from "../../lib.js";

const five = new Uint8Array(5 << 20);
const gone = "no-such-upload";

export default {
	fetch: routes({
		"/upload": async ({ env }) => { // @ three parts become one object
			const up = await env.BUCKET.createMultipartUpload("m", { httpMetadata: { contentType: "x/y" }, customMetadata: { a: "b" } });
			const parts = [await up.uploadPart(1, five), await up.uploadPart(2, five), await up.uploadPart(3, "end")];
			const o = await up.complete(parts);
			return { key: up.key, id: typeof up.uploadId, parts: parts.map((p) => [p.partNumber, typeof p.etag]), size: o.size, etag: o.etag.length, suffix: o.etag.slice(32), http: o.httpMetadata, custom: o.customMetadata, sums: o.checksums.toJSON() };
		},
		"/read": async ({ env }) => { // @ a range over the edge of two parts
			const o = await env.BUCKET.get("m", { range: { suffix: 5 } });
			return { text: JSON.stringify(await o.text()), size: o.size, range: o.range };
		},
		"/any-order": async ({ env }) => { // @ the parts are completed in the order in which they are named
			const up = await env.BUCKET.createMultipartUpload("order");
			const two = await up.uploadPart(2, "two"); const one = await up.uploadPart(1, five);
			return (await up.complete([two, one])).size;
		},
		"/sent-in-any-order": async ({ env }) => { // @ parts that arrive last first, completed in their order
			const up = await env.BUCKET.createMultipartUpload("order");
			const two = await up.uploadPart(2, "two"); const one = await up.uploadPart(1, five);
			return (await up.complete([one, two])).size;
		},
		"/resume": async ({ env }) => {
			const { key, uploadId } = await env.BUCKET.createMultipartUpload("resumed");
			const up = env.BUCKET.resumeMultipartUpload(key, uploadId);
			return (await up.complete([await up.uploadPart(1, "only")])).size;
		},
		"/part-again": async ({ env }) => { // @ the last upload of a part counts
			const up = await env.BUCKET.createMultipartUpload("again");
			const old = await up.uploadPart(1, "old"); const now = await up.uploadPart(1, "new!");
			return each({ old: () => up.complete([old]).then((o) => o.size), now: () => up.complete([now]).then((o) => o.size), text: async () => (await env.BUCKET.get("again")).text() });
		},
		"/some-parts": async ({ env }) => { // @ parts that are not named are dropped
			const up = await env.BUCKET.createMultipartUpload("some");
			await up.uploadPart(1, "dropped"); const two = await up.uploadPart(2, "kept");
			await up.complete([two]);
			return (await env.BUCKET.get("some")).text();
		},
		"/not-there-before-complete": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("early"); await up.uploadPart(1, "x"); return { head: await env.BUCKET.head("early"), listed: (await env.BUCKET.list({ prefix: "early" })).objects.length }; },
		"/abort": async ({ env }) => {
			const up = await env.BUCKET.createMultipartUpload("aborted");
			await up.uploadPart(1, "x");
			return each({ abort: async () => String(await up.abort()), again: async () => String(await up.abort()), part: () => up.uploadPart(2, "x"), complete: () => up.complete([]), head: () => env.BUCKET.head("aborted") });
		},
		"/after-complete": async ({ env }) => {
			const up = await env.BUCKET.createMultipartUpload("done");
			const one = await up.uploadPart(1, "x"); await up.complete([one]);
			return each({ part: () => up.uploadPart(2, "x"), complete: () => up.complete([one]).then((o) => o.size), abort: async () => String(await up.abort()), kept: async () => (await env.BUCKET.get("done")).text() });
		},
		"/unknown-upload": ({ env }) => { const up = env.BUCKET.resumeMultipartUpload("k", gone); return each({ part: () => up.uploadPart(1, "x"), complete: () => up.complete([{ partNumber: 1, etag: "e" }]), abort: () => up.abort() }); },
		"/complete-refused": async ({ env }) => {
			const up = await env.BUCKET.createMultipartUpload("refused");
			const one = await up.uploadPart(1, "x");
			return each({ none: () => up.complete([]).then((o) => o.size), missing: () => up.complete([{ partNumber: 2, etag: one.etag }]), etag: () => up.complete([{ partNumber: 1, etag: "wrong" }]), twice: () => up.complete([one, one]).then((o) => o.size) });
		},
		"/part-small": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("small"); return up.complete([await up.uploadPart(1, "small"), await up.uploadPart(2, "x")]).then((o) => o.size); }, // @ a part below 5 MiB that is not the last
		"/parts-unequal": async ({ env }) => { // @ all parts but the last have one size
			const up = await env.BUCKET.createMultipartUpload("unequal");
			return up.complete([await up.uploadPart(1, five), await up.uploadPart(2, new Uint8Array((5 << 20) + 1)), await up.uploadPart(3, "x")]).then((o) => o.size);
		},
		"/last-larger": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("larger"); return up.complete([await up.uploadPart(1, five), await up.uploadPart(2, new Uint8Array((5 << 20) + 1))]).then((o) => o.size); }, // @ the last part may not be the largest
		"/part-number": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("n"); return each({ zero: () => up.uploadPart(0, "x"), high: () => up.uploadPart(10001, "x"), top: async () => (await up.uploadPart(10000, "x")).partNumber }); },
		"/part-empty": async ({ env }) => { const up = await env.BUCKET.createMultipartUpload("pe"); return each({ empty: async () => up.complete([await up.uploadPart(1, "")]).then((o) => o.size) }); },
		"/key-1025": ({ env }) => env.BUCKET.createMultipartUpload("k".repeat(1025)).catch((e) => text(e)),
	}),
};
