// What the Workers of all cases share.

// routes answers each path with its function: a Response as it is, a string as
// text, anything else as JSON. What a function throws is the answer with status 500.
export function routes(table) {
	return async function fetch(request, env, ctx) {
		const url = new URL(request.url);
		const answer = table[url.pathname];
		if (!answer) return new Response("no such path in this case", { status: 404 });
		try {
			return reply(await answer({ request, env, ctx, url, query: Object.fromEntries(url.searchParams) }));
		} catch (e) {
			return new Response(text(e), { status: 500 });
		}
	};
}

function reply(value) {
	if (value instanceof Response) return value;
	if (typeof value === "string") return new Response(value);
	return new Response(json(value), { headers: { "content-type": "application/json" } });
}

// json is one line for each entry of an object, so that a difference is one line.
export function json(value) {
	if (value === undefined) return "undefined";
	if (value === null || typeof value !== "object" || Array.isArray(value)) return JSON.stringify(value);
	const lines = Object.entries(value).map(([k, v]) => `  ${JSON.stringify(k)}: ${JSON.stringify(v) ?? '"undefined"'}`);
	return lines.length ? `{\n${lines.join(",\n")}\n}` : "{}";
}

// text is how an error is written in a step file.
export const text = (e) => (e instanceof Error ? `${e.name}: ${e.message}` : `thrown: ${String(e)}`);

// failing runs f and gives the text of what it throws.
export async function failing(f) {
	try {
		return { returned: await f() };
	} catch (e) {
		return text(e);
	}
}

// each runs named functions one after the other: {name: value or error text}.
export async function each(table) {
	const out = {};
	for (const [name, f] of Object.entries(table)) {
		try {
			out[name] = (await f()) ?? null;
		} catch (e) {
			out[name] = text(e);
		}
	}
	return out;
}

export const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
