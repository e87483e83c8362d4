// The objects of D1's API, and uses of them that nobody means.
import { WorkerEntrypoint } from "cloudflare:workers";
import { inspect } from "node:util";
import { each, routes } from "../../lib.js";

// shape is what can be seen of an object without calling it.
const shape = (o) => ({
	name: o.constructor.name,
	tag: Object.prototype.toString.call(o),
	own: Object.keys(o),
	lengths: Object.fromEntries(Object.getOwnPropertyNames(Object.getPrototypeOf(o)).filter((n) => n[0] !== "_").sort().map((n) => [n, o[n].length])),
	json: JSON.stringify(o),
	inspected: inspect(o),
});

const cause = async (f) => {
	try {
		return await f();
	} catch (e) {
		return { error: `${e.name}: ${e.message}`, cause: e.cause === undefined ? "none" : `${e.cause.name}: ${e.cause.message}` };
	}
};

const odd = { undefined: undefined, null: null, number: 5, object: {}, array: ["SELECT 1"], bigint: 1n, bool: true, symbol: Symbol("s"), function: () => 1, empty: "", space: " " };
const eachOdd = (f, names = Object.keys(odd)) => each(Object.fromEntries(names.map((name) => [name, () => cause(() => f(odd[name]))])));
const SELECT = "SELECT 1 AS a UNION ALL SELECT 2";

export class Other extends WorkerEntrypoint {
	async use(database) {
		return [database.constructor.name, await database.prepare(SELECT).first("a")];
	}
}

export default {
	fetch: routes({
		"/database": ({ env }) => shape(env.DB),
		"/statement": ({ env }) => shape(env.DB.prepare(SELECT).bind(1)),
		"/session": ({ env }) => shape(env.DB.withSession()),
		"/rpc": ({ env }) => each({ binding: () => env.SELF.use(env.DB), session: () => env.SELF.use(env.DB.withSession()) }), // @ a database as an argument of RPC
		"/clone": ({ env }) => each({ database: () => structuredClone(env.DB).constructor.name, statement: () => structuredClone(env.DB.prepare(SELECT)) }),
		"/prepare": ({ env }) => eachOdd((v) => env.DB.prepare(v).first(), ["array", "bigint", "symbol", "empty", "space"]), // @ what is no statement, but where the peer shows where it is installed
		"/prepare-lazily": ({ env }) => eachOdd((v) => String(env.DB.prepare(v).statement)),
		"/bind": ({ env }) => eachOdd((v) => env.DB.prepare("SELECT ? AS v").bind(v).raw()), // @ what can be bound
		"/bind-binary": ({ env }) => each({ // @ kinds of binary data
			view: () => env.DB.prepare("SELECT hex(?) AS v").bind(new Uint16Array([1, 2])).first("v"),
			floats: () => env.DB.prepare("SELECT hex(?) AS v").bind(new Float32Array([1.5])).first("v"),
			data: () => env.DB.prepare("SELECT hex(?) AS v").bind(new DataView(new ArrayBuffer(2))).first("v"),
			big: () => env.DB.prepare("SELECT hex(?) AS v").bind(new BigInt64Array(1)).first("v"),
			buffer: () => env.DB.prepare("SELECT hex(?) AS v").bind(new Uint8Array([1, 255]).buffer).first("v"),
			fractions: () => env.DB.prepare("SELECT hex(?) AS v").bind([1.5]).first("v"),
			outside: () => env.DB.prepare("SELECT hex(?) AS v").bind([256]).first("v"),
			empty: () => env.DB.prepare("SELECT hex(?) AS v").bind([]).first("v"),
			date: () => env.DB.prepare("SELECT ? AS v").bind(new Date(0)).first("v"),
		}),
		"/params": async ({ env }) => { // @ a statement shows what it holds
			const s = env.DB.prepare("SELECT ?, ?").bind(true, new Uint8Array([7]));
			return { statement: s.statement, params: s.params, fresh: env.DB.prepare("x").params, same: s.bind() === s };
		},
		"/params-changed": async ({ env }) => { // @ and what it is made to hold
			const s = env.DB.prepare("SELECT ? AS v").bind(1);
			s.params = [2];
			return each({ params: () => s.first("v"), statement: () => ((s.statement = "SELECT ? + 10 AS v"), s.first("v")), none: () => ((s.params = undefined), s.first("v")) });
		},
		"/first": ({ env }) => each({ // @ columns that first() cannot find
			null: () => cause(() => env.DB.prepare(SELECT).first(null)),
			empty: () => cause(() => env.DB.prepare(SELECT).first("")),
			inherited: () => cause(() => env.DB.prepare(SELECT).first("toString").then((v) => typeof v)),
			missing: () => cause(() => env.DB.prepare(SELECT).first("nope")),
			nullValue: () => cause(() => env.DB.prepare("SELECT NULL AS n").first("n")),
			ofNoRow: () => cause(() => env.DB.prepare("SELECT 1 AS n WHERE 0").first("nope")),
		}),
		"/names": ({ env }) => each({ // @ columns with names that objects treat in their own way
			all: async () => JSON.stringify((await env.DB.prepare('SELECT 1 AS b, 2 AS "10", 3 AS "2", 4 AS a, 5 AS b, 6 AS "constructor", 7 AS ""').all()).results),
			proto: async () => {
				const { results: [row] } = await env.DB.prepare('SELECT 1 AS a, 2 AS "__proto__"').all();
				return [Object.keys(row), Object.getPrototypeOf(row) === Object.prototype];
			},
			batch: async () => JSON.stringify((await env.DB.batch([env.DB.prepare('SELECT 1 AS b, 2 AS "10", 5 AS b'), env.DB.prepare("SELECT 1 AS q WHERE 0")])).map((r) => r.results)),
			raw: async () => JSON.stringify(await env.DB.prepare('SELECT 1 AS b, 2 AS "10", 5 AS b, \'é"\\\' AS "ü""\\"').raw({ columnNames: true })),
			first: async () => JSON.stringify(await env.DB.prepare('SELECT 1 AS b, 2 AS "10", 5 AS b, \'é"\\\' AS "ü""\\"').first()),
		}),
		"/raw-options": ({ env }) => each({
			null: () => env.DB.prepare(SELECT).raw(null),
			text: () => env.DB.prepare(SELECT).raw("columnNames"),
			truthy: () => env.DB.prepare(SELECT).raw({ columnNames: 1 }),
			ofAWrite: () => env.DB.prepare("CREATE TABLE IF NOT EXISTS w (a)").raw({ columnNames: true }),
		}),
		"/keys": ({ env }) => each({ // @ the order of a result's keys
			run: async () => Object.keys(await env.DB.prepare(SELECT).run()),
			all: async () => Object.keys(await env.DB.prepare(SELECT).all()),
			batch: async () => Object.keys((await env.DB.batch([env.DB.prepare(SELECT)]))[0]),
			write: async () => Object.keys(await env.DB.prepare("DROP TABLE IF EXISTS nothing").run()),
			exec: async () => Object.keys(await env.DB.exec("SELECT 1")),
		}),
		"/batch": ({ env }) => eachOdd((v) => env.DB.batch(v), Object.keys(odd).filter((n) => n !== "array")), // @ what is no list of statements
		"/batch-of": ({ env }) => eachOdd((v) => env.DB.batch([v]), ["undefined", "null"]),
		"/batch-alike": ({ env }) => cause(async () => (await env.DB.batch([{ statement: "SELECT ? AS v", params: [3] }]))[0].results), // @ what only looks like a statement
		"/exec": ({ env }) => eachOdd(async (v) => (await env.DB.exec(v)).count), // @ what is no text
		"/exec-lines": ({ env }) => each({
			blank: () => cause(async () => (await env.DB.exec("\n\nSELECT 1;\n\nSELECT 2;\n")).count),
			second: () => cause(() => env.DB.exec("SELECT 1\nSELECT nope")),
			typed: () => cause(async () => (await env.DB.exec(new String("SELECT 1"))).count),
		}),
		"/session-of": ({ env }) => eachOdd((v) => env.DB.withSession(v).getBookmark()), // @ what is no constraint
		"/session-forms": ({ env }) => each({
			padded: () => env.DB.withSession("  first-primary ").getBookmark(),
			any: () => env.DB.withSession("anything").getBookmark(),
			exec: () => cause(() => env.DB.withSession().exec("SELECT 1")),
			nested: () => cause(() => env.DB.withSession().withSession()),
		}),
		"/query": ({ env }) => each({ query: () => cause(() => env.DB.query({ queries: [{ sql: SELECT }] })), dump: () => cause(() => env.DB.dump()) }), // @ what the platform has not, or not without a flag
		"/alone": ({ env }) => { // @ methods without their object
			const { prepare, batch, exec, withSession } = env.DB;
			const { bind } = env.DB.prepare(SELECT);
			return each({
				prepare: () => cause(() => prepare(SELECT)),
				batch: () => cause(() => batch([])),
				exec: () => cause(() => exec(SELECT)),
				withSession: () => cause(() => withSession()),
				bind: () => cause(() => bind()),
			});
		},
		"/promises": ({ env }) => each({ // @ mistakes that are thrown at once, and those that reject
			bind: () => { try { env.DB.prepare("SELECT ?").bind(undefined); } catch { return "thrown"; } },
			batch: () => { try { const p = env.DB.batch(undefined); p.catch(() => {}); return p instanceof Promise ? "rejects" : "no promise"; } catch { return "thrown"; } },
			exec: () => { try { const p = env.DB.exec(undefined); p.catch(() => {}); return p instanceof Promise ? "rejects" : "no promise"; } catch { return "thrown"; } },
			first: () => { const p = env.DB.prepare("nope").first(); p.catch(() => {}); return p instanceof Promise ? "rejects" : "no promise"; },
		}),
	}),
};
