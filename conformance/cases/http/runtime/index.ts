// TypeScript, text modules, Node.js compatibility, Web APIs: what a bundle may use.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { AsyncLocalStorage } from "node:async_hooks";
import { each, hex, routes } from "../../lib.js";
import { Colour, typed } from "./helper";
import note from "./note.txt";

declare const BUILD_WORD: string;
const local = new AsyncLocalStorage<string>();

export default {
	fetch: routes({
		"/typescript": () => ({ colour: Colour.Blue, typed: typed<number>(3), define: BUILD_WORD }),
		"/text-module": () => note,
		"/node": () => ({ buffer: Buffer.from("é").toString("base64"), hash: createHash("sha256").update("x").digest("hex").slice(0, 8), env: typeof process.env, local: local.run("inside", () => local.getStore()) }),
		"/crypto": async () => { const k = await crypto.subtle.importKey("raw", new TextEncoder().encode("key"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]); return { hmac: hex(await crypto.subtle.sign("HMAC", k, new TextEncoder().encode("x"))).slice(0, 16), uuid: crypto.randomUUID().length, timing: crypto.subtle.timingSafeEqual(new Uint8Array([1]), new Uint8Array([1])) }; },
		"/globals": () => each({ URLPattern: () => new URLPattern({ pathname: "/a/:b" }).exec("https://x/a/c")?.pathname.groups.b, structuredClone: () => structuredClone({ a: new Date(0) }).a.getTime(), base64: () => btoa("x"), abort: () => AbortSignal.timeout(5).aborted, eval: () => eval("1"), newFunction: () => new Function("return 1")() }),
		"/timers": async () => { const out: string[] = []; setTimeout(() => out.push("t"), 5); await scheduler.wait(20); return out; },
		"/dynamic-import": async () => (await import("./helper")).Colour.Red,
	}),
};
