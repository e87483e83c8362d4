// A consumer that fails, and the dead letter queue.
import { routes } from "../../lib.js";
import { log, seen, send } from "../log.js";

async function queue(batch, env) {
	const { messages } = batch;
	const first = messages[0].attempts === 1;
	switch (messages[0].body.test) {
		case "throw":
			await log(env, "throw", { attempts: messages.map((m) => m.attempts) });
			if (first) throw new Error("the consumer failed");
			return;
		case "ackThrow":
			for (const m of messages) await log(env, "ackThrow", { n: m.body.n, attempt: m.attempts });
			if (first) {
				messages.find((m) => m.body.n === 1)?.ack();
				throw new Error("after an ack");
			}
			return;
		case "dead":
			await log(env, "dead", { attempt: messages[0].attempts, queue: batch.queue });
			if (batch.queue === "errors") batch.retryAll();
	}
}

export default {
	queue,
	fetch: routes({
		"/send-throw": send("throw", 2),
		"/seen-throw": seen("throw"),
		"/send-ack-throw": send("ackThrow", 2),
		"/seen-ack-throw": seen("ackThrow"),
		"/send-dead": send("dead"),
		"/seen-dead": seen("dead"),
	}),
};
