// What a Worker sees of a request, and what a client sees of its response.
import { each, routes } from "../../lib.js";

const volatile = ["accept-encoding", "cf-ray", "host", "cf-connecting-ip", "x-real-ip", "x-forwarded-for"];
const headersOf = (h) => Object.fromEntries([...h].map(([k, v]) => [k, volatile.includes(k) ? "(some)" : v]));

export default {
	fetch: routes({
		"/echo": async ({ request, url }) => ({ method: request.method, path: url.pathname + url.search, protocol: url.protocol, hostIsURL: request.headers.get("host") === url.host, body: await request.text(), redirect: request.redirect }),
		"/headers": ({ request }) => headersOf(request.headers),
		"/host": ({ request, url }) => ({ header: request.headers.get("host"), url: url.host }),
		"/cf": ({ request }) => Object.keys(request.cf ?? {}).sort(),
		"/cf-values": ({ request: { cf } }) => ({ colo: cf.colo, country: cf.country, city: cf.city, asn: typeof cf.asn, httpProtocol: cf.httpProtocol, tlsVersion: cf.tlsVersion, timezone: cf.timezone, continent: cf.continent, priority: cf.requestPriority ?? null, clientAcceptEncoding: cf.clientAcceptEncoding ?? null }),
		"/length": ({ request }) => request.headers.get("content-length"),
		"/encoding": ({ request }) => request.headers.get("accept-encoding"),
		"/env": ({ env }) => env,
		"/env-order": ({ env }) => env.OBJECT,
		"/compressible": () => Response.json({ text: "compressible ".repeat(200) }),
		"/status": ({ query }) => new Response(["101", "204", "205", "304"].includes(query.code) ? null : "body of " + query.code, { status: +query.code, statusText: query.text }),
		"/response-headers": () => { const h = new Headers({ "x-one": "1", "content-type": "text/x; charset=utf-8" }); h.append("set-cookie", "a=1; Path=/"); h.append("set-cookie", "b=2; HttpOnly"); h.append("x-many", "1"); h.append("x-many", "2"); return new Response("headers", { headers: h }); },
		"/redirect": () => Response.redirect("https://example.com/to", 302),
		"/json": () => Response.json({ ünï: "✓" }, { status: 201 }),
		"/no-type": () => new Response(new Uint8Array([104, 105])),
		"/empty": () => new Response(null),
		"/form": async ({ request }) => { const f = await request.formData(); return Object.fromEntries([...f].map(([k, v]) => [k, typeof v === "string" ? v : `${v.name} ${v.type} ${v.size}`])); },
		"/gzip": () => new Response("x".repeat(200), { headers: { "content-encoding": "gzip", "content-type": "text/plain" } }),
		"/clone": async ({ request }) => [await request.clone().text(), await request.text()],
		"/wait-until": async ({ ctx }) => { ctx.waitUntil(Promise.reject(new Error("after the response"))); return "answered"; },
		"/large-body": async ({ request }) => String((await request.arrayBuffer()).byteLength),
		"/cookies": ({ request }) => request.headers.get("cookie"),
		"/duplicate-headers": ({ request }) => request.headers.get("x-dup"),
		"/user-agent": () => navigator.userAgent,
		"/url": ({ request }) => request.url.replace(/^https?:\/\/[^/]*/, ""),
		"/fetch-self": async ({ url }) => { const r = await fetch(new URL("/json", url)); return { status: r.status, body: await r.text() }; },
		"/fetch-errors": () => each({ scheme: () => fetch("ftp://x"), relative: () => fetch("/x"), body: () => fetch("https://x.invalid", { method: "GET", body: "x" }), method: () => fetch("https://x.invalid", { method: "BAD METHOD" }) }),

	}),
};
