// Consumes the dead letters.
import { log } from "../../log.js";

export default {
	async queue(batch, env) {
		for (const m of batch.messages) await log(env, m.body.test, { worker: "morgue", queue: batch.queue, attempt: m.attempts, n: m.body.n });
	},
};
