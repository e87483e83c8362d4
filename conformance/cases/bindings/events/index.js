// Events beside fetch(): e-mail, traces of other Workers, and what a scheduled event carries.
export default {
	async email(message, env) {
		if (message.to === "refuse@example.com") return message.setReject("no such user");
		await env.KV.put("email", JSON.stringify({ from: message.from, to: message.to, subject: message.headers.get("subject"), size: message.rawSize > 0, raw: (await new Response(message.raw).text()).includes("the body") }));
	},
	async tail(events, env) {
		await env.KV.put("tail", JSON.stringify(events.length > 0));
	},
	async scheduled(controller, env, ctx) {
		await env.KV.put("scheduled", JSON.stringify({ cron: controller.cron, time: controller.scheduledTime, type: controller.type, noRetry: typeof controller.noRetry, date: typeof controller.scheduledTime, props: ctx.props ?? null }));
	},
	async fetch(request, env) {
		const { pathname } = new URL(request.url);
		return new Response(await env.KV.get(pathname.slice(1)));
	},
};
