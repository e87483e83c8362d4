// Bodies that flow: chunks, server-sent events, transforms and breaks.
import { routes } from "../../lib.js";

const encode = (s) => new TextEncoder().encode(s);
function slow(parts, ms, fail) {
	return new ReadableStream({
		async start(c) {
			for (const p of parts) { c.enqueue(encode(p)); await scheduler.wait(ms); }
			fail ? c.error(new Error("the stream broke")) : c.close();
		},
	});
}

export default {
	fetch: routes({
		"/chunks": () => new Response(slow(["one", "two", "three"], 250)),
		"/events": () => new Response(slow(["data: 1\n\n", "data: 2\n\n", "data: [DONE]\n\n"], 250), { headers: { "content-type": "text/event-stream" } }),
		"/break": () => new Response(slow(["before"], 250, true)),
		"/fixed": () => { const { readable, writable } = new FixedLengthStream(6); const w = writable.getWriter(); w.write(encode("abc")).then(() => w.write(encode("def"))).then(() => w.close()); return new Response(readable); },
		"/fixed-wrong": () => { const { readable, writable } = new FixedLengthStream(6); const w = writable.getWriter(); w.write(encode("abc")).then(() => w.close()).catch(() => {}); return new Response(readable); },
		"/echo": ({ request }) => new Response(request.body, { headers: { "x-length": request.headers.get("content-length") ?? "none" } }),
		"/transform": ({ request }) => new Response(request.body.pipeThrough(new TextDecoderStream()).pipeThrough(new TransformStream({ transform: (s, c) => c.enqueue(s.toUpperCase()) })).pipeThrough(new TextEncoderStream())),
		"/tee": async ({ request }) => { const [a, b] = request.body.tee(); return [await new Response(a).text(), await new Response(b).text()]; },
		"/large": () => { let n = 0; return new Response(new ReadableStream({ pull(c) { if (n++ === 64) return c.close(); c.enqueue(new Uint8Array(65536).fill(n)); } })); },
		"/compress": () => new Response(new Response("z".repeat(5000)).body.pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip"))),
		"/rewriter": () => new HTMLRewriter().on("p", { element(e) { e.setInnerContent("rewritten"); e.setAttribute("class", "x"); } }).transform(new Response("<div><p>old</p></div>", { headers: { "content-type": "text/html" } })),
	}),
};
