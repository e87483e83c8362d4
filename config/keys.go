package config

import "sort"

// scope says what a named environment does with a top-level key.
type scope uint8

const (
	inherited scope = iota // the environment has it too, unless it sets its own
	own                    // bindings and the like: the environment has only what it sets
	topLevel               // belongs at the top level only
)

// served says what flint does with a key.
type served uint8

const (
	yes   served = iota
	quiet        // without effect on a local run, at Cloudflare's own tool as well
	no           // named in one warning
)

type wranglerKey struct {
	spec   *spec
	scope  scope
	served served
}

var binding = map[string]*spec{"binding": text, "remote": boolean}

func with(more map[string]*spec, base map[string]*spec) map[string]*spec {
	out := map[string]*spec{}
	for _, m := range []map[string]*spec{base, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func bindings(need []string, more map[string]*spec) *spec {
	return listOf(table(with(more, binding), need...))
}

var routeSpec = either(text, table(map[string]*spec{
	"pattern": text, "zone_id": text, "zone_name": text, "custom_domain": boolean, "enabled": boolean, "previews_enabled": boolean,
}, "pattern"))

var queuesSpec = table(map[string]*spec{
	"producers": bindings([]string{"binding"}, map[string]*spec{"queue": text, "delivery_delay": number}),
	"consumers": listOf(table(map[string]*spec{
		"queue": text, "type": oneOf("worker", "http_pull"), "max_batch_size": integer, "max_batch_timeout": number, "max_retries": integer,
		"dead_letter_queue": text, "max_concurrency": integer, "visibility_timeout_ms": number, "retry_delay": number,
	}, "queue")),
})

var migrationSpec = table(map[string]*spec{
	"tag": text, "new_classes": texts, "new_sqlite_classes": texts, "deleted_classes": texts,
	"renamed_classes":     listOf(table(map[string]*spec{"from": text, "to": text}, "from", "to")),
	"transferred_classes": listOf(table(map[string]*spec{"from": text, "from_script": text, "to": text}, "from", "from_script", "to")),
}, "tag")

var exportSpec = table(map[string]*spec{
	"type":  oneOf("durable-object", "worker"),
	"state": oneOf("created", "deleted", "renamed", "transferred", "expecting-transfer"), "storage": oneOf("sqlite", "legacy-kv"),
	"renamed_to": text, "transferred_to": text, "transfer_from": text, "container": text, "cache": anything,
}, "type")

var assetsSpec = table(map[string]*spec{
	"directory": text, "binding": text,
	"html_handling":      oneOf("auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"),
	"not_found_handling": oneOf("single-page-application", "404-page", "none"),
	"run_worker_first":   either(boolean, texts),
})

// wranglerKeys is every key of a Wrangler file.
// https://developers.cloudflare.com/workers/wrangler/configuration/
var wranglerKeys = map[string]wranglerKey{
	// served, inherited by environments
	"name":                    {text, inherited, yes},
	"main":                    {text, inherited, yes},
	"compatibility_date":      {text, inherited, yes},
	"compatibility_flags":     {texts, inherited, yes},
	"route":                   {routeSpec, inherited, yes},
	"routes":                  {listOf(routeSpec), inherited, yes},
	"tsconfig":                {text, inherited, yes},
	"jsx_factory":             {text, inherited, yes},
	"jsx_fragment":            {text, inherited, yes},
	"rules":                   {listOf(table(map[string]*spec{"type": oneOf("ESModule", "CommonJS", "CompiledWasm", "Text", "Data", "PythonModule", "PythonRequirement"), "globs": texts, "fallthrough": boolean}, "type", "globs")), inherited, yes},
	"no_bundle":               {boolean, inherited, yes},
	"minify":                  {boolean, inherited, yes},
	"keep_names":              {boolean, inherited, yes},
	"base_dir":                {text, inherited, yes},
	"find_additional_modules": {boolean, inherited, yes},
	"build":                   {table(map[string]*spec{"command": text, "cwd": text, "watch_dir": either(text, texts), "upload": anything}), inherited, yes},
	"triggers":                {table(map[string]*spec{"crons": texts, "events": anything}), inherited, yes},
	"assets":                  {assetsSpec, inherited, yes},
	"migrations":              {listOf(migrationSpec), inherited, yes},
	"exports":                 {mapOf(exportSpec), inherited, yes},

	// served, not inherited
	"vars":          {mapOf(anything), own, yes},
	"define":        {mapOf(text), own, yes},
	"secrets":       {table(map[string]*spec{"required": texts}), own, yes},
	"kv_namespaces": {bindings([]string{"binding"}, map[string]*spec{"id": text, "preview_id": text}), own, yes},
	"d1_databases": {bindings([]string{"binding"}, map[string]*spec{
		"database_name": text, "database_id": text, "preview_database_id": text, "migrations_table": text, "migrations_dir": text,
		"migrations_pattern": text, "database_internal_env": text,
	}), own, yes},
	"r2_buckets": {bindings([]string{"binding"}, map[string]*spec{"bucket_name": text, "preview_bucket_name": text, "jurisdiction": text, "local_dev": anything}), own, yes},
	"queues":     {queuesSpec, own, yes},
	"durable_objects": {table(map[string]*spec{"bindings": listOf(table(map[string]*spec{
		"name": text, "class_name": text, "script_name": text, "environment": text, "remote": boolean,
	}, "name", "class_name"))}), own, yes},
	"services": {bindings([]string{"binding", "service"}, map[string]*spec{"service": text, "environment": text, "entrypoint": text, "props": mapOf(anything), "dev": anything}), own, yes},
	"ai":       {table(with(map[string]*spec{"staging": boolean}, binding), "binding"), own, yes},

	// served, top level only
	"alias":                  {mapOf(text), topLevel, yes},
	"dev":                    {table(map[string]*spec{"ip": text, "port": integer, "inspector_port": integer, "inspector_ip": text, "local_protocol": oneOf("http", "https"), "upstream_protocol": oneOf("http", "https"), "host": text, "enable_containers": boolean, "container_engine": anything, "generate_types": boolean}), topLevel, yes},
	"env":                    {mapOf(mapOf(anything)), topLevel, yes},
	"pages_build_output_dir": {text, topLevel, yes},

	// without effect on a local run
	"$schema":                      {text, topLevel, quiet},
	"account_id":                   {text, inherited, quiet},
	"workers_dev":                  {boolean, inherited, quiet},
	"preview_urls":                 {boolean, inherited, quiet},
	"logpush":                      {boolean, inherited, quiet},
	"upload_source_maps":           {boolean, inherited, quiet},
	"observability":                {mapOf(anything), inherited, quiet},
	"placement":                    {mapOf(anything), inherited, quiet},
	"compliance_region":            {oneOf("public", "fedramp_high"), inherited, quiet},
	"first_party_worker":           {boolean, inherited, quiet},
	"preserve_file_names":          {boolean, inherited, quiet},
	"previews":                     {anything, inherited, quiet},
	"send_metrics":                 {boolean, topLevel, quiet},
	"keep_vars":                    {boolean, topLevel, quiet},
	"dependencies_instrumentation": {anything, topLevel, quiet},
	"legacy_env":                   {boolean, topLevel, quiet},

	// known, not served yet
	"limits":         {mapOf(anything), inherited, no},
	"logfwdr":        {anything, inherited, no},
	"access":         {anything, inherited, no},
	"cache":          {anything, inherited, no},
	"python_modules": {anything, inherited, no},

	"workflows":                 {anything, own, no},
	"cloudchamber":              {anything, own, no},
	"containers":                {anything, own, no},
	"send_email":                {anything, own, no},
	"connect":                   {anything, own, no},
	"vectorize":                 {anything, own, no},
	"ai_search_namespaces":      {anything, own, no},
	"ai_search":                 {anything, own, no},
	"websearch":                 {anything, own, no},
	"agent_memory":              {anything, own, no},
	"hyperdrive":                {anything, own, no},
	"analytics_engine_datasets": {anything, own, no},
	"dispatch_namespaces":       {anything, own, no},
	"mtls_certificates":         {anything, own, no},
	"tail_consumers":            {anything, own, no},
	"streaming_tail_consumers":  {anything, own, no},
	"unsafe":                    {anything, own, no},
	"browser":                   {anything, own, no},
	"images":                    {anything, own, no},
	"stream":                    {anything, own, no},
	"media":                     {anything, own, no},
	"pipelines":                 {anything, own, no},
	"secrets_store_secrets":     {anything, own, no},
	"artifacts":                 {anything, own, no},
	"unsafe_hello_world":        {anything, own, no},
	"flagship":                  {anything, own, no},
	"worker_loaders":            {anything, own, no},
	"ratelimits":                {anything, own, no},
	"vpc_services":              {anything, own, no},
	"vpc_networks":              {anything, own, no},
	"version_metadata":          {anything, own, no},

	"site":         {anything, topLevel, no},
	"wasm_modules": {anything, topLevel, no},
	"text_blobs":   {anything, topLevel, no},
	"data_blobs":   {anything, topLevel, no},
	"addresses":    {anything, topLevel, no},
}

func wranglerKeyNames() []string {
	out := make([]string, 0, len(wranglerKeys))
	for name := range wranglerKeys {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
