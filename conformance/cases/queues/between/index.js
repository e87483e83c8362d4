// Producers and consumers in different Workers. This one sends orders and consumes receipts.
import { routes } from "../../lib.js";
import { log, seen } from "../log.js";

export default {
	async queue(batch, env) {
		for (const m of batch.messages) await log(env, m.body.test, { worker: "shop", queue: batch.queue, attempt: m.attempts, n: m.body.n });
	},
	fetch: routes({
		"/order": async ({ env }) => { await env.ORDERS.send({ test: "order", n: 1 }); return "sent"; }, // @ one Worker sends, another consumes, and sends back
		"/seen-order": seen("order"),
		"/two-bindings": async ({ env }) => { await env.ORDERS.send({ test: "two", n: 1 }); await env.AGAIN.send({ test: "two", n: 2 }); return "sent"; }, // @ two bindings of one queue
		"/seen-two": seen("two"),
		"/two-producers": async ({ env }) => { await env.ORDERS.send({ test: "producers", n: 1 }); return (await env.BILLING.fetch("http://x/send")).text(); }, // @ a queue that two Workers send to
		"/seen-producers": seen("producers"),
		"/dead": async ({ env }) => { await env.ORDERS.send({ test: "dead", n: 1 }); return "sent"; }, // @ dead letters with a consumer in a third Worker
		"/seen-dead": seen("dead"),
	}),
};
