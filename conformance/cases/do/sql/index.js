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
	errors: (sql) => each({ syntax: () => sql.exec("SELEC"), table: () => sql.exec("SELECT * FROM missing"), parameters: () => sql.exec("SELECT ?"), many: () => sql.exec("SELECT 1", 2), unique: () => sql.exec("INSERT INTO t (id) VALUES (1)"), begin: () => sql.exec("BEGIN"), pragma: () => sql.exec("PRAGMA journal_mode = off"), attach: () => sql.exec("ATTACH 'x' AS x"), cf: () => sql.exec("SELECT * FROM _cf_KV"), empty: () => sql.exec("").toArray(), type: () => sql.exec("SELECT ?", {}), undefined: () => sql.exec("SELECT ? AS u", undefined).one() }),
	transaction: (sql, storage) => each({
		undone: () => { try { storage.transactionSync(() => { sql.exec("DELETE FROM t"); throw new Error("undo"); }); } catch (e) { return [e.message, sql.exec("SELECT count(*) n FROM t").one().n]; } },
		done: () => storage.transactionSync(() => { sql.exec("DELETE FROM t WHERE id = 1"); return sql.exec("SELECT count(*) n FROM t").one().n; }),
		async: async () => { await storage.transaction(async () => { sql.exec("INSERT INTO t VALUES (50, 'x')"); }); return sql.exec("SELECT count(*) n FROM t").one().n; },
	}),
	several: (sql) => sql.exec("CREATE TABLE s (a); INSERT INTO s VALUES (?); SELECT a FROM s", 5).toArray(),
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
	}),
};
