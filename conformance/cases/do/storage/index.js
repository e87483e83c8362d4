// The key-value storage of an object, on both backends, and its limits.
import { DurableObject } from "cloudflare:workers";
import { each, routes } from "../../lib.js";

const tests = {
	values: (s) => each({
		missing: async () => String(await s.get("none")), put: async () => { await s.put("o", { a: [1, new Date(0), new Map([["k", 1n]])] }); return String((await s.get("o")).a[2].get("k")); },
		many: async () => { await s.put({ m1: 1, m2: "two", m3: null }); return [...(await s.get(["m1", "m2", "m3", "m4"]))]; },
		delete: async () => [await s.delete("m1"), await s.delete("m1"), await s.delete(["m2", "m3", "none"])],
	}),
	list: async (s) => {
		await s.deleteAll();
		for (const k of ["b", "a", "p/2", "p/1", "é", "Z"]) await s.put(k, k);
		const keys = async (o) => [...(await s.list(o)).keys()];
		return each({ all: () => keys(), reverse: () => keys({ reverse: true }), prefix: () => keys({ prefix: "p/" }), start: () => keys({ start: "b" }), startAfter: () => keys({ startAfter: "b" }), end: () => keys({ end: "p/1" }), limit: () => keys({ limit: 2 }), mixed: () => keys({ start: "a", end: "p/2", limit: 2, reverse: true }), zero: () => keys({ limit: 0 }), both: () => keys({ start: "a", startAfter: "a" }) });
	},
	transaction: (s) => each({
		commit: async () => { await s.transaction(async (t) => { await t.put("t", 1); }); return s.get("t"); },
		rollback: async () => { await s.transaction(async (t) => { await t.put("t", 2); t.rollback(); }); return s.get("t"); },
		throws: async () => { try { await s.transaction(async (t) => { await t.put("t", 3); throw new Error("undo"); }); } catch (e) { return [e.message, await s.get("t")]; } },
		after: () => s.transaction(async (t) => { t.rollback(); return t.get("t"); }), deleteAll: () => s.transaction(async (t) => t.deleteAll()),
		outside: async () => { let kept; await s.transaction(async (t) => { kept = t; }); return kept.get("t"); },
	}),
	sync: (s) => each({ // the synchronous API, on SQLite only
		put: () => { s.kv.put("s", { n: 1 }); return s.kv.get("s"); }, missing: () => String(s.kv.get("nothing")), list: () => { s.kv.put("s2", 2); return [...s.kv.list({ prefix: "s" })]; }, delete: () => [s.kv.delete("s"), s.kv.delete("s")],
		transaction: () => { try { s.transactionSync(() => { s.kv.put("ts", 1); throw new Error("undo"); }); } catch (e) { return [e.message, s.kv.get("ts") ?? null]; } },
	}),
	keys: (s) => each({ empty: async () => { await s.put("", 1); return s.get(""); }, at2048: async () => { await s.put("k".repeat(2048), 1); return "put"; }, at2049: () => s.put("k".repeat(2049), 1), get2049: () => s.get("k".repeat(2049)), number: async () => { await s.put(7, "seven"); return s.get("7"); } }),
	valueLimits: (s) => each({ undefined: () => s.put("u", undefined), function: () => s.put("f", () => 1), kb128: async () => { await s.put("v", new Uint8Array(131072)); return (await s.get("v")).length; }, over128: () => s.put("v", new Uint8Array(131072 + 64)).then(() => "put"), over2mb: () => s.put("v", new Uint8Array(2200000)).then(() => "put") }),
	counts: (s) => each({ put128: async () => { await s.put(Object.fromEntries(Array.from({ length: 128 }, (_, i) => ["c" + i, i]))); return "put"; }, put129: () => s.put(Object.fromEntries(Array.from({ length: 129 }, (_, i) => ["c" + i, i]))).then(() => "put"), get129: () => s.get(Array.from({ length: 129 }, (_, i) => "c" + i)).then((m) => m.size), delete129: () => s.delete(Array.from({ length: 129 }, (_, i) => "c" + i)) }),
	deleteAll: async (s) => { await s.put("d", 1); await s.deleteAll(); return (await s.list()).size; },
	options: (s) => each({ allowConcurrency: async () => { await s.put("o", 1, { allowConcurrency: true, allowUnconfirmed: true, noCache: true }); return s.get("o", { allowConcurrency: true, noCache: true }); }, sync: async () => String(await s.sync()) }),
	inTransaction: (s) => each({ // every method of a transaction
		all: () => s.transaction(async (t) => { await t.put({ x1: 1, x2: 2 }); await t.put("x3", 3, { noCache: true }); const listed = [...(await t.list({ prefix: "x", reverse: true, limit: 2 }))]; return [await t.get("x1"), [...(await t.get(["x2", "x9"]))], listed, await t.delete("x1"), await t.delete(["x2", "x9"])]; }),
		left: async () => [...(await s.list({ prefix: "x" })).keys()], returns: () => s.transaction(async () => "a value"), nested: () => s.transaction(async () => s.transaction(async (t) => { await t.put("n", 1); return t.get("n"); })),
		rollbackTwice: () => s.transaction(async (t) => { t.rollback(); t.rollback(); return "twice"; }), put: () => s.transaction(async (t) => { t.rollback(); return t.put("r", 1); }), delete: () => s.transaction(async (t) => { t.rollback(); return t.delete("r"); }), list: () => s.transaction(async (t) => { t.rollback(); return t.list(); }),
		notFunction: () => s.transaction(7),
	}),
	syncList: (s) => { // options of storage.kv.list
		for (const k of ["b", "a", "p/2", "p/1"]) s.kv.put(k, k);
		const keys = (o) => [...s.kv.list(o)].map(([k]) => k);
		return each({ all: () => keys(), reverse: () => keys({ reverse: true }), prefix: () => keys({ prefix: "p/" }), start: () => keys({ start: "b" }), startAfter: () => keys({ startAfter: "b" }), end: () => keys({ end: "p/1" }), limit: () => keys({ limit: 2 }), zero: () => keys({ limit: 0 }), undefined: () => s.kv.put("u", undefined), function: () => s.kv.put("f", () => 1), long: () => { s.kv.put("k".repeat(2049), 1); return "put"; } });
	},
	bookmarks: (s) => each({
		current: async () => typeof (await s.getCurrentBookmark()), forTime: () => s.getBookmarkForTime(Date.now() - 1000).then((b) => typeof b), restore: async () => typeof (await s.onNextSessionRestoreBookmark(await s.getCurrentBookmark())), bad: () => s.onNextSessionRestoreBookmark("not a bookmark"),
	}),
	noSql: (s) => each({ exec: () => s.sql.exec("SELECT 1").toArray(), kv: () => s.kv.get("x") ?? null, bookmark: () => s.getCurrentBookmark().then((b) => typeof b) }),
};

class Base extends DurableObject {
	run(test) { return tests[test](this.ctx.storage); }
}
export class Store extends Base {}
export class SqlStore extends Base {}

const on = (binding, test) => ({ env }) => env[binding].getByName(test).run(test);

export default {
	fetch: routes({
		"/kv/values": on("KV", "values"),
		"/kv/list": on("KV", "list"),
		"/kv/transaction": on("KV", "transaction"),
		"/kv/keys": on("KV", "keys"),
		"/kv/value-limits": on("KV", "valueLimits"),
		"/kv/counts": on("KV", "counts"), // @ at most 128 keys in one call
		"/kv/delete-all": on("KV", "deleteAll"),
		"/kv/in-transaction": on("KV", "inTransaction"),
		"/sqlite/in-transaction": on("SQLITE", "inTransaction"), // @ every method of a transaction
		"/sqlite/sync-list": on("SQLITE", "syncList"), // @ options of storage.kv.list
		"/sqlite/recovery": on("SQLITE", "bookmarks"), // @ point-in-time recovery
		"/kv/options": on("KV", "options"),
		"/kv/no-sql": on("KV", "noSql"), // @ a class without SQLite
		"/sqlite/values": on("SQLITE", "values"),
		"/sqlite/list": on("SQLITE", "list"),
		"/sqlite/transaction": on("SQLITE", "transaction"),
		"/sqlite/sync": on("SQLITE", "sync"), // @ storage.kv, the synchronous API
		"/sqlite/keys": on("SQLITE", "keys"),
		"/sqlite/value-limits": on("SQLITE", "valueLimits"),
		"/sqlite/counts": on("SQLITE", "counts"),
		"/sqlite/delete-all": on("SQLITE", "deleteAll"),
		"/sqlite/options": on("SQLITE", "options"),
		"/sqlite/bookmarks": on("SQLITE", "noSql"), // @ SQL and bookmarks are there
	}),
};
