// What becomes of messages, by what a consumer calls and in which order. Each test has its queue.
import { routes } from "../../lib.js";
import { log, seen } from "../log.js";

// What is done with the first delivery.
const first = {
	"ack-all": (batch) => { batch.ackAll(); throw new Error("after ackAll()"); },
	"returns": () => {},
	"ack-then-retry": (batch) => { for (const m of batch.messages) { m.ack(); m.retry(); } },
	"retry-then-ack": (batch) => { for (const m of batch.messages) { m.retry(); m.ack(); } },
	"retry-all-then-ack-all": (batch) => { batch.retryAll(); batch.ackAll(); },
	"ack-all-then-retry-all": (batch) => { batch.ackAll(); batch.retryAll(); },
	"retry-all-delay": (batch) => batch.retryAll({ delaySeconds: 2 }),
	"partly": (batch) => batch.messages.find((m) => m.body.n === 1).retry(),
	"wait-until": (batch, env, ctx) => ctx.waitUntil(log(env, "wait-until", { attempt: 0, later: true })),
	"retry-delay": (batch) => batch.retryAll(),
};

async function queue(batch, env, ctx) {
	const [m] = batch.messages;
	const late = m.attempts > 1 && Date.now() - m.body.sent >= 1900;
	await log(env, batch.queue, { attempt: m.attempts, ns: batch.messages.map((o) => o.body.n).sort().join(), late });
	if (m.attempts === 1) await first[batch.queue](batch, env, ctx);
}

const send = (test) => ({ env }) => env[test.toUpperCase().replaceAll("-", "_")].sendBatch([1, 2, 3].map((n) => ({ body: { n, sent: Date.now() } }))).then(() => "sent");

export default {
	queue,
	fetch: routes(Object.fromEntries(Object.keys(first).flatMap((t) => [[`/send/${t}`, send(t)], [`/seen/${t}`, seen(t)]]))),
};
