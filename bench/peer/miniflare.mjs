// Bare Miniflare for the bench: no Wrangler around it, state in a folder, a
// reload whenever the source is saved. Prints {"url"} once it answers.
// Usage: node miniflare.mjs PEER PROJECT STATE, where PEER holds node_modules.
import { watch } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const [peer, project, state] = process.argv.slice(2);
const require = createRequire(join(peer, "package.json"));
const { build } = require("esbuild");
const { Miniflare, convertV4MiniflareOptions } = require("miniflare");

// What the Wrangler files of the projects say.
const projects = {
	bench: {
		kvNamespaces: { KV: "bench-kv", GROWN: "bench-grown" },
		d1Databases: { DB: "bench-d1" },
		r2Buckets: { BUCKET: "bench", HEAP: "bench-heap" },
		queueProducers: { QUEUE: "bench", FLOW: "bench-flow" },
		queueConsumers: { "bench-flow": { maxBatchSize: 1, maxBatchTimeout: 0 } },
	},
	site: {
		assets: {
			directory: join(project, "public"),
			routerConfig: { has_user_worker: true },
			assetConfig: {},
		},
	},
};

async function options() {
	const out = await build({
		entryPoints: [join(project, "src", "index.ts")], bundle: true, write: false, format: "esm", target: "esnext",
	});
	const name = project.endsWith("site") ? "site" : "bench";
	return convertV4MiniflareOptions({
		host: "127.0.0.1", port: 0, telemetry: { enabled: false }, resourcePersistencePath: state, name,
		compatibilityDate: "2026-01-01", ...projects[name],
		modules: [{ type: "ESModule", path: "index.js", contents: out.outputFiles[0].text }],
	});
}

const miniflare = new Miniflare(await options());
console.log(JSON.stringify({ url: (await miniflare.ready).origin }));

let reloading = Promise.resolve();
watch(join(project, "src"), () => {
	reloading = reloading.then(async () => miniflare.setOptions(await options())).catch(() => {}); // half-written: the next event mends it
});
process.on("SIGTERM", () => miniflare.dispose().finally(() => process.exit(0)));
