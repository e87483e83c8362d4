// The options of send and sendBatch that the other cases leave out, and what they return.
import { each, routes } from "../../lib.js";

const sent = async (p) => typeof (await p);
const count = async (f) => (await f).metadata.metrics.backlogCount;

export default {
	fetch: routes({
		"/metrics-empty": ({ env }) => env.QUEUE.metrics(), // @ a queue without messages
		"/metrics-types": async ({ env }) => { // @ what the metrics hold, a message of ten bytes later
			const { metadata } = await env.QUEUE.send("x".repeat(10), { contentType: "text" });
			const m = await env.QUEUE.metrics();
			return { send: Object.keys(metadata), backlogCount: typeof m.backlogCount, backlogBytes: typeof m.backlogBytes, oldest: m.oldestMessageTimestamp instanceof Date };
		},
		"/send-none": ({ env }) => each({ null: () => sent(env.QUEUE.send(1, null)), undefined: () => sent(env.QUEUE.send(1, undefined)), empty: () => sent(env.QUEUE.send(1, {})), undefineds: () => sent(env.QUEUE.send(1, { contentType: undefined, delaySeconds: undefined })), nullType: () => sent(env.QUEUE.send(1, { contentType: null })) }),
		"/batch-none": ({ env }) => each({ null: () => sent(env.QUEUE.sendBatch([{ body: 1 }], null)), empty: () => sent(env.QUEUE.sendBatch([{ body: 1 }], {})), undefineds: () => sent(env.QUEUE.sendBatch([{ body: 1, contentType: undefined, delaySeconds: undefined }], { delaySeconds: undefined })) }),
		"/iterables": ({ env }) => each({ // @ sendBatch takes whatever can be iterated over
			set: () => sent(env.QUEUE.sendBatch(new Set([{ body: 1 }]))), generator: () => sent(env.QUEUE.sendBatch((function* () { yield { body: 1 }; yield { body: 2 }; })())), array: () => sent(env.QUEUE.sendBatch([{ body: 1 }])),
			object: () => env.QUEUE.sendBatch({ body: 1 }), none: () => env.QUEUE.sendBatch(), numbers: () => env.QUEUE.sendBatch([1]), emptySet: () => env.QUEUE.sendBatch(new Set()),
		}),
		"/delays": ({ env }) => each({ // @ every place for a delay
			send: () => sent(env.QUEUE.send(1, { delaySeconds: 3600 })), message: () => sent(env.QUEUE.sendBatch([{ body: 1, delaySeconds: 3600 }])), batch: () => sent(env.QUEUE.sendBatch([{ body: 1 }], { delaySeconds: 3600 })), both: () => sent(env.QUEUE.sendBatch([{ body: 1, delaySeconds: 0 }], { delaySeconds: 3600 })),
			text: () => sent(env.QUEUE.send(1, { delaySeconds: "5" })), fraction: () => sent(env.QUEUE.send(1, { delaySeconds: 1.5 })), nan: () => sent(env.QUEUE.send(1, { delaySeconds: "soon" })),
		}),
		"/values": ({ env }) => each({ // @ what JSON makes of a value
			false: () => sent(env.QUEUE.send(false)), zero: () => sent(env.QUEUE.send(0)), empty: () => sent(env.QUEUE.send("")), date: () => sent(env.QUEUE.send(new Date(0))), bigint: () => sent(env.QUEUE.send(1n)), function: () => sent(env.QUEUE.send(() => 1)), symbol: () => sent(env.QUEUE.send(Symbol("s"))),
			emptyText: () => sent(env.QUEUE.send("", { contentType: "text" })), emptyBytes: () => sent(env.QUEUE.send(new Uint8Array(0), { contentType: "bytes" })), dataView: () => sent(env.QUEUE.send(new DataView(new ArrayBuffer(2)), { contentType: "bytes" })), v8Cyclic: () => { const o = {}; o.o = o; return sent(env.QUEUE.send(o, { contentType: "v8" })); },
		}),
		"/backlog": async ({ env }) => { // @ how a backlog grows with each message
			const one = await count(env.QUEUE.send("m")); const three = await count(env.QUEUE.sendBatch([{ body: 1 }, { body: 2 }]));
			return three - one;
		},
	}),
};
