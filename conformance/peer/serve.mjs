// Miniflare for the conformance suite. Each line on standard input names
// Wrangler files, {"id", "configs"}; Miniflare then runs their Workers, the first on a free port, and a
// line {"id", "url"} or {"id", "error"} answers on standard output. {"id", "stop": true}
// ends it. Wrangler itself reads the files, so the peer sees what `wrangler dev` would see.
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions as optionsOf, unstable_readConfig as readConfig } from "wrangler";

const running = new Map();

async function bundle(main, define) {
	const out = await build({
		entryPoints: [main], bundle: true, write: false, format: "esm", target: "esnext", define,
		external: ["cloudflare:*", "node:*"], conditions: ["workerd", "worker", "browser"],
	});
	return out.outputFiles[0].text;
}

async function workersOf(config) {
	const { workerOptions, main, define, externalWorkers } = optionsOf(config);
	const worker = { ...workerOptions, name: readConfig({ config }).name };
	const asIs = readConfig({ config }).no_bundle;
	const contents = asIs ? await readFile(main, "utf8") : await bundle(main, define);
	worker.modules = [{ type: "ESModule", path: "index.js", contents }];
	return [worker, ...externalWorkers];
}

async function start(configs) {
	const workers = (await Promise.all(configs.map(workersOf))).flat();
	const miniflare = new Miniflare(convertV4MiniflareOptions({
		host: "127.0.0.1", port: 0, telemetry: { enabled: false }, workers,
	}));
	return { miniflare, url: (await miniflare.ready).toString() };
}

async function handle({ id, configs, stop }) {
	try {
		if (stop) {
			await running.get(id)?.miniflare.dispose();
			running.delete(id);
			return { id };
		}
		const started = await start(configs);
		running.set(id, started);
		return { id, url: started.url };
	} catch (e) {
		return { id, error: String(e?.stack ?? e) };
	}
}

const answers = [];
for await (const line of createInterface({ input: process.stdin })) {
	answers.push(handle(JSON.parse(line)).then((a) => process.stdout.write(JSON.stringify(a) + "\n")));
}
await Promise.all(answers);
await Promise.all([...running.values()].map((r) => r.miniflare.dispose()));
process.exit(0);
