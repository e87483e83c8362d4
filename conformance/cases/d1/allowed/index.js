// What D1 lets SQL use: functions, pragmas, virtual tables, names and operations.
import { each, routes } from "../../lib.js";

const words = (s) => s.trim().split(/\s+/);
const core = words(`abs changes char coalesce concat concat_ws format glob hex ifnull iif if instr last_insert_rowid length like likelihood likely
	load_extension lower ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex sqlite_compileoption_get
	sqlite_compileoption_used sqlite_offset sqlite_source_id sqlite_version substr substring subtype total_changes trim typeof unhex unicode unistr
	unistr_quote unlikely upper zeroblob sqlite_log affinity`);
const dates = words("date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp");
const aggregates = words("avg count group_concat max min string_agg sum total median percentile percentile_cont percentile_disc");
const windows = words("row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value");
const maths = words("acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power radians sin sinh sqrt tan tanh trunc");
const jsons = words(`json jsonb json_array jsonb_array json_array_length json_array_insert json_error_position json_extract jsonb_extract json_insert jsonb_insert json_object
	jsonb_object json_patch jsonb_patch json_pretty json_remove jsonb_remove json_replace jsonb_replace json_set jsonb_set json_type json_valid json_quote
	json_group_array jsonb_group_array json_group_object jsonb_group_object`);
const others = words(`fts5 fts5_source_id fts5_locale highlight bm25 snippet match rtreecheck rtreedepth rtreenode sqlite_rename_column sqlite_rename_table
	sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix regexp sha1 sha3 decimal edit readfile writefile geopoly_area generate_series`);
const pragmas = words(`analysis_limit application_id auto_vacuum automatic_index busy_timeout cache_size cache_spill case_sensitive_like cell_size_check checkpoint_fullfsync collation_list
	compile_options count_changes data_version database_list default_cache_size defer_foreign_keys empty_result_callbacks encoding foreign_key_check foreign_key_list foreign_keys
	freelist_count full_column_names fullfsync function_list hard_heap_limit ignore_check_constraints incremental_vacuum index_info index_list index_xinfo integrity_check journal_mode
	journal_size_limit legacy_alter_table legacy_file_format locking_mode max_page_count mmap_size module_list optimize page_count page_size parser_trace pragma_list query_only quick_check
	read_uncommitted recursive_triggers reverse_unordered_selects schema_version secure_delete short_column_names shrink_memory soft_heap_limit stats synchronous table_info table_list
	table_xinfo temp_store temp_store_directory threads trusted_schema user_version vdbe_trace wal_autocheckpoint wal_checkpoint writable_schema`);

const asked = (env, sql) => env.DB.prepare(sql).all().then((r) => r, (e) => e);

// Whether a function may be called: an error about its arguments comes before
// the one about leave, so it is called with as many as it takes.
async function callable(env, name, over = "") {
	for (let n = 0; n <= 4; n++) {
		const r = await asked(env, `SELECT ${name}(${Array(n).fill("'1'").join(", ")})${over} AS v`);
		if (!(r instanceof Error) || !/wrong number of arguments|may not be used as a window/.test(r.message)) {
			return r instanceof Error && /not authorized|no such function/.test(r.message) ? r.message.replace(/ at offset \d+/, "") : "yes";
		}
	}
	return "takes no number of arguments up to 4";
}

// split is the names that may be used, and why the others may not.
async function split(names, ask) {
	const allowed = [], refused = {};
	for (const n of names) {
		const answer = await ask(n);
		if (answer === "yes") allowed.push(n); else refused[n] = answer;
	}
	return { allowed: allowed.join(" "), ...refused };
}
const functions = (names, over) => ({ env }) => split(names, (n) => callable(env, n, over));
const pragma = (form) => ({ env }) => split(pragmas, async (n) => { const r = await asked(env, form(n)); return r instanceof Error ? r.message : "yes"; });
const tries = (table) => ({ env }) => each(Object.fromEntries(Object.entries(table).map(([k, q]) => [k, async () => (await env.DB.prepare(q).all()).success])));

export default {
	fetch: routes({
		"/functions/core": functions(core),
		"/functions/dates": functions(dates),
		"/functions/aggregates": functions(aggregates),
		"/functions/windows": functions(windows, " OVER ()"),
		"/functions/maths": functions(maths),
		"/functions/jsons": functions(jsons),
		"/functions/others": functions(others), // @ functions of FTS5 and R-trees, of ALTER TABLE, and of other builds
		"/functions/fts3": functions(words("offsets matchinfo optimize")), // @ there is FTS5, and no FTS3
		"/json-tables": tries({ each: "SELECT * FROM json_each('[1]')", tree: "SELECT * FROM json_tree('[1]')", jsonbEach: "SELECT * FROM jsonb_each('[1]')", arrow: "SELECT '{\"a\":1}' -> 'a'", arrows: "SELECT '{\"a\":1}' ->> 'a'" }),
		"/pragmas/read": pragma((n) => `PRAGMA ${n}`), // @ pragmas without an argument
		"/pragmas/number": pragma((n) => `PRAGMA ${n} = 1`), // @ pragmas with a number
		"/pragmas/name": pragma((n) => `PRAGMA ${n}(t)`), // @ pragmas with a name
		"/pragmas/table-valued": ({ env }) => split(["table_info('t')", "table_xinfo('t')", "table_list", "index_list('t')", "foreign_key_list('t')", "function_list", "pragma_list", "compile_options", "database_list"], async (n) => { const r = await asked(env, `SELECT * FROM pragma_${n}`); return r instanceof Error ? r.message : "yes"; }), // @ pragmas as tables
		"/pragmas/values": tries({ on: "PRAGMA foreign_keys = on", off: "PRAGMA foreign_keys = off", word: "PRAGMA foreign_keys = maybe", text: "PRAGMA foreign_keys = 'on'", schema: "PRAGMA main.table_list", other: "PRAGMA temp.table_list", nothing: "PRAGMA no_such_pragma" }),
		"/virtual-tables": tries({
			fts5: "CREATE VIRTUAL TABLE f USING fts5(a)", fts5vocab: "CREATE VIRTUAL TABLE fv USING fts5vocab(f, row)", rtree: "CREATE VIRTUAL TABLE rt USING rtree(id, x0, x1)", rtreeI32: "CREATE VIRTUAL TABLE ri USING rtree_i32(id, x0, x1)",
			fts3: "CREATE VIRTUAL TABLE f3 USING fts3(a)", fts4: "CREATE VIRTUAL TABLE f4 USING fts4(a)", geopoly: "CREATE VIRTUAL TABLE g USING geopoly(a)", csv: "CREATE VIRTUAL TABLE c USING csv(filename='x')", dbstat: "CREATE VIRTUAL TABLE d USING dbstat", none: "CREATE VIRTUAL TABLE n USING no_such_module", dbstatRead: "SELECT * FROM dbstat", sqliteStmt: "SELECT * FROM sqlite_stmt", series: "SELECT * FROM generate_series(1, 2)", drop: "DROP TABLE f",
		}),
		"/temp": tries({ table: "CREATE TEMP TABLE x (a)", temporary: "CREATE TEMPORARY TABLE x (a)", schema: "CREATE TABLE temp.x (a)", as: "CREATE TEMP TABLE x AS SELECT 1", view: "CREATE TEMP VIEW v AS SELECT 1", trigger: "CREATE TEMP TRIGGER tr AFTER INSERT ON f BEGIN SELECT 1; END", index: "CREATE INDEX temp.i ON f (a)", read: "SELECT * FROM sqlite_temp_master", virtual: "CREATE VIRTUAL TABLE temp.vf USING fts5(a)" }), // @ nothing temporary
		"/attach": tries({ memory: "ATTACH ':memory:' AS m", file: "ATTACH '/etc/passwd' AS m", main: "DETACH main", none: "DETACH nobody" }),
		"/names": tries({ table: "CREATE TABLE _cf_x (a)", upper: "CREATE TABLE _CF_X (a)", view: "CREATE VIEW _cf_v AS SELECT 1", index: "CREATE INDEX _cf_i ON rt_node (nodeno)", trigger: "CREATE TRIGGER _cf_t AFTER INSERT ON rt_node BEGIN SELECT 1; END", column: "CREATE TABLE holds (_cf_column)", rename: "ALTER TABLE holds RENAME TO _cf_y", sqlite: "CREATE TABLE sqlite_x (a)", read: "SELECT * FROM _cf_METADATA", schema: "SELECT count(*) FROM sqlite_schema", master: "UPDATE sqlite_master SET sql = ''" }), // @ names that belong to Cloudflare and to SQLite
		"/statements": tries({ explain: "EXPLAIN SELECT 1", plan: "EXPLAIN QUERY PLAN SELECT 1", analyze: "ANALYZE", reindex: "REINDEX", vacuum: "VACUUM", create: "CREATE TABLE s (a, b)", add: "ALTER TABLE s ADD COLUMN c", renameColumn: "ALTER TABLE s RENAME COLUMN c TO d", dropColumn: "ALTER TABLE s DROP COLUMN d", rename: "ALTER TABLE s RENAME TO s2", view: "CREATE VIEW sv AS SELECT * FROM s2", dropView: "DROP VIEW sv", replace: "REPLACE INTO s2 VALUES (1, 2)", end: "END", rollback: "ROLLBACK", release: "RELEASE s", begin: "BEGIN IMMEDIATE", rowid: "CREATE TABLE wr (a PRIMARY KEY) WITHOUT ROWID", strict: "CREATE TABLE st (a INTEGER) STRICT", drop: "DROP TABLE s2" }),
		"/opcodes": async ({ env }) => { // @ a statement of too many operations: views of views, about 300 operations a row
			await env.DB.exec(`CREATE VIEW v0 AS SELECT ${Array.from({ length: 100 }, (_, i) => `random() + ${i} AS c${i}`)}`);
			for (let n = 1; n <= 4; n++) await env.DB.exec(`CREATE VIEW v${n} AS ${Array(5).fill(`SELECT * FROM v${n - 1}`).join(" UNION ALL ")}`);
			const rows = (view, times) => async () => (await env.DB.prepare(Array(times).fill("SELECT * FROM " + view).join(" UNION ALL ")).raw()).length;
			return each({ of125: rows("v3", 1), of375: rows("v3", 3), of500: rows("v3", 4), of1250: rows("v4", 2), values: async () => (await env.DB.prepare("VALUES " + Array(480).fill(`(${Array(100).fill(1)})`).join(",")).raw()).length });
		},
		"/depths": ({ env }) => { // @ limits to the unit
			const depth = (n) => async () => (await env.DB.prepare("SELECT " + "(1+".repeat(n) + "1" + ")".repeat(n)).raw())[0][0];
			const chain = async (n) => { await env.DB.exec(`DROP TABLE IF EXISTS chain; CREATE TABLE chain (n); PRAGMA recursive_triggers = on;\nCREATE TRIGGER next AFTER INSERT ON chain WHEN new.n < ${n} BEGIN INSERT INTO chain VALUES (new.n + 1); END`); return (await env.DB.batch([env.DB.prepare("PRAGMA recursive_triggers = on"), env.DB.prepare("INSERT INTO chain VALUES (1)")]))[1].meta.changes; };
			return each({ expression98: depth(98), expression99: depth(99), expression100: depth(100), triggers9: () => chain(9), triggers10: () => chain(10), triggers11: () => chain(11), triggers12: () => chain(12) });
		},
		"/arguments": ({ env }) => each(Object.fromEntries([32, 33, 100, 101, 126, 127, 128].map((n) => ["of" + n, async () => (await env.DB.prepare(`SELECT max(${Array.from({ length: n }, (_, i) => i)}) AS m`).first("m"))]))), // @ arguments of a function
		"/sessions": ({ env }) => each({ // @ what begins a session
			null: () => env.DB.withSession(null).prepare("SELECT 1 AS a").first("a"), space: () => env.DB.withSession("  ").prepare("SELECT 1 AS a").first("a"), number: () => env.DB.withSession(7).prepare("SELECT 1 AS a").first("a"), object: () => env.DB.withSession({}).prepare("SELECT 1 AS a").first("a"),
		}),
	}),
};
