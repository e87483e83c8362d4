// The order of messages over batches, and what a dead letter still is.
import { routes } from "../../lib.js";
import { log, seen } from "../log.js";

const type = (v) => Object.prototype.toString.call(v).slice(8, -1);

async function queue(batch, env) {
	if (batch.queue === "order") {
		order.push(...batch.messages.map((m) => m.body));
		if (order.length >= 23) await log(env, "order", { order: order.join() });
		return;
	}
	for (const m of batch.messages) {
		if (batch.queue === "failing") first = { id: m.id, time: m.timestamp.getTime() };
		else await log(env, "letter", { body: type(m.body), k: m.body.get?.("k"), attempts: m.attempts, id: m.id === first.id, time: m.timestamp.getTime() === first.time });
	}
	if (batch.queue === "failing") batch.retryAll();
}

const order = [];
let first;

export default {
	queue,
	fetch: routes({
		"/send-order": async ({ env }) => {
			await env.ORDER.sendBatch(Array.from({ length: 10 }, (_, i) => ({ body: i + 1 })));
			for (let i = 11; i <= 13; i++) await env.ORDER.send(i);
			await env.ORDER.sendBatch(Array.from({ length: 10 }, (_, i) => ({ body: i + 14 })));
			return "sent";
		},
		"/seen-order": seen("order"), // @ first in, first out over batches
		"/send-letter": async ({ env }) => { await env.FAILING.send(new Map([["k", 1]]), { contentType: "v8" }); return "sent"; },
		"/seen-letter": seen("letter"), // @ a dead letter keeps its body, id and time
	}),
};
