// Static files in front of a Worker, and the ASSETS binding.
import { routes } from "../../lib.js";

const via = async (env, path, init) => { const r = await env.ASSETS.fetch(new Request("https://assets.local" + path, { redirect: "manual", ...init })); return { status: r.status, type: r.headers.get("content-type"), location: r.headers.get("location"), body: (await r.text()).slice(0, 40) }; };

export default {
	fetch: routes({
		"/api": () => "from the Worker",
		"/via/file": ({ env }) => via(env, "/hello.txt"),
		"/via/index": ({ env }) => via(env, "/"),
		"/via/missing": ({ env }) => via(env, "/none"),
		"/via/html": ({ env }) => via(env, "/about.html"),
		"/via/post": ({ env }) => via(env, "/hello.txt", { method: "POST" }),
	}),
};
