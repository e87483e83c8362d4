// WebSockets that a Durable Object accepts, with and without hibernation.
import { DurableObject } from "cloudflare:workers";
import { each, routes } from "../../lib.js";

export class Room extends DurableObject {
	async fetch(request) {
		const url = new URL(request.url);
		const [client, server] = Object.values(new WebSocketPair());
		if (url.pathname === "/plain") {
			server.accept();
			server.addEventListener("message", (e) => { if (e.data === "bye") server.close(4000, "plain bye"); else server.send("plain " + e.data); });
		} else {
			this.ctx.acceptWebSocket(server, ["tag", url.searchParams.get("tag") ?? "none"]);
			server.serializeAttachment({ name: url.searchParams.get("tag"), seen: 0 });
			this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
		}
		return new Response(null, { status: 101, webSocket: client });
	}
	async webSocketMessage(ws, message) {
		const state = ws.deserializeAttachment();
		state.seen++;
		ws.serializeAttachment(state);
		if (message === "bye") return ws.close(1000, "bye yourself");
		if (message === "who") return ws.send(JSON.stringify({ tags: this.ctx.getTags(ws), sockets: this.ctx.getWebSockets("tag").length, state, auto: ws.readyState }));
		if (message === "throw") throw new Error("in webSocketMessage");
		ws.send(typeof message === "string" ? "echo " + message : message);
	}
	async webSocketClose(ws, code, reason, clean) { await this.ctx.storage.put("closed", [code, reason, clean]); }
	async closed() { return (await this.ctx.storage.get("closed")) ?? null; }
	limits() {
		const pair = () => Object.values(new WebSocketPair())[1];
		return each({
			tags: () => this.ctx.acceptWebSocket(pair(), Array.from({ length: 11 }, (_, i) => "t" + i)), tag: () => this.ctx.acceptWebSocket(pair(), ["t".repeat(257)]), accepted: () => { const s = pair(); s.accept(); this.ctx.acceptWebSocket(s); },
			auto: () => this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("x".repeat(2049), "y")), attachment: () => { const s = pair(); this.ctx.acceptWebSocket(s); s.serializeAttachment("x".repeat(17000)); }, timeout: () => { this.ctx.setHibernatableWebSocketEventTimeout(604800001); },
		});
	}
}
const room = (env, name = "room") => env.OBJECT.getByName(name);
const socket = ({ request, env, url }) => room(env, url.pathname).fetch(request);

export default {
	fetch: routes({
		"/plain": socket,
		"/hibernate": socket,
		"/closed": ({ env }) => room(env, "/hibernate").closed(),
		"/limits": ({ env }) => room(env, "limits").limits(),
	}),
};
