// Statements, results and types.
import { each, routes } from "../../lib.js";

// timeless leaves out of a result what is another on every run and on every side.
function timeless({ success, results, meta }) {
	const { duration, served_by, served_by_primary, total_attempts, timings, size_after, ...rest } = meta;
	return { success, results, meta: rest, types: { duration: typeof duration, served_by: typeof served_by, size_after: typeof size_after } };
}

export default {
	fetch: routes({
		"/create": async ({ env }) => timeless(await env.DB.prepare("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age REAL)").run()),
		"/insert": async ({ env }) => timeless(await env.DB.prepare("INSERT INTO users (name, age) VALUES (?, ?), ('Bob', 31.5)").bind("Ann", 30).run()), // @ the whole result of a run
		"/meta-keys": async ({ env }) => { // @ what a result says about itself
			const { meta } = await env.DB.prepare("SELECT 1").run();
			return { keys: Object.keys(meta).sort(), sql_duration_ms: typeof meta.timings?.sql_duration_ms };
		},
		"/size-after": async ({ env }) => (await env.DB.prepare("SELECT 1").run()).meta.size_after, // @ bytes of the database after one small table
		"/all": async ({ env }) => timeless(await env.DB.prepare("SELECT * FROM users ORDER BY id").all()),
		"/all-none": async ({ env }) => (await env.DB.prepare("SELECT * FROM users WHERE id = 99").all()).results,
		"/run-select": async ({ env }) => (await env.DB.prepare("SELECT name FROM users").run()).results, // @ run also returns the rows
		"/returning": async ({ env }) => timeless(await env.DB.prepare("INSERT INTO users (name) VALUES ('Cid') RETURNING id, name").all()),
		"/update-meta": async ({ env }) => (await env.DB.prepare("UPDATE users SET age = 1 WHERE age IS NOT NULL").run()).meta.changes,
		"/update-none": async ({ env }) => { // @ an update that finds nothing changes nothing
			const { changes, changed_db, rows_written } = (await env.DB.prepare("UPDATE users SET age = 1 WHERE id = 99").run()).meta;
			return { changes, changed_db, rows_written };
		},
		"/delete-meta": async ({ env }) => {
			const { changes, changed_db, rows_written, last_row_id } = (await env.DB.prepare("DELETE FROM users WHERE name = 'Cid'").run()).meta;
			return { changes, changed_db, rows_written, last_row_id };
		},
		"/first": ({ env }) => each({
			row: () => env.DB.prepare("SELECT * FROM users ORDER BY id").first(),
			column: () => env.DB.prepare("SELECT name FROM users ORDER BY id").first("name"),
			none: () => env.DB.prepare("SELECT name FROM users WHERE id = 99").first(),
			noneColumn: () => env.DB.prepare("SELECT name FROM users WHERE id = 99").first("name"),
		}),
		"/raw": ({ env }) => each({
			rows: () => env.DB.prepare("SELECT id, name FROM users ORDER BY id").raw(),
			names: () => env.DB.prepare("SELECT id, name FROM users ORDER BY id").raw({ columnNames: true }),
			none: () => env.DB.prepare("SELECT id FROM users WHERE id = 99").raw({ columnNames: true }),
		}),
		"/duplicate-columns": ({ env }) => each({ // @ objects keep the last of two columns with one name, raw keeps both
			all: async () => (await env.DB.prepare("SELECT 1 AS a, 2 AS a, 3 AS b").all()).results,
			raw: () => env.DB.prepare("SELECT 1 AS a, 2 AS a, 3 AS b").raw({ columnNames: true }),
		}),
		"/types-out": async ({ env }) => (await env.DB.prepare( // @ every type of a column
			"SELECT 1 AS i, 1.5 AS f, 2.0 AS whole, 'téxt' AS t, NULL AS n, x'00ff7f' AS b, x'' AS empty, 9007199254740991 AS safe, 9007199254740993 AS big, -0.0 AS zero, 1e300 AS large, 1=1 AS bool").first()),
		"/types-infinite": ({ env }) => env.DB.prepare("SELECT 1e999 AS inf, -1e999 AS neg").first(), // @ infinity
		"/types-in": ({ env }) => env.DB.prepare( // @ every type of a parameter
			"SELECT typeof(?1) a, typeof(?2) b, typeof(?3) c, typeof(?4) d, typeof(?5) e, typeof(?6) f, typeof(?7) g, typeof(?8) h, ?5 AS five")
			.bind(1, 1.5, "x", null, true, new Uint8Array([1]), new Uint8Array([1, 2]).buffer, [1, 2, 3]).first(),
		"/nan": ({ env }) => env.DB.prepare("SELECT ? AS a, ? AS b").bind(NaN, Infinity).first(), // @ numbers that JSON has not
		"/blob": async ({ env }) => {
			const buffer = new Uint8Array([0, 128, 255]);
			return env.DB.prepare("SELECT ? AS view, ? AS array, hex(?3) AS hex").bind(buffer, [0, 128, 255], buffer.subarray(1)).first();
		},
		"/numbers": ({ env }) => env.DB.prepare("SELECT ? AS a, ? AS b, ? AS c, ? AS d").bind(4294967296, -0.5, 1e21, 9007199254740991).first(),
		"/strings": ({ env }) => env.DB.prepare("SELECT ? AS a, ? AS b, length(?2) AS l").bind("quote ' and \" and \n", "🔥é\u0000z").first(), // @ quotes, line ends, a NUL and characters outside the BMP
		"/named": ({ env }) => each({ // @ ?NNN and repeated parameters
			numbered: () => env.DB.prepare("SELECT ?2 AS a, ?1 AS b").bind("one", "two").first(),
			twice: () => env.DB.prepare("SELECT ?1 AS a, ?1 AS b").bind("one").first(),
		}),
		"/statement-kept": async ({ env }) => { // @ bind gives a new statement and leaves the old one alone
			const s = env.DB.prepare("SELECT ? AS v");
			const [a, b] = [s.bind(1), s.bind(2)];
			return [await a.first("v"), await b.first("v"), await a.first("v")];
		},
		"/batch": async ({ env }) => {
			const insert = env.DB.prepare("INSERT INTO users (name) VALUES (?)");
			const out = await env.DB.batch([insert.bind("D"), insert.bind("E"), env.DB.prepare("SELECT name FROM users ORDER BY id")]);
			return out.map((r) => ({ success: r.success, results: r.results, changes: r.meta.changes }));
		},
		"/batch-rolls-back": async ({ env }) => { // @ one failing statement undoes the whole batch
			const insert = env.DB.prepare("INSERT INTO users (id, name) VALUES (?, ?)");
			const out = await each({ batch: () => env.DB.batch([insert.bind(100, "x"), insert.bind(100, "y")]) });
			return { ...out, left: await env.DB.prepare("SELECT count(*) n FROM users WHERE id = 100").first("n") };
		},
		"/batch-empty": ({ env }) => env.DB.batch([]),
		"/exec": async ({ env }) => { // @ one line is one statement
			const { count, duration } = await env.DB.exec("CREATE TABLE e (a);\nINSERT INTO e VALUES (1);\nINSERT INTO e VALUES (2)");
			return { count, duration: typeof duration, rows: await env.DB.prepare("SELECT count(*) n FROM e").first("n") };
		},
		"/exec-one-line": async ({ env }) => (await env.DB.exec("INSERT INTO e VALUES (3); INSERT INTO e VALUES (4);")).count, // @ two statements on one line
		"/comments": async ({ env }) => (await env.DB.prepare("-- a comment\nSELECT 1 AS one /* another */").first()),
		"/json": ({ env }) => env.DB.prepare("SELECT json_extract('{\"a\":[1,2]}', '$.a[1]') AS j, json_array(1,'x') AS arr, '{\"k\":1}' ->> 'k' AS arrow").first(),
		"/fts5": async ({ env }) => {
			await env.DB.prepare("CREATE VIRTUAL TABLE docs USING fts5(title, body)").run();
			await env.DB.prepare("INSERT INTO docs VALUES ('Flint', 'a stone that makes sparks'), ('Steel', 'the other half')").run();
			return (await env.DB.prepare("SELECT title FROM docs WHERE docs MATCH 'spark*'").all()).results;
		},
		"/functions": ({ env }) => env.DB.prepare("SELECT round(sqrt(2), 3) AS s, upper('ab') AS u, date('2026-01-31', '+1 day') AS d, printf('%05d', 42) AS p, iif(1, 'y', 'n') AS i, substr('hello', 2, 3) AS sub, instr('hello', 'l') AS ins, group_concat(x) AS g FROM (SELECT 1 x UNION SELECT 2)").first(),
		"/window": async ({ env }) => (await env.DB.prepare("SELECT x, row_number() OVER (ORDER BY x DESC) r, sum(x) OVER (ORDER BY x) s FROM (SELECT 1 x UNION SELECT 2 UNION SELECT 3) ORDER BY x").all()).results,
		"/cte": async ({ env }) => env.DB.prepare("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 5) SELECT sum(n) AS s FROM c").first(),
		"/foreign-keys": async ({ env }) => { // @ foreign keys are on
			await env.DB.exec("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p(id));");
			return each({ orphan: () => env.DB.prepare("INSERT INTO c VALUES (7)").run(), pragma: () => env.DB.prepare("PRAGMA foreign_keys").first() });
		},
		"/upsert": async ({ env }) => {
			await env.DB.exec("CREATE TABLE kv (k TEXT PRIMARY KEY, v INTEGER)");
			const s = env.DB.prepare("INSERT INTO kv VALUES ('a', 1) ON CONFLICT (k) DO UPDATE SET v = v + 1 RETURNING v");
			return [await s.first("v"), await s.first("v")];
		},
		"/generated-and-strict": async ({ env }) => {
			await env.DB.exec("CREATE TABLE g (a INTEGER, b INTEGER AS (a * 2), c TEXT DEFAULT 'd') STRICT");
			await env.DB.prepare("INSERT INTO g (a) VALUES (21)").run();
			return each({ row: () => env.DB.prepare("SELECT * FROM g").first(), wrong: () => env.DB.prepare("INSERT INTO g (a) VALUES ('x')").run() });
		},
		"/triggers": async ({ env }) => { // @ rows that a trigger writes count as written
			await env.DB.exec("CREATE TABLE t1 (a); CREATE TABLE t2 (a);\nCREATE TRIGGER tr AFTER INSERT ON t1 BEGIN INSERT INTO t2 VALUES (new.a); END");
			const { changes, rows_written } = (await env.DB.prepare("INSERT INTO t1 VALUES (1)").run()).meta;
			return { changes, rows_written, copied: await env.DB.prepare("SELECT a FROM t2").first("a") };
		},
		"/rows-read": async ({ env }) => { // @ rows read and written are counted
			await env.DB.exec("CREATE TABLE r (a INTEGER PRIMARY KEY, b INTEGER); CREATE INDEX rb ON r (b)");
			const many = await env.DB.prepare("INSERT INTO r SELECT value, value % 10 FROM json_each(?)").bind(JSON.stringify(Array.from({ length: 100 }, (_, i) => i + 1))).run();
			const out = { written: many.meta.rows_written };
			for (const q of ["SELECT * FROM r", "SELECT * FROM r WHERE a = 5", "SELECT * FROM r WHERE b = 5", "SELECT count(*) FROM r", "SELECT * FROM r WHERE a > 90 LIMIT 3"]) {
				out[q] = (await env.DB.prepare(q).all()).meta.rows_read;
			}
			return out;
		},
		"/tables": async ({ env }) => (await env.DB.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()).results.map((r) => r.name),
		"/pragmas": ({ env }) => each({
			table_info: async () => (await env.DB.prepare("PRAGMA table_info(users)").all()).results.map((r) => r.name),
			table_list: async () => (await env.DB.prepare("PRAGMA table_list").all()).results.length > 3,
			index_list: async () => (await env.DB.prepare("PRAGMA index_list(r)").all()).results.map((r) => r.name),
			foreign_key_list: async () => (await env.DB.prepare("PRAGMA foreign_key_list(c)").all()).results.map((r) => r.table),
			quick_check: () => env.DB.prepare("PRAGMA quick_check").first(),
			optimize: async () => (await env.DB.prepare("PRAGMA optimize").all()).success,
			defer: async () => (await env.DB.prepare("PRAGMA defer_foreign_keys = on").run()).success,
		}),
		"/api": ({ env }) => ({ // @ what hangs on the objects
			database: Object.getOwnPropertyNames(Object.getPrototypeOf(env.DB)).sort(),
			statement: Object.getOwnPropertyNames(Object.getPrototypeOf(env.DB.prepare("SELECT 1"))).sort(),
		}),
	}),
};
