// WebSockets of a Worker without Durable Objects.
export default {
	async fetch(request) {
		const url = new URL(request.url);
		if (request.headers.get("upgrade") !== "websocket") return new Response("expected a WebSocket", { status: 426 });
		if (url.pathname === "/refuse") return new Response("no sockets today", { status: 403 });
		const [client, server] = Object.values(new WebSocketPair());
		server.accept();
		server.addEventListener("message", ({ data }) => {
			if (data === "bye") return server.close(1000, "bye");
			if (data === "code") return server.close(4321, "a code of its own");
			if (data === "many") for (let i = 0; i < 3; i++) server.send("message " + i);
			if (typeof data !== "string") return server.send(data);
			if (data.startsWith("large")) return server.send("x".repeat(100_000));
			server.send("echo " + data);
		});
		if (url.pathname === "/greet") server.send("welcome");
		const headers = new Headers({ "x-socket": "yes" });
		if (request.headers.get("sec-websocket-protocol")) headers.set("sec-websocket-protocol", "chat");
		return new Response(null, { status: 101, webSocket: client, headers });
	},
};
