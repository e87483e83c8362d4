// A Worker that is named as a consumer and has no queue() handler.
import { routes } from "../../lib.js";

export default {
	fetch: routes({
		"/send": async ({ env }) => { await env.QUEUE.send("kept"); return "sent"; },
		"/backlog": async ({ env }) => { // @ after a delivery was tried
			await scheduler.wait(1500);
			return (await env.QUEUE.metrics()).backlogCount;
		},
	}),
};
