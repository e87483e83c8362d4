package d1

import "flint/d1/csqlite"

// functions are the SQL functions that D1 lets a user call, by the page of
// SQLite's documentation that describes them. Those missing on purpose tell
// about the build: sqlite_version, sqlite_source_id, sqlite_compileoption_*.
var functions = [...]string{
	// https://www.sqlite.org/lang_corefunc.html
	"abs", "changes", "char", "coalesce", "concat", "concat_ws", "format", "glob", "hex", "ifnull", "iif",
	"instr", "last_insert_rowid", "length", "like", "likelihood", "likely", "load_extension", "lower", "ltrim",
	"max_scalar", "min_scalar", "nullif", "octet_length", "printf", "quote", "random", "randomblob", "replace",
	"round", "rtrim", "sign", "soundex", "substr", "substring", "total_changes", "trim", "typeof", "unhex",
	"unicode", "unlikely", "upper", "zeroblob",
	// https://www.sqlite.org/lang_datefunc.html
	"date", "time", "datetime", "julianday", "unixepoch", "strftime", "timediff", "current_date",
	"current_time", "current_timestamp",
	// https://www.sqlite.org/lang_aggfunc.html
	"avg", "count", "group_concat", "max", "min", "string_agg", "sum", "total",
	// https://www.sqlite.org/windowfunctions.html
	"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value",
	"last_value", "nth_value",
	// https://www.sqlite.org/lang_mathfunc.html
	"acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos", "cosh", "degrees", "exp",
	"floor", "ln", "log", "log2", "mod", "pi", "pow", "radians", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
	// https://www.sqlite.org/json1.html
	"json", "jsonb", "json_array", "jsonb_array", "json_array_length", "json_extract", "jsonb_extract", "->",
	"->>", "json_insert", "jsonb_insert", "json_object", "jsonb_object", "json_patch", "jsonb_patch",
	"json_remove", "jsonb_remove", "json_replace", "jsonb_replace", "json_set", "jsonb_set", "json_type",
	"json_valid", "json_quote", "json_group_array", "jsonb_group_array", "json_group_object",
	"jsonb_group_object", "json_each", "json_tree",
	// https://www.sqlite.org/fts5.html
	"match", "highlight", "bm25", "snippet",
	// https://www.sqlite.org/rtree.html
	"rtreecheck",
	// https://www.sqlite.org/lang_altertable.html
	"sqlite_rename_column", "sqlite_rename_table", "sqlite_rename_test", "sqlite_drop_column",
	"sqlite_rename_quotefix",
}

// stateful are the functions whose answer depends on what the connection did
// before: only the connection that writes can answer them.
var stateful = map[string]bool{"changes": true, "total_changes": true, "last_insert_rowid": true}

// pragmas are the pragmas that D1 lets a user run, and the argument each may
// have. https://developers.cloudflare.com/d1/sql-api/sql-statements/
var pragmas = map[string]csqlite.Arg{
	"case_sensitive_like":       csqlite.ArgBoolean,
	"data_version":              csqlite.ArgNone,
	"defer_foreign_keys":        csqlite.ArgBoolean,
	"foreign_key_check":         csqlite.ArgOptionalName,
	"foreign_key_list":          csqlite.ArgName,
	"foreign_keys":              csqlite.ArgBoolean,
	"ignore_check_constraints":  csqlite.ArgBoolean,
	"index_info":                csqlite.ArgName,
	"index_list":                csqlite.ArgName,
	"index_xinfo":               csqlite.ArgName,
	"legacy_alter_table":        csqlite.ArgBoolean,
	"optimize":                  csqlite.ArgOptionalNumber,
	"page_size":                 csqlite.ArgNone,
	"quick_check":               csqlite.ArgOptionalNumberOrName,
	"recursive_triggers":        csqlite.ArgBoolean,
	"reverse_unordered_selects": csqlite.ArgBoolean,
	"table_info":                csqlite.ArgName,
	"table_list":                csqlite.ArgAny,
	"table_xinfo":               csqlite.ArgName,
}

// modules are the virtual tables that a user may create.
var modules = []string{"fts5", "fts5vocab", "rtree", "rtree_i32"}

// policy is what D1 allows. Beyond these lists: no ATTACH, no TEMP objects, no
// transaction statements, nothing whose name begins with _cf_.
var policy = func() *csqlite.Policy {
	allowed := make(map[string]bool, len(functions))
	for _, name := range functions {
		allowed[name] = stateful[name]
	}
	return csqlite.NewPolicy(allowed, pragmas, modules)
}()
