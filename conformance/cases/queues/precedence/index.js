// Which of several calls on a message and its batch counts. Each message is a batch of its own.
import { each, failing, routes } from "../../lib.js";
import { log, seen } from "../log.js";

const sleep = () => scheduler.wait(5);

// What is done with the first delivery: of these the message comes again …
const again = {
	"retry-then-ack-all": (b, m) => { m.retry(); b.ackAll(); },
	"retry-all-then-ack": (b, m) => { b.retryAll(); m.ack(); },
	"retry-then-throw": (b, m) => { m.retry(); throw new Error("after retry()"); },
	"retry-all-then-throw": (b) => { b.retryAll(); throw new Error("after retryAll()"); },
	"rejects": async () => { await sleep(); throw new Error("later"); },
	"retry-zero": (b, m) => m.retry({ delaySeconds: 0 }),
	"retry-nothing": (b, m) => { m.retry(undefined); },
	"retry-twice": (b, m) => { m.retry(); m.retry({ delaySeconds: 0 }); },
	"retry-all-twice": (b) => { b.retryAll(); b.retryAll({}); },
	"retry-after-await": async (b, m) => { await sleep(); m.retry(); },
};
// … and of these it does not.
const once = {
	"ack-then-retry-all": (b, m) => { m.ack(); b.retryAll(); },
	"ack-all-then-retry": (b, m) => { b.ackAll(); m.retry(); },
	"ack-twice": (b, m) => { m.ack(); m.ack(); },
	"ack-all-twice": (b) => { b.ackAll(); b.ackAll(); },
	"ack-after-await": async (b, m) => { await sleep(); m.ack(); },
	"returns-a-value": () => ({ retry: true }),
};

// What is refused, in words.
const refused = (b, m) => each(Object.fromEntries([["text", { delaySeconds: "soon" }], ["number", 5], ["null", null], ["day", { delaySeconds: 86400 }], ["more", { delaySeconds: 86401 }], ["negative", { delaySeconds: -1 }]].flatMap(
	([name, options]) => [[name, () => String(m.retry(options))], ["all " + name, () => String(b.retryAll(options))]])));

const first = { ...again, ...once };

export default {
	async queue(batch, env) {
		const [m] = batch.messages;
		if (m.body === "refused") return m.attempts === 1 ? log(env, "refused", await refused(batch, m)) : undefined;
		if (m.body === "detached") return log(env, "detached", { ack: await failing(() => (0, m.ack)()), retry: await failing(() => (0, batch.retryAll)()) });
		await log(env, m.body, { attempt: m.attempts });
		if (m.attempts === 1) return first[m.body](batch, m);
	},
	fetch: routes({
		"/send": async ({ env }) => { await env.QUEUE.sendBatch([...Object.keys(first), "refused", "detached"].map((body) => ({ body }))); return "sent"; },
		"/refused": seen("refused"),
		"/detached": seen("detached"),
		...Object.fromEntries(Object.keys(first).map((t) => ["/" + t, seen(t)])),
	}),
};
