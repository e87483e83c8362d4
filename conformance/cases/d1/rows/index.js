// Rows read and written by statements, one a line of the request.
import { routes, text } from "../../lib.js";

// figures are what D1 counts, as "read 3, written 2, changed 1".
const figures = ({ rows_read, rows_written, changes }) => `read ${rows_read}, written ${rows_written}, changed ${changes}`;

export default {
	fetch: routes({
		"/run": async ({ request, env }) => {
			const out = {};
			for (const [i, sql] of (await request.text()).trim().split("\n").entries()) {
				out[`${i + 1} ${sql}`] = await env.DB.prepare(sql).run().then((r) => figures(r.meta), text);
			}
			return out;
		},
		"/batch": async ({ request, env }) => { // @ the statements as one batch
			const lines = (await request.text()).trim().split("\n");
			const results = await env.DB.batch(lines.map((sql) => env.DB.prepare(sql)));
			return Object.fromEntries(results.map((r, i) => [`${i + 1} ${lines[i]}`, figures(r.meta)]));
		},
	}),
};
