package config

// settingKey is one key of flint.toml. Each is also a variable, FLINT_ and the
// key in capitals with _ for the dot of a table, unless it is a list of tables.
type settingKey struct {
	name  string // with "::" between a table and its key, as viper has it
	flag  bool   // `flint dev` has a flag of that name, or --no-NAME
	value any    // the default; nil is none
	about string // what it sets, in which unit
}

// settingKeys is every key, in the order of docs/SETTINGS.md, which is written
// from it.
var settingKeys = []settingKey{
	{"workers", false, nil, "folders with a Wrangler file each; the first one owns the port"},
	{"pages", false, nil, "folders of static front ends; `dist` in them, or `pages_build_output_dir` of their Wrangler file, is served at `NAME.pages.dev.localhost`"},
	{"try", false, nil, "commands that `flint dev` shows once it answers; `{url}` becomes the Worker's address"},

	{"port", true, 8787, "the Worker's port, 0 for any free one; also `[dev] port` of the Wrangler file"},
	{"ip", true, "127.0.0.1", "the address of the Worker's port; also `[dev] ip` of the Wrangler file"},
	{"control_port", true, 8788, "the port of the control and REST API, on 127.0.0.1 only"},
	{"s3_port", true, 8789, "the port of R2's S3 API, on 127.0.0.1 only"},
	{"inspector_port", true, 0, "the port of the V8 inspector, for a debugger; 0 is off; also `[dev] inspector_port` of the Wrangler file"},
	{"state", true, nil, "the state directory: `.flint` beside the configuration unless given. A relative path starts at the project's folder"},
	{"ephemeral", true, false, "keep state in a temporary folder, which is removed at the end"},
	{"isolates", true, 1, "workerd processes that run a Worker without Durable Objects, each with globals of its own"},
	{"watch", true, true, "reload when a file is saved (`--no-watch` turns it off)"},
	{"install", true, true, "run npm where something is missing (`--no-install` turns it off)"},
	{"log_format", true, "pretty", "`pretty`, or `json`: one object a line"},

	{"kv::driver", false, "memory", "where KV lives: `memory`, `redis://…`, `rediss://…`, `unix:///SOCKET`, or `redis://embedded`"},
	{"kv::consistency", false, Immediate, "`immediate`, or `eventual`: reads come from a cache, as in another location"},
	{"kv::write_limit", false, false, "allow one write a second to a key"},
	{"kv::namespaces", false, nil, "what differs for one namespace: `id` (or the name of its binding), `consistency`, `write_limit`"},

	{"r2::driver", false, "disk", "where R2 lives: `disk`, or `s3://KEY:SECRET@HOST:PORT` (`s3s://` for TLS)"},
	{"r2::public", false, nil, "buckets that are public at `http://BUCKET.r2.dev.localhost:PORT`"},
	{"r2::domains", false, nil, "public hosts: a host with the name of its bucket, or with `{ bucket, not_found }`"},
	{"r2::notifications", false, nil, "changes of a bucket that become messages: `bucket`, `queue`, `events`, `prefix`, `suffix`"},
	{"r2::access_key_id", false, nil, "a fixed key of the S3 API, beside those of `flint r2 token create`"},
	{"r2::secret_access_key", false, nil, "the secret of that key"},

	{"queues::message_retention_period", false, defaultRetention, "seconds that a message is kept in a queue without a period of its own"},

	{"outbound::allow", false, nil, "hosts that a Worker may really reach: `host`, `host:port`, `*.example.com`, or `*`"},
	{"outbound::record", false, nil, "hosts that are reached too, and whose answers are kept"},
	{"outbound::replay", false, nil, "hosts that are answered from what was kept, and never reached"},
	{"outbound::cassettes", false, nil, "the folder of kept answers, one YAML file a host"},
	{"outbound::mocks", false, nil, "folders of YAML files with answers of your own; also tables `[[outbound.mocks]]`"},
	{"outbound::ca", false, nil, "a PEM file with more certificate authorities to trust"},

	{"ai::scripts", false, nil, "folders of scripted answers"},
	{"ai::strict", false, false, "what no script, recording or backend answers is an error"},
	{"ai::seed", false, 0, "the seed of generated answers; another seed gives other answers"},
	{"ai::time_to_first_token", false, nil, "how long a stream waits on flint's clock, such as `300ms`"},
	{"ai::tokens_per_second", false, 0, "the pace of streams on flint's clock; 0 does not wait"},
	{"ai::backend", false, nil, "a real model server, such as `http://127.0.0.1:11434/v1`; its key is read from `FLINT_AI_BACKEND_KEY`"},
	{"ai::backend_model", false, nil, "the model to ask there; empty asks for the Worker's"},
	{"ai::backend_embedding_model", false, nil, "the model to ask there for embeddings"},
	{"ai::record", false, false, "keep what the backend answers"},
	{"ai::recordings", false, nil, "the folder of kept answers; `ai/recorded` in the state directory unless given"},
}
