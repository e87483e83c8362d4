// Keys that expire: on both sides a minute, the shortest time there is, goes by.
import { each, routes } from "../../lib.js";

const keys = async (env) => (await env.KV.list()).keys.map((k) => k.name);

export default {
	fetch: routes({
		"/put": async ({ env }) => {
			const now = Math.floor(Date.now() / 1000);
			await env.KV.put("stays", "v");
			await env.KV.put("ttl", "v", { expirationTtl: 60, metadata: { m: 1 } });
			await env.KV.put("date", "v", { expiration: now + 62 });
			await env.KV.put("kept", "v", { expirationTtl: 60 });
			await env.KV.put("kept", "put again without an expiration");
			return keys(env);
		},
		"/now": ({ env }) => each({ get: () => env.KV.get("ttl"), metadata: () => env.KV.getWithMetadata("ttl"), bulk: async () => [...(await env.KV.get(["ttl", "stays"]))] }),
		"/listed": ({ env }) => keys(env),
		"/later": ({ env }) => each({ // @ what expired is gone for every method
			get: () => env.KV.get("ttl"), date: () => env.KV.get("date"), metadata: () => env.KV.getWithMetadata("ttl"),
			bulk: async () => [...(await env.KV.get(["ttl", "stays"]))], bulkMetadata: async () => [...(await env.KV.getWithMetadata(["ttl"]))],
			list: () => keys(env), again: async () => { await env.KV.put("ttl", "new"); return env.KV.getWithMetadata("ttl"); },
		}),
	}),
};
