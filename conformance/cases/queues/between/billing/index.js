// Consumes orders, sends receipts.
import { log } from "../../log.js";

export default {
	async queue(batch, env) {
		for (const m of batch.messages) {
			await log(env, m.body.test, { worker: "billing", queue: batch.queue, attempt: m.attempts, n: m.body.n });
			if (m.body.test === "order") await env.RECEIPTS.send(m.body);
			if (m.body.test === "dead") m.retry();
		}
	},
	async fetch(request, env) {
		await env.ORDERS.send({ test: "producers", n: 2 });
		return new Response("sent");
	},
};
