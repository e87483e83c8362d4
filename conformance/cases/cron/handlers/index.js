// Scheduled events that are asked for by hand.
export default {
	async scheduled(event, env, ctx) {
		await env.KV.put("last", JSON.stringify({ cron: event.cron, time: event.scheduledTime, type: event.type }));
		if (event.cron === "1 1 1 1 *") throw new Error("the handler failed");
		if (event.cron === "2 2 2 2 *") event.noRetry();
		ctx.waitUntil(env.KV.put("after", "waited"));
	},
	async fetch(request, env) {
		return Response.json({ last: await env.KV.get("last", "json"), after: await env.KV.get("after") });
	},
};
