// What a client sees of an error that the Worker throws.
class Special extends Error { constructor(m) { super(m); this.name = "Special"; } }

export default {
	async fetch(request, env, ctx) {
		switch (new URL(request.url).pathname) {
			case "/error": throw new Error("thrown by the Worker");
			case "/special": throw new Special("of a class of its own");
			case "/cause": throw new Error("outer", { cause: new TypeError("inner") });
			case "/string": throw "only a string";
			case "/null": throw null;
			case "/object": throw { not: "an error" };
			case "/later": await scheduler.wait(1); throw new Error("after a while");
			case "/nothing": return;
			case "/text": return "text";
			case "/used": { const r = new Response("x"); await r.text(); return r; }
			case "/reference": return new Response(missing.value);
			case "/wait-until": ctx.waitUntil(Promise.reject(new Error("afterwards"))); return new Response("answered");
			case "/pass-through": ctx.passThroughOnException(); throw new Error("passed through");
		}
		return new Response("fine");
	},
};
