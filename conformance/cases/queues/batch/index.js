// What a batch and its messages are, and how every kind of body arrives.
import { failing, routes } from "../../lib.js";
import { log, seen } from "../log.js";

const cyclic = {}; cyclic.self = cyclic;
const view = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);

const bodies = {
	json: { null: null, yes: true, number: -1.5e21, zero: 0, text: "a\u2028\"\\", empty: "", list: [1, [2, { three: 3 }]], object: { a: { b: {} } }, date: new Date(0), nan: NaN, gone: { u: undefined, f() {} }, unicode: "é€😀", html: "<&>" },
	text: { plain: "text", empty: "", unicode: "é€😀", nul: "a\0b", lines: "a\r\nb\n" },
	bytes: { array: new Uint8Array([0, 128, 255]), empty: new Uint8Array(0), view, words: new Uint16Array([1, 256]), data: new DataView(new ArrayBuffer(2)) },
	v8: { map: new Map([["k", { v: 1 }]]), set: new Set([1, "2"]), date: new Date(86400000), bigint: 12345678901234567890n, regexp: /a+/gi, error: new TypeError("no"), undefined: { u: undefined }, nan: NaN, cyclic, array: new Uint8Array([1, 2]), text: "text", null: null, sparse: [1, , 3] },
};

// shown describes a value, cycles and all.
function shown(v) {
	if (v === cyclic || (typeof v === "object" && v !== null && v.self === v)) return "cyclic";
	const tag = Object.prototype.toString.call(v).slice(8, -1);
	if (ArrayBuffer.isView(v)) return `${tag} ${[...new Uint8Array(v.buffer, v.byteOffset, v.byteLength)]}`;
	if (v instanceof ArrayBuffer) return `${tag} ${[...new Uint8Array(v)]}`;
	if (v instanceof Map || v instanceof Set) return `${tag} ${JSON.stringify([...v])}`;
	if (v instanceof Error) return `${tag} ${v.name} ${v.message}`;
	if (Array.isArray(v)) return `${tag} ${JSON.stringify(v)} ${Object.keys(v)}`;
	if (tag === "Object") return `${tag} ${JSON.stringify(v)} ${Object.keys(v)}`;
	return `${tag} ${typeof v === "string" ? JSON.stringify(v) : Object.is(v, -0) ? "-0" : String(v)}`;
}

async function queue(batch, env) {
	const { messages } = batch;
	if (batch.queue === "batch-order") return log(env, "order", { attempt: batch.metadata.metrics.backlogCount >= 0 ? 1 : 0, ns: messages.map((m) => m.body).join() });
	const name = messages[0].body?.name ?? "kinds";
	if (name === "properties") {
		const [m] = messages;
		const { metrics } = batch.metadata;
		return log(env, name, {
			queue: batch.queue, isArray: Array.isArray(messages), size: messages.length, frozen: Object.isFrozen(messages),
			id: /^[0-9a-f]{32}$/.test(m.id), distinct: new Set(messages.map((o) => o.id)).size,
			timestamp: m.timestamp instanceof Date && Math.abs(Date.now() - m.timestamp) < 60_000, same: m.timestamp === m.timestamp,
			attempts: m.attempts, sameBody: m.body === m.body, metrics: Object.entries(metrics).map(([k, v]) => `${k} ${typeof v}`).sort(),
			assign: await failing(() => { m.body = 1; return m.body.name; }), push: await failing(() => messages.push(1)),
			names: [batch.constructor.name, m.constructor.name, batch.ackAll(), m.ack()].map(String),
		});
	}
	let i = 0;
	for (const kind of Object.keys(bodies)) for (const key of Object.keys(bodies[kind])) await log(env, kind, { key, got: shown(messages[i++].body) });
}

export default {
	queue,
	fetch: routes({
		"/send-kinds": async ({ env }) => { await env.QUEUE.sendBatch(Object.entries(bodies).flatMap(([contentType, all]) => Object.values(all).map((body) => ({ body, contentType })))); return "sent"; },
		"/json": seen("json"),
		"/text": seen("text"),
		"/bytes": seen("bytes"),
		"/v8": seen("v8"),
		"/send-properties": async ({ env }) => { await env.QUEUE.sendBatch([{ body: { name: "properties" } }, { body: { name: "properties" } }]); return "sent"; },
		"/properties": seen("properties"),
		"/send-order": async ({ env }) => { for (let i = 0; i < 50; i += 5) await env.ORDER.sendBatch([0, 1, 2, 3, 4].map((n) => ({ body: i + n }))); return "sent"; },
		"/order": seen("order"), // @ first in, first out
	}),
};
