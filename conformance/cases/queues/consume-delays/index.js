// Delays of the producer, and of what is asked for again.
import { routes } from "../../lib.js";
import { log, seen, send } from "../log.js";

async function queue(batch, env) {
	for (const m of batch.messages) {
		const waited = Date.now() - m.body.sent;
		if (m.body.test === "late") {
			await log(env, "late", { queue: batch.queue, late: waited >= 1900 });
			continue;
		}
		await log(env, "delayedRetry", { attempt: m.attempts, late: m.attempts === 1 || waited >= 1900 });
		if (m.attempts === 1) m.retry({ delaySeconds: 2 });
	}
}

export default {
	queue,
	fetch: routes({
		"/send-delayed-retry": send("delayedRetry"),
		"/seen-delayed-retry": seen("delayedRetry"),
		"/send-late": async ({ env }) => {
			await env.DELAYED.send({ test: "late", sent: Date.now() });
			return "sent";
		},
		"/seen-late": seen("late"),
	}),
};
