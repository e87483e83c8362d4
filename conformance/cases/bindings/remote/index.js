// Bindings that flint does not serve, and that the peer runs with an account or
// not at all: flint says so by name.
import { each, routes } from "../../lib.js";

export default {
	fetch: routes({
		"/used": ({ env }) => each({
			vectorize: () => env.VECTORIZE.query([1, 2]), browser: () => env.BROWSER.fetch("https://x/"), stream: () => env.STREAM.upload(), media: () => env.MEDIA.input(), websearch: () => env.WEBSEARCH.search("x"), mtls: () => env.MTLS.fetch("https://x/"), dispatch: () => env.DISPATCH.get("w"), vpc: () => env.VPC.fetch("https://x/"),
			network: () => env.NETWORK.fetch("https://x/"), pipeline: () => env.PIPELINE.send([{}]), loader: () => env.LOADER.get("x"), artifacts: () => env.ARTIFACTS.list(), flagship: () => env.FLAGS.get("f"), hello: () => env.HELLO.get(), search: () => env.SEARCH.search("x"), searches: () => env.SEARCHES.get("x"), memory: () => env.MEMORY.get("x"),
		}),
		"/looked-at": ({ env }) => ({ names: Object.keys(env).sort(), typeof: typeof env.VECTORIZE }), // @ to look at them is harmless
	}),
};
