// What a consumer receives, acknowledges and asks again for.
import { routes } from "../../lib.js";
import { log, seen, send } from "../log.js";

const type = (v) => Object.prototype.toString.call(v);

async function queue(batch, env) {
	const { messages } = batch;
	switch (messages[0].body?.test) {
		case "batch":
			return log(env, "batch", { size: messages.length, bodies: messages.map((m) => m.body.n).join() });
		case "retry":
			for (const m of messages) {
				await log(env, "retry", { attempt: m.attempts });
				if (m.attempts < 2) m.retry();
			}
			return;
		case "retryAll":
			await log(env, "retryAll", { attempt: messages[0].attempts, size: messages.length });
			if (messages[0].attempts === 1) {
				messages[0].ack();
				batch.retryAll();
			}
			return;
	}
	for (const m of messages) {
		const known = /^[0-9a-f-]{32,36}$/.test(m.id) && m.timestamp instanceof Date;
		await log(env, "types", { type: type(m.body), queue: batch.queue, known, attempts: m.attempts });
	}
}

export default {
	queue,
	fetch: routes({
		"/send-types": async ({ env }) => {
			await env.QUEUE.sendBatch([
				{ body: { a: 1 } },
				{ body: "plain text", contentType: "text" },
				{ body: new Uint8Array([1, 2]), contentType: "bytes" },
				{ body: new Map([["k", new Date(0)]]), contentType: "v8" },
			]);
			return "sent";
		},
		"/seen-types": seen("types"),
		"/send-batch": send("batch", 7),
		"/seen-batch": seen("batch"),
		"/send-retry": send("retry"),
		"/seen-retry": seen("retry"),
		"/send-retry-all": send("retryAll", 3),
		"/seen-retry-all": seen("retryAll"),
	}),
};
