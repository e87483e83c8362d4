// What a consumer receives, acknowledges and asks again for. Each message names the
// test it belongs to; the consumer writes down what it saw in KV.
import { routes } from "../../lib.js";

const log = (env, test, entry) => env.LOG.put(`${test}/${crypto.randomUUID()}`, JSON.stringify(entry));
async function read(env, test) {
	const { keys } = await env.LOG.list({ prefix: test + "/" });
	const entries = await Promise.all(keys.map((k) => env.LOG.get(k.name, "json")));
	return entries.sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0) || JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

const handlers = {
	async types(message, batch, env) {
		const body = message.body.test ? message.body.value : message.body;
		await log(env, "types", { type: Object.prototype.toString.call(body), queue: batch.queue, id: /^[0-9a-f-]{32,36}$/.test(message.id), date: message.timestamp instanceof Date, attempts: message.attempts });
	},
	async retry(message, batch, env) {
		await log(env, "retry", { attempt: message.attempts });
		if (message.attempts < 2) message.retry();
	},
	async dead(message, batch, env) {
		await log(env, "dead", { attempt: message.attempts, queue: batch.queue });
		if (batch.queue === "consume") message.retry();
	},
	async late(message, batch, env) {
		await log(env, "late", { queue: batch.queue, seconds: Math.round((Date.now() - message.body.sent) / 1000) >= 2 });
	},
	async delayedRetry(message, batch, env) {
		await log(env, "delayedRetry", { attempt: message.attempts, late: message.attempts === 1 || Date.now() - message.body.sent >= 1900 });
		if (message.attempts === 1) message.retry({ delaySeconds: 2 });
	},
};

async function queue(batch, env) {
	const tests = batch.messages.map((m) => m.body.test ?? "types");
	if (tests[0] === "batch") return void (await log(env, "batch", { size: batch.messages.length, bodies: batch.messages.map((m) => m.body.n).join() }));
	if (tests[0] === "throw") {
		await log(env, "throw", { attempts: batch.messages.map((m) => m.attempts) });
		if (batch.messages[0].attempts === 1) throw new Error("the consumer failed");
		return;
	}
	if (tests[0] === "ackThrow") { // the first message is acknowledged before the throw
		for (const m of batch.messages) await log(env, "ackThrow", { n: m.body.n, attempt: m.attempts });
		if (batch.messages.some((m) => m.attempts === 1)) {
			batch.messages.find((m) => m.body.n === 1)?.ack();
			throw new Error("after an ack");
		}
		return;
	}
	if (tests[0] === "retryAll") {
		await log(env, "retryAll", { attempt: batch.messages[0].attempts, size: batch.messages.length });
		if (batch.messages[0].attempts === 1) { batch.messages[0].ack(); batch.retryAll(); }
		return;
	}
	for (const m of batch.messages) await handlers[m.body.test ?? "types"](m, batch, env);
}

const send = (test, count = 1) => async ({ env }) => { await env.QUEUE.sendBatch(Array.from({ length: count }, (_, n) => ({ body: { test, n: n + 1, sent: Date.now() } }))); return "sent"; };
const seen = (test) => ({ env }) => read(env, test);

export default {
	queue,
	fetch: routes({
		"/send-types": async ({ env }) => {
			await env.QUEUE.sendBatch([{ body: { test: "types", value: { a: 1 } } }, { body: "plain text", contentType: "text" }, { body: new Uint8Array([1, 2]), contentType: "bytes" }, { body: new Map([["k", new Date(0)]]), contentType: "v8" }]);
			return "sent";
		},
		"/seen-types": seen("types"), // @ every content type arrives as what it was
		"/send-batch": send("batch", 7),
		"/seen-batch": seen("batch"), // @ a full batch at once, the rest after the timeout
		"/send-retry": send("retry"),
		"/seen-retry": seen("retry"),
		"/send-throw": send("throw", 2),
		"/seen-throw": seen("throw"), // @ a throw asks for the whole batch again
		"/send-ack-throw": send("ackThrow", 2),
		"/seen-ack-throw": seen("ackThrow"), // @ what was acknowledged before a throw is not delivered again
		"/send-retry-all": send("retryAll", 3),
		"/seen-retry-all": seen("retryAll"), // @ the first ack wins over retryAll
		"/send-dead": send("dead"),
		"/seen-dead": seen("dead"), // @ after max_retries the message goes to the dead letter queue
		"/send-delayed-retry": send("delayedRetry"),
		"/seen-delayed-retry": seen("delayedRetry"),
		"/send-late": async ({ env }) => { await env.DELAYED.send({ test: "late", sent: Date.now() }); return "sent"; },
		"/seen-late": seen("late"), // @ delivery_delay of the producer
	}),
};
