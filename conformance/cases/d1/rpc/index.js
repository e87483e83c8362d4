// env.DB.query(), which the flag d1_binding_jsrpc adds.
import { each, routes, text } from "../../lib.js";

// timeless leaves out of an answer what is another on every run and on every side.
function timeless({ results, ...rest }) {
	return { ...rest, results: results.map(({ meta: { duration, served_by, timings, size_after, ...meta }, ...r }) => ({ meta: Object.fromEntries(Object.entries(meta).sort()), ...r })) };
}

const one = (env, sql, ...params) => env.DB.query({ queries: [{ sql, params }] });
const cell = async (env, sql, ...params) => (await one(env, sql, ...params)).results[0].data.rows[0][0];
const thrown = async (f) => { try { return await f(); } catch (e) { return { name: e.name, message: e.message, is: e instanceof Error, cause: e.cause && text(e.cause), own: Object.keys(e).sort() }; } };
const refused = (env, request) => env.DB.query(request).then(() => "taken", (e) => (e.message ? "refused" : text(e)));

export default {
	fetch: routes({
		"/create": async ({ env }) => timeless(await env.DB.query({ queries: [{ sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, v)" }] })),
		"/keys": async ({ env }) => { // @ what an answer is made of, in its order
			const answer = await one(env, "SELECT 1 AS a");
			const [r] = answer.results;
			return { answer: Object.keys(answer), result: Object.keys(r), data: Object.keys(r.data), meta: Object.keys(r.meta).sort() };
		},
		"/insert": async ({ env }) => timeless(await one(env, "INSERT INTO t (v) VALUES (?), (?)", "a", "b")),
		"/several": async ({ env }) => timeless(await env.DB.query({ queries: [{ sql: "INSERT INTO t (v) VALUES (?) RETURNING id", params: ["c"] }, { sql: "SELECT count(*) AS n FROM t" }] })), // @ several queries are one transaction
		"/rolls-back": async ({ env }) => { // @ the one that fails undoes the others
			const error = await thrown(() => env.DB.query({ queries: [{ sql: "INSERT INTO t (v) VALUES ('d')" }, { sql: "INSERT INTO t (id) VALUES (1)" }] }));
			return { error, left: await cell(env, "SELECT count(*) FROM t") };
		},
		"/no-rows": async ({ env }) => (await one(env, "SELECT id, v FROM t WHERE id = 99")).results[0].data,
		"/columns-of-a-write": async ({ env }) => (await one(env, "UPDATE t SET v = v")).results[0].data,
		"/duplicate-columns": async ({ env }) => (await one(env, "SELECT 1 AS a, 2 AS a")).results[0].data,
		"/types-out": async ({ env }) => (await one(env, "SELECT 1, 2.0, 1.5, 'téxt', NULL, x'00ff7f', x'', 9007199254740993, 1e999, -1e999")).results[0].data.rows,
		"/types-in": async ({ env }) => (await one(env, "SELECT typeof(?1), typeof(?2), typeof(?3), typeof(?4), hex(?5), hex(?6)", 1, 1.5, "x", null, [0, 128, 255], [])).results[0].data.rows,
		"/params-null": async ({ env }) => (await env.DB.query({ queries: [{ sql: "SELECT 1", params: null }] })).results[0].data.rows,
		"/large": async ({ env }) => { // @ a megabyte in, and out
			const s = "é".repeat(500000);
			return (await cell(env, "SELECT ?", s)) === s;
		},
		"/comments": async ({ env }) => (await env.DB.query({ queries: [{ sql: "-- nothing" }, { sql: "SELECT 1 AS a" }] })).results.map((r) => r.data), // @ a query that says nothing has no result
		"/bookmark": async ({ env }) => { // @ a bookmark is given to one who sends one
			const shape = (b) => (b === undefined ? b : b.split("-").map((p) => p.length));
			const ask = async (bookmark) => shape((await env.DB.query({ queries: [{ sql: "SELECT 1" }], bookmark })).bookmark);
			const { bookmark } = await env.DB.query({ queries: [{ sql: "INSERT INTO t (v) VALUES ('e')" }], bookmark: "first-primary" });
			return each({ none: () => ask(undefined), empty: () => ask(""), space: () => ask(" "), primary: () => ask("first-primary"), unconstrained: () => ask("first-unconstrained"), other: () => ask("not-a-bookmark"), own: () => ask(bookmark) });
		},
		"/bookmark-of-a-session": async ({ env }) => { // @ a session goes on where query() was
			const { bookmark } = await env.DB.query({ queries: [{ sql: "INSERT INTO t (v) VALUES ('f')" }], bookmark: "first-primary" });
			const s = env.DB.withSession(bookmark);
			await s.prepare("SELECT 1").run();
			const read = s.getBookmark() >= bookmark;
			await s.prepare("INSERT INTO t (v) VALUES ('g')").run();
			return { read, written: s.getBookmark() > bookmark };
		},
		"/errors": ({ env }) => each({ // @ what D1 refuses
			syntax: () => thrown(() => one(env, "SELEC 1")),
			table: () => thrown(() => one(env, "SELECT * FROM missing")),
			few: () => thrown(() => one(env, "SELECT ?, ?", 1)),
			many: () => thrown(() => one(env, "SELECT ?", 1, 2)),
			nothing: () => thrown(() => env.DB.query({ queries: [] })),
			empty: () => thrown(() => one(env, "")),
			begin: () => thrown(() => one(env, "BEGIN")),
		}),
		"/errors-of-the-others": ({ env }) => each({ // @ what their errors hold
			all: () => thrown(() => env.DB.prepare("SELEC 1").all()),
			batch: () => thrown(() => env.DB.batch([env.DB.prepare("SELECT 1"), env.DB.prepare("SELEC 1")])),
			session: () => thrown(() => env.DB.withSession().prepare("SELEC 1").all()),
			exec: () => thrown(() => env.DB.exec("SELECT 1;\nSELEC 1")),
		}),
		"/malformed": ({ env }) => each({ // @ requests that are none
			nothing: () => refused(env), text: () => refused(env, "SELECT 1"), empty: () => refused(env, {}), list: () => refused(env, [{ sql: "SELECT 1" }]),
			sql: () => refused(env, { queries: [{}] }), number: () => refused(env, { queries: [{ sql: 1 }] }), none: () => refused(env, { queries: [null] }),
			bookmark: () => refused(env, { queries: [{ sql: "SELECT 1" }], bookmark: 1 }), bookmarkNull: () => refused(env, { queries: [{ sql: "SELECT 1" }], bookmark: null }),
			params: () => refused(env, { queries: [{ sql: "SELECT 1", params: "x" }] }),
		}),
		"/malformed-parameters": async ({ env }) => { // @ parameters that are none
			const values = { undefined: undefined, boolean: true, bigint: 1n, object: {}, date: new Date(0), bytes: new Uint8Array(2), buffer: new ArrayBuffer(2), texts: ["x"], holes: [1, null], nan: NaN, infinity: Infinity };
			return each(Object.fromEntries(Object.entries(values).map(([k, v]) => [k, () => refused(env, { queries: [{ sql: "SELECT ?", params: [v] }] })])));
		},
		"/malformed-text": ({ env }) => thrown(() => env.DB.query({ queries: [{ sql: "SELECT 1" }, { sql: "SELECT ?, ?", params: [1, {}] }] })), // @ and what is said of them
		"/bind-nan": ({ env }) => thrown(() => env.DB.prepare("SELECT ? AS a, ? AS b").bind(NaN, Infinity).first()), // @ numbers that JSON has not
		"/exec": async ({ env }) => { // @ exec still counts its lines
			const { count, duration } = await env.DB.exec("CREATE TABLE e (a);\nINSERT INTO e VALUES (1)");
			return { count, duration: typeof duration };
		},
		"/exec-comment": ({ env }) => each({ lines: async () => (await env.DB.exec("-- a line\nSELECT 1")).count, only: () => env.DB.exec("-- a line") }),
		"/other": async ({ env }) => { // @ two databases are two
			await env.OTHER.query({ queries: [{ sql: "CREATE TABLE IF NOT EXISTS o (a)" }] });
			return each({ other: async () => (await env.OTHER.query({ queries: [{ sql: "SELECT count(*) FROM o" }] })).results[0].data.rows, db: () => one(env, "SELECT count(*) FROM o") });
		},
		"/at-once": async ({ env }) => { // @ queries at once all run
			await Promise.all(Array.from({ length: 20 }, (_, i) => one(env, "INSERT INTO e VALUES (?)", 100 + i)));
			return cell(env, "SELECT count(*) FROM e WHERE a >= 100");
		},
		"/too-large": async ({ env }) => { // @ an answer too large for RPC comes after the writes
			const insert = env.DB.prepare("INSERT INTO e VALUES (-1)");
			const large = env.DB.prepare("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 40) SELECT hex(zeroblob(500000)) FROM c");
			const { batch } = await each({ batch: () => env.DB.batch([insert, large]) });
			return { batch: String(batch).replace(/\d+ bytes/, "N bytes"), left: await cell(env, "SELECT count(*) FROM e WHERE a = -1") };
		},
		"/dump": ({ env }) => thrown(() => env.DB.dump()),
		"/still-works": ({ env }) => cell(env, "SELECT count(*) FROM e"), // @ after all of these errors
	}),
};
