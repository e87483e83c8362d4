// D1's SQL, one statement a line of the request: what it gives, or the error.
import { routes, text } from "../../lib.js";

// gives is the rows of one statement, or what went wrong, with its cause.
const gives = (statement) => statement.raw().catch((e) => (e.cause && text(e.cause) !== text(e).replace("D1_ERROR: ", "") ? `${text(e)} <- ${text(e.cause)}` : text(e)));

export default {
	fetch: routes({
		"/run": async ({ request, env }) => {
			const out = {};
			for (const [i, sql] of (await request.text()).trim().split("\n").entries()) out[`${i + 1} ${sql}`] = await gives(env.DB.prepare(sql));
			return out;
		},
		"/batch": async ({ request, env }) => { // @ the statements as one batch
			const lines = (await request.text()).trim().split("\n");
			return env.DB.batch(lines.map((sql) => env.DB.prepare(sql))).then((all) => all.map((r) => r.results), text);
		},
		"/exec": async ({ request, env }) => env.DB.exec(await request.text()).then((r) => r.count, text), // @ the lines as one exec
	}),
};
