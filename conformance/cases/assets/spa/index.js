// A single-page application: the Worker first on some paths, the page elsewhere.
export default {
	async fetch(request, env) {
		const url = new URL(request.url);
		if (url.pathname === "/api/file.txt") return env.ASSETS.fetch(request);
		return new Response("Worker " + url.pathname);
	},
};
