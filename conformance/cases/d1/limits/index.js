// Every limit of D1 that a Worker can reach, at the limit and one past it.
import { each, routes } from "../../lib.js";

const length = async (env, q, ...p) => (await env.DB.prepare(q).bind(...p).raw())[0][0];
const list = (n, f) => Array.from({ length: n }, (_, i) => f(i)).join(", ");
const params = (env, n) => env.DB.prepare(`SELECT ${list(n, (i) => "?" + (i + 1))}`).bind(...Array(n).fill(1)).raw().then((r) => r[0].length);

export default {
	fetch: routes({
		"/parameters": ({ env }) => each({ at100: () => params(env, 100), at101: () => params(env, 101) }),
		"/columns": ({ env }) => each({
			at100: async () => (await env.DB.prepare(`CREATE TABLE c100 (${list(100, (i) => "c" + i)})`).run()).success,
			at101: () => env.DB.prepare(`CREATE TABLE c101 (${list(101, (i) => "c" + i)})`).run(),
			select101: () => env.DB.prepare(`SELECT ${list(101, () => "1")}`).all(),
		}),
		"/statement-length": ({ env }) => each({
			at100000: () => length(env, "SELECT 1 /*" + "x".repeat(100000 - 13) + "*/"),
			at100001: () => length(env, "SELECT 1 /*" + "x".repeat(100001 - 13) + "*/"),
		}),
		"/value-length": ({ env }) => length(env, "SELECT length(?)", "x".repeat(2000000)), // @ a string of 2 MB
		"/value-length-and-1": ({ env }) => length(env, "SELECT length(?)", "x".repeat(2000001)),
		"/value-too-long": ({ env }) => length(env, "SELECT length(?)", "x".repeat(4 * 1024 * 1024 + 1)),
		"/value-grown": ({ env }) => length(env, "SELECT length(replace(hex(zeroblob(1100000)), '0', 'xx'))"), // @ a long string made by functions
		"/zeroblob": ({ env }) => length(env, "SELECT length(zeroblob(5000000))"),
		"/like": ({ env }) => each({ at50: () => length(env, "SELECT 'a' LIKE ?", "%".repeat(50)), at51: () => length(env, "SELECT 'a' LIKE ?", "%".repeat(51)), glob: () => length(env, "SELECT 'a' GLOB ?", "*".repeat(51)) }),
		"/compound": ({ env }) => each({
			at5: async () => (await env.DB.prepare(Array(5).fill("SELECT 1").join(" UNION ALL ")).all()).results.length,
			at6: async () => (await env.DB.prepare(Array(6).fill("SELECT 1").join(" UNION ALL ")).all()).results.length,
			values: async () => (await env.DB.prepare("VALUES " + list(200, (i) => `(${i})`)).all()).results.length,
		}),
		"/expression-depth": ({ env }) => each({ at90: () => length(env, "SELECT " + "(1+".repeat(90) + "1" + ")".repeat(90)), at110: () => length(env, "SELECT " + "(1+".repeat(110) + "1" + ")".repeat(110)) }),
		"/function-arguments": ({ env }) => each({ at32: () => length(env, `SELECT max(${list(32, (i) => i)})`), at127: () => length(env, `SELECT max(${list(127, (i) => i)})`), at128: () => length(env, `SELECT max(${list(128, (i) => i)})`) }),
		"/trigger-depth": async ({ env }) => {
			await env.DB.exec("CREATE TABLE deep (n)\nCREATE TRIGGER again AFTER INSERT ON deep WHEN new.n < 50 BEGIN INSERT INTO deep VALUES (new.n + 1); END");
			return each({ pragma: async () => (await env.DB.prepare("PRAGMA recursive_triggers = on").run()).success, insert: async () => (await env.DB.prepare("INSERT INTO deep VALUES (0)").run()).success });
		},
		"/many-rows": async ({ env }) => { // @ ten thousand rows in one answer
			const r = await env.DB.prepare("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 10000) SELECT n FROM c").all();
			return { rows: r.results.length, last: r.results.at(-1) };
		},
	}),
};
