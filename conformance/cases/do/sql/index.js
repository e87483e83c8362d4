// SQL in an object: cursors, types, errors and transactions.
import { DurableObject } from "cloudflare:workers";
import { each, hex, routes } from "../../lib.js";

const tests = {
	cursor: (sql) => each({
		create: () => { sql.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO t (name) VALUES ('a'), ('b'), ('c')"); return "created"; },
		toArray: () => sql.exec("SELECT * FROM t ORDER BY id").toArray(), one: () => sql.exec("SELECT name FROM t WHERE id = ?", 2).one(), raw: () => [...sql.exec("SELECT * FROM t WHERE id < 3").raw()],
		names: () => sql.exec("SELECT id, name AS n FROM t").columnNames, next: () => sql.exec("SELECT id FROM t ORDER BY id").next(), each: () => { const out = []; for (const r of sql.exec("SELECT id FROM t")) out.push(r.id); return out; },
		rowsRead: () => { const c = sql.exec("SELECT * FROM t"); c.toArray(); return [c.rowsRead, c.rowsWritten]; }, rowsWritten: () => sql.exec("INSERT INTO t (name) VALUES ('d')").rowsWritten, size: () => sql.databaseSize > 0,
	}),
	one: (sql) => each({ none: () => sql.exec("SELECT * FROM t WHERE id = 99").one(), many: () => sql.exec("SELECT * FROM t").one() }),
	types: (sql) => { const r = sql.exec("SELECT ? AS i, ? AS f, ? AS s, ? AS n, ? AS b, ? AS t", 1, 1.5, "é", null, new Uint8Array([0, 255]).buffer, true).one(); return { ...r, b: hex(r.b) }; },
	errors: (sql) => {
		const all = (q, ...b) => () => sql.exec(q, ...b).toArray();
		return each({
			syntax: all("SELEC"), table: all("SELECT * FROM missing"), parameters: all("SELECT ?"), many: all("SELECT 1", 2), unique: all("INSERT INTO t (id) VALUES (1)"), begin: all("BEGIN"), savepoint: all("SAVEPOINT s"), pragma: all("PRAGMA journal_mode = off"), attach: all("ATTACH 'x' AS x"), temp: all("CREATE TEMP TABLE x (a)"), cf: all("SELECT * FROM _cf_KV"), cfCreate: all("CREATE TABLE _cf_mine (a)"),
			empty: all(""), comment: all("-- only this"), type: all("SELECT ?", {}), undefined: all("SELECT ? AS u", undefined), bigint: all("SELECT ? AS n", 1n), none: () => sql.exec(), function: all("SELECT sqlite_version()"),
		});
	},
	transaction: (sql, storage) => each({
		undone: () => { try { storage.transactionSync(() => { sql.exec("DELETE FROM t"); throw new Error("undo"); }); } catch (e) { return [e.message, sql.exec("SELECT count(*) n FROM t").one().n]; } },
		done: () => storage.transactionSync(() => { sql.exec("DELETE FROM t WHERE id = 1"); return sql.exec("SELECT count(*) n FROM t").one().n; }),
		async: async () => { await storage.transaction(async () => { sql.exec("INSERT INTO t VALUES (50, 'x')"); }); return sql.exec("SELECT count(*) n FROM t").one().n; },
	}),
	several: (sql) => each({
		last: () => sql.exec("CREATE TABLE s (a); INSERT INTO s VALUES (4), (5); SELECT a FROM s WHERE a > ?", 4).toArray(),
		first: () => sql.exec("INSERT INTO s VALUES (?); SELECT a FROM s", 5).toArray(),
		fails: () => sql.exec("INSERT INTO s VALUES (6); SELECT * FROM missing").toArray(), left: () => sql.exec("SELECT count(*) AS n FROM s").one().n,
	}),
	cursors: (sql) => each({ // cursors that are read in turn
		closed: () => { const q = "SELECT id FROM t ORDER BY id"; const a = sql.exec(q); a.next(); const b = sql.exec(q); b.next(); return a.toArray(); },
		other: () => { const a = sql.exec("SELECT id FROM t ORDER BY id"); a.next(); const b = sql.exec("SELECT id FROM t ORDER BY id DESC"); b.next(); return a.toArray(); },
		changed: () => { const a = sql.exec("SELECT id FROM t ORDER BY id"); a.next(); sql.exec("INSERT INTO t (name) VALUES ('new')"); return a.toArray().length; },
		done: () => { const a = sql.exec("SELECT 1 AS x"); a.toArray(); return [a.next(), a.toArray(), a.rowsRead]; }, half: () => { const a = sql.exec("SELECT id FROM t"); a.next(); return a.one(); },
		rawNames: () => { const c = sql.exec("SELECT 1 AS a, 2 AS a"); return [c.columnNames, [...c.raw()]]; }, duplicate: () => sql.exec("SELECT 1 AS a, 2 AS a").toArray(), iterator: () => typeof sql.exec("SELECT 1")[Symbol.iterator], classes: () => [sql.exec("SELECT 1") instanceof sql.Cursor, typeof sql.Statement],
	}),
	limits: (sql) => {
		const list = (n, f) => Array.from({ length: n }, (_, i) => f(i)).join(", ");
		const one = (q, ...b) => () => Object.values(sql.exec(q, ...b).one())[0];
		return each({
			parameters100: () => sql.exec(`SELECT ${list(100, () => "?")}`, ...Array(100).fill(1)).raw().next().value.length, parameters101: () => sql.exec(`SELECT ${list(101, () => "?")}`, ...Array(101).fill(1)).raw().next().value.length,
			columns101: () => sql.exec(`CREATE TABLE wide (${list(101, (i) => "c" + i)})`).toArray(), length: one("SELECT 1 /*" + "x".repeat(100000) + "*/"), like: one("SELECT 'a' LIKE ?", "%".repeat(51)),
			compound: () => sql.exec(Array(6).fill("SELECT 1").join(" UNION ALL ")).toArray().length, depth: one("SELECT " + "(1+".repeat(110) + "1" + ")".repeat(110)), arguments: one(`SELECT max(${list(128, (i) => i)})`), value: one("SELECT length(?)", "x".repeat(2 ** 21 + 1)), row: one("SELECT length(zeroblob(4194305))"),
		});
	},
};

export class Sql extends DurableObject {
	run(test) { return tests[test](this.ctx.storage.sql, this.ctx.storage); }
}
const on = (test) => ({ env }) => env.OBJECT.getByName("one").run(test);

export default {
	fetch: routes({
		"/cursor": on("cursor"),
		"/one": on("one"), // @ one() wants exactly one row
		"/types": on("types"),
		"/errors": on("errors"),
		"/transaction": on("transaction"),
		"/several": on("several"), // @ several statements, the last one has the parameters
		"/cursors": on("cursors"), // @ cursors that are read in turn
		"/limits": on("limits"), // @ limits of a statement
	}),
};
