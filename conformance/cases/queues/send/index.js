// Sending messages, and what is refused.
import { each, routes } from "../../lib.js";

const cyclic = {}; cyclic.self = cyclic;
const sent = (r) => ({ keys: Object.keys(r ?? {}), metrics: Object.keys(r?.metadata?.metrics ?? {}).sort() });

export default {
	queue() {}, // without a consumer the peer drops messages before it looks at its limits
	fetch: routes({
		"/send": async ({ env }) => sent(await env.QUEUE.send({ a: 1 })), // @ what send returns
		"/send-batch": async ({ env }) => sent(await env.QUEUE.sendBatch([{ body: 1 }, { body: 2 }])), // @ what sendBatch returns
		"/metrics": async ({ env }) => Object.keys(await env.QUEUE.metrics()).sort(),
		"/content-types": ({ env }) => each({
			json: async () => typeof (await env.QUEUE.send([1], { contentType: "json" })), text: async () => typeof (await env.QUEUE.send("t", { contentType: "text" })),
			bytes: async () => typeof (await env.QUEUE.send(new Uint8Array([1]), { contentType: "bytes" })), v8: async () => typeof (await env.QUEUE.send(new Map([[1, 2]]), { contentType: "v8" })),
		}),
		"/content-type-refused": ({ env }) => each({
			unknown: () => env.QUEUE.send("x", { contentType: "xml" }), text: () => env.QUEUE.send({ a: 1 }, { contentType: "text" }), bytes: () => env.QUEUE.send("x", { contentType: "bytes" }), buffer: () => env.QUEUE.send(new ArrayBuffer(2), { contentType: "bytes" }).then(() => "sent"),
			cyclic: () => env.QUEUE.send(cyclic, { contentType: "json" }), v8: () => env.QUEUE.send(() => 1, { contentType: "v8" }), batch: () => env.QUEUE.sendBatch([{ body: 1, contentType: "text" }]),
		}),
		"/undefined": ({ env }) => each({ none: () => env.QUEUE.send(), undefined: () => env.QUEUE.send(undefined), null: async () => typeof (await env.QUEUE.send(null)), batch: () => env.QUEUE.sendBatch([{}]) }),
		"/batch-empty": ({ env }) => env.QUEUE.sendBatch([]),
		"/batch-100": async ({ env }) => typeof (await env.QUEUE.sendBatch(Array.from({ length: 100 }, (_, i) => ({ body: i })))),
		"/batch-101": ({ env }) => env.QUEUE.sendBatch(Array.from({ length: 101 }, (_, i) => ({ body: i }))).then(() => "sent"),
		"/message-128000": async ({ env }) => typeof (await env.QUEUE.send("x".repeat(128000), { contentType: "text" })), // @ the largest message
		"/message-128001": ({ env }) => env.QUEUE.send("x".repeat(128001), { contentType: "text" }).then(() => "sent"),
		"/message-json-quotes": ({ env }) => env.QUEUE.send("x".repeat(127999)).then(() => "sent"), // @ the quotes of JSON count
		"/batch-message-128001": ({ env }) => env.QUEUE.sendBatch([{ body: "x", contentType: "text" }, { body: "x".repeat(128001), contentType: "text" }]).then(() => "sent"),
		"/batch-256000": async ({ env }) => typeof (await env.QUEUE.sendBatch([{ body: "x".repeat(128000), contentType: "text" }, { body: "x".repeat(120000), contentType: "text" }])),
		"/batch-290000": ({ env }) => env.QUEUE.sendBatch(Array.from({ length: 3 }, () => ({ body: "x".repeat(97000), contentType: "text" }))).then(() => "sent"), // @ a batch that is too large in all
		"/delay": ({ env }) => each({ zero: async () => typeof (await env.QUEUE.send(1, { delaySeconds: 0 })), day: async () => typeof (await env.QUEUE.send(1, { delaySeconds: 86400 })), more: () => env.QUEUE.send(1, { delaySeconds: 86401 }).then(() => "sent"), negative: () => env.QUEUE.send(1, { delaySeconds: -1 }).then(() => "sent"), batch: () => env.QUEUE.sendBatch([{ body: 1, delaySeconds: 86401 }]).then(() => "sent"), all: () => env.QUEUE.sendBatch([{ body: 1 }], { delaySeconds: 86401 }).then(() => "sent") }),
		"/delayed-binding": async ({ env }) => typeof (await env.DELAYED.send("later")), // @ a producer with delivery_delay
	}),
};
