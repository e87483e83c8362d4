// DELETE and UPDATE that end in ORDER BY and LIMIT, one statement a line of the
// request, with its parameters as JSON behind " @ ".
import { routes, text } from "../../lib.js";

// gives is the rows of one statement with their columns and its figures, or what went wrong.
async function gives(db, line) {
	const [sql, params] = line.split(" @ ");
	try {
		const { results, meta } = await db.prepare(sql).bind(...JSON.parse(params ?? "[]")).run();
		return [...results.map((row) => JSON.stringify(row)), `read ${meta.rows_read}, written ${meta.rows_written}, changed ${meta.changes}`].join(" ");
	} catch (e) {
		return text(e);
	}
}

export default {
	fetch: routes({
		"/run": async ({ request, env }) => {
			const out = {};
			for (const [i, line] of (await request.text()).trim().split("\n").entries()) out[`${i + 1} ${line}`] = await gives(env.DB, line);
			return out;
		},
		"/exec": async ({ request, env }) => env.DB.exec(await request.text()).then((r) => r.count, text),
		"/batch": async ({ request, env }) => {
			const lines = (await request.text()).trim().split("\n");
			return env.DB.batch(lines.map((sql) => env.DB.prepare(sql))).then((all) => all.map((r) => r.results), text);
		},
	}),
};
