// What a consumer saw, written down in KV for the steps to read.
export const log = (env, test, entry) => env.LOG.put(`${test}/${crypto.randomUUID()}`, JSON.stringify(entry));

export async function read(env, test) {
	const { keys } = await env.LOG.list({ prefix: test + "/" });
	const entries = await Promise.all(keys.map((k) => env.LOG.get(k.name, "json")));
	return entries.sort((a, b) => (a.attempt ?? 0) - (b.attempt ?? 0) || (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

// send is a route that sends count messages that name their test.
export const send = (test, count = 1) => async ({ env }) => {
	await env.QUEUE.sendBatch(Array.from({ length: count }, (_, n) => ({ body: { test, n: n + 1, sent: Date.now() } })));
	return "sent";
};

export const seen = (test) => ({ env }) => read(env, test);
