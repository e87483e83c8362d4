// What D1 refuses, and its texts.
import { each, routes, text } from "../../lib.js";

const sql = (env, q, ...p) => () => env.DB.prepare(q).bind(...p).all();
const cause = async (f) => { try { return await f(); } catch (e) { return { message: text(e), cause: e.cause && text(e.cause) }; } };

export default {
	fetch: routes({
		"/prepare-table": async ({ env }) => (await env.DB.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE, n TEXT NOT NULL, c INTEGER CHECK (c > 0))")).count,
		"/syntax": ({ env }) => cause(sql(env, "SELEC 1")),
		"/syntax-end": ({ env }) => cause(sql(env, "SELECT * FROM")),
		"/no-table": ({ env }) => cause(sql(env, "SELECT * FROM missing")),
		"/no-column": ({ env }) => cause(sql(env, "SELECT nope FROM t")),
		"/unique": ({ env }) => cause(async () => { await sql(env, "INSERT INTO t (u, n) VALUES ('a', 'b')")(); return sql(env, "INSERT INTO t (u, n) VALUES ('a', 'b')")(); }),
		"/not-null": ({ env }) => cause(sql(env, "INSERT INTO t (u) VALUES ('x')")),
		"/check": ({ env }) => cause(sql(env, "INSERT INTO t (n, c) VALUES ('x', 0)")),
		"/primary-key": ({ env }) => cause(sql(env, "INSERT INTO t (id, n) VALUES (1, 'x'), (1, 'y')")),
		"/datatype": ({ env }) => cause(sql(env, "INSERT INTO t (id, n) VALUES ('text', 'x')")),
		"/type-undefined": ({ env }) => cause(async () => env.DB.prepare("SELECT ?").bind(undefined)),
		"/type-object": ({ env }) => cause(async () => env.DB.prepare("SELECT ?").bind({ a: 1 })),
		"/type-bigint": ({ env }) => cause(async () => env.DB.prepare("SELECT ?").bind(1n)),
		"/type-function": ({ env }) => cause(async () => env.DB.prepare("SELECT ?").bind(() => 1)),
		"/type-date": ({ env }) => each({ date: () => env.DB.prepare("SELECT ?").bind(new Date(0)).first(), symbol: () => env.DB.prepare("SELECT ?").bind(Symbol("s")).first() }),
		"/too-few-parameters": ({ env }) => cause(sql(env, "SELECT ?, ?", 1)),
		"/too-many-parameters": ({ env }) => cause(sql(env, "SELECT ?", 1, 2)),
		"/unbound": ({ env }) => cause(() => env.DB.prepare("SELECT ? AS v").first()), // @ a parameter without any bind
		"/two-statements": ({ env }) => cause(async () => (await sql(env, "SELECT 1; SELECT 2")()).results),
		"/two-statements-parameters": ({ env }) => cause(sql(env, "SELECT ?; SELECT 2", 1)), // @ only the last statement may have parameters
		"/empty": ({ env }) => each({ prepare: sql(env, ""), space: sql(env, "  \n"), comment: sql(env, "-- only this"), semicolon: sql(env, ";"), exec: () => env.DB.exec(""), execComment: () => env.DB.exec("-- only this") }),
		"/begin": ({ env }) => cause(sql(env, "BEGIN TRANSACTION")),
		"/savepoint": ({ env }) => cause(sql(env, "SAVEPOINT s")),
		"/commit": ({ env }) => cause(sql(env, "COMMIT")),
		"/exec-error": ({ env }) => cause(() => env.DB.exec("CREATE TABLE ok (a);\nINSERT INTO missing VALUES (1);\nCREATE TABLE not_reached (a)")),
		"/exec-error-left": async ({ env }) => (await env.DB.prepare("SELECT name FROM sqlite_master WHERE name IN ('ok', 'not_reached')").all()).results, // @ what an exec did before its error
		"/column-not-found": ({ env }) => cause(() => env.DB.prepare("SELECT 1 AS a").first("b")),
		"/attach": ({ env }) => cause(sql(env, "ATTACH DATABASE ':memory:' AS other")),
		"/temp-table": ({ env }) => cause(sql(env, "CREATE TEMP TABLE x (a)")),
		"/pragma-forbidden": ({ env }) => each({ journal: sql(env, "PRAGMA journal_mode = DELETE"), version: sql(env, "PRAGMA user_version"), size: sql(env, "PRAGMA page_size = 512"), cache: sql(env, "PRAGMA cache_size") }),
		"/function-forbidden": ({ env }) => each({ version: sql(env, "SELECT sqlite_version()"), load: sql(env, "SELECT load_extension('x')"), random: async () => typeof (await env.DB.prepare("SELECT random() AS r").first("r")) }),
		"/no-function": ({ env }) => cause(sql(env, "SELECT no_such(1)")),
		"/cf-table": ({ env }) => each({ read: sql(env, "SELECT * FROM _cf_KV"), create: sql(env, "CREATE TABLE _cf_mine (a)"), drop: sql(env, "DROP TABLE _cf_KV") }),
		"/vacuum": ({ env }) => each({ vacuum: sql(env, "VACUUM"), into: sql(env, "VACUUM INTO 'x.db'") }),
		"/virtual-table": ({ env }) => each({ csv: sql(env, "CREATE VIRTUAL TABLE c USING csv(filename='/etc/passwd')"), dbstat: sql(env, "SELECT * FROM dbstat") }),
		"/batch-message": ({ env }) => cause(() => env.DB.batch([env.DB.prepare("SELECT 1"), env.DB.prepare("SELECT * FROM missing")])),
		"/batch-not-statements": ({ env }) => each({ text: () => env.DB.batch(["SELECT 1"]).catch((e) => text(e).slice(0, 16)), none: () => env.DB.batch() }),
		"/query-method": ({ env }) => cause(async () => (await env.DB.query({ queries: [{ sql: "SELECT 1 AS a" }] })).results[0].data), // @ query() needs a compatibility flag
		"/dump": ({ env }) => cause(() => env.DB.dump()),
		"/still-works": ({ env }) => env.DB.prepare("SELECT count(*) AS n FROM t").first(), // @ after all of these errors
	}),
};
