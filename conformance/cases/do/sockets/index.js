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
		if (message === "stamp") return ws.send(String(this.ctx.getWebSocketAutoResponseTimestamp(ws) instanceof Date));
		if (message === "throw") throw new Error("in webSocketMessage");
		ws.send(typeof message === "string" ? "echo " + message : message);
	}
	async webSocketClose(ws, code, reason, clean) { await this.ctx.storage.put("closed", [code, reason, clean]); }
	async webSocketError(ws, error) { await this.ctx.storage.put("error", String(error)); }
	async closed() { return (await this.ctx.storage.get("closed")) ?? null; }
	atLimits() {
		const pair = () => Object.values(new WebSocketPair())[1];
		const tags = Array.from({ length: 10 }, (_, i) => String(i).repeat(256));
		const { ctx } = this;
		return each({
			tags: () => { const s = pair(); ctx.acceptWebSocket(s, tags); return ctx.getTags(s).length; }, byTag: () => ctx.getWebSockets(tags[9]).length, byOther: () => ctx.getWebSockets("nobody").length, all: () => ctx.getWebSockets().length,
			attachment: () => { const s = pair(); ctx.acceptWebSocket(s); s.serializeAttachment("x".repeat(16300)); return s.deserializeAttachment().length; }, noAttachment: () => { const s = pair(); ctx.acceptWebSocket(s); return s.deserializeAttachment(); },
			autoNone: () => ctx.getWebSocketAutoResponse(), auto: () => { ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("q".repeat(2048), "a".repeat(2048))); const p = ctx.getWebSocketAutoResponse(); return [p.request.length, p.response.length]; }, autoUnset: () => { ctx.setWebSocketAutoResponse(); return ctx.getWebSocketAutoResponse(); },
			timestamp: () => ctx.getWebSocketAutoResponseTimestamp(ctx.getWebSockets()[0]), timeout: () => { ctx.setHibernatableWebSocketEventTimeout(604800000); return ctx.getHibernatableWebSocketEventTimeout(); }, timeoutUnset: () => { ctx.setHibernatableWebSocketEventTimeout(); return ctx.getHibernatableWebSocketEventTimeout(); }, timeoutNegative: () => ctx.setHibernatableWebSocketEventTimeout(-1),
		});
	}
	refused() {
		const pair = () => Object.values(new WebSocketPair())[1];
		return each({
			twice: () => { const s = pair(); this.ctx.acceptWebSocket(s); this.ctx.acceptWebSocket(s); }, acceptAfter: () => { const s = pair(); this.ctx.acceptWebSocket(s); s.accept(); }, emptyTag: () => this.ctx.acceptWebSocket(pair(), [""]), sameTags: () => { const s = pair(); this.ctx.acceptWebSocket(s, ["a", "a"]); return this.ctx.getTags(s); },
			tagsOfOther: () => this.ctx.getTags(pair()), noSocket: () => this.ctx.acceptWebSocket({}), attachmentFunction: () => { const s = pair(); this.ctx.acceptWebSocket(s); s.serializeAttachment(() => 1); }, response: () => new WebSocketRequestResponsePair("x", "y".repeat(2049)) && this.ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("x", "y".repeat(2049))), beforeAccept: () => pair().serializeAttachment("x"),
		});
	}
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
		"/throws": socket,
		"/at-limits": ({ env }) => room(env, "at-limits").atLimits(), // @ what is still accepted, and what can be read back
		"/refused": ({ env }) => room(env, "refused").refused(),
		"/limits": ({ env }) => room(env, "limits").limits(),
	}),
};
