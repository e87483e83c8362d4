package config

import (
	"encoding/json"
	"time"
)

// Project is everything that one flint process runs.
type Project struct {
	Root     string   `json:"root"`               // directory of flint.toml, else of the first Wrangler file; absolute
	Env      string   `json:"env,omitempty"`      // the --env name, empty for the default environment
	Settings Settings `json:"settings"`           //
	Workers  []Worker `json:"workers,omitempty"`  // the first one owns the port
	Pages    []Pages  `json:"pages,omitempty"`    //
	Warnings []string `json:"warnings,omitempty"` // one sentence each: declared but not served, old spellings, missing dates
	Files    []string `json:"files,omitempty"`    // every file that was read, absolute: what a watcher watches
}

// AIRules are the keys of [ai] beside scripts.
type AIRules struct {
	Strict           bool          `json:"strict,omitempty"`
	Seed             int           `json:"seed,omitempty"`
	TimeToFirstToken time.Duration `json:"time_to_first_token,omitempty"`
	TokensPerSecond  int           `json:"tokens_per_second,omitempty"`
	Backend          string        `json:"backend,omitempty"`
	BackendKey       string        `json:"-"` // FLINT_AI_BACKEND_KEY only
	BackendModel     string        `json:"backend_model,omitempty"`
	EmbeddingModel   string        `json:"backend_embedding_model,omitempty"`
	Record           bool          `json:"record,omitempty"`
	Recordings       string        `json:"recordings,omitempty"` // absolute; empty is the state directory's
}

// R2Domain is a bucket on a public host.
type R2Domain struct {
	Bucket   string `json:"bucket"`
	NotFound string `json:"not_found,omitempty"` // key of the page for a 404
}

// Settings are flint's own: flags > FLINT_* > flint.toml > the first Worker's
// [dev] section (ip, port, inspector_port) > defaults.
type Settings struct {
	IP            string `json:"ip"`             // address of the Worker's port; default 127.0.0.1
	Port          int    `json:"port"`           // default 8787; 0 = any free port
	ControlPort   int    `json:"control_port"`   // default 8788
	S3Port        int    `json:"s3_port"`        // default 8789
	InspectorPort int    `json:"inspector_port"` // 0 = off
	State         string `json:"state"`          // absolute; default <Root>/.flint
	Ephemeral     bool   `json:"ephemeral"`      // state in a temporary directory, removed on Close
	Isolates      int    `json:"isolates"`       // default 1
	Watch         bool   `json:"watch"`          // default true
	Install       bool   `json:"install"`        // default true; false never runs npm
	LogFormat     string `json:"log_format"`     // pretty or json

	R2Domains      map[string]R2Domain `json:"r2_domains,omitempty"`      // by host
	R2Public       []string            `json:"r2_public,omitempty"`       // buckets at BUCKET.r2.dev
	R2Events       []R2Notification    `json:"r2_events,omitempty"`       // in the order of the file
	KVDriver       string              `json:"kv_driver"`                 // memory, redis://…, redis://embedded
	KV             KVRules             `json:"kv,omitzero"`               // of all namespaces
	KVByID         []KVNamespaceRule   `json:"kv_by_id,omitempty"`        // of single ones
	QueueRetention time.Duration       `json:"queue_retention,omitempty"` // of messages in queues that set none; 0 = 4 days
	R2Driver       string              `json:"r2_driver"`                 // disk, s3://…
	R2Key          R2Key               `json:"r2_key,omitzero"`           // a fixed token of the S3 API
	Outbound       Outbound            `json:"outbound,omitzero"`         // what a Worker's fetch() reaches
	AIScripts      []string            `json:"ai_scripts,omitempty"`      // folders of scripted answers, absolute
	AI             AIRules             `json:"ai,omitzero"`
	Try            []string            `json:"try,omitempty"` // commands that flint dev suggests once it is ready; {url} and {control} stand for its addresses
}

// Values of KVRules.Consistency.
const (
	Immediate = "immediate" // a read sees every write
	Eventual  = "eventual"  // a read may be up to its cacheTtl behind, as in production
)

// KVRules are properties of production that KV has only when asked.
type KVRules struct {
	Consistency string `json:"consistency,omitempty"` // Immediate (also when empty) or Eventual
	WriteLimit  bool   `json:"write_limit,omitempty"` // one write a second to a key
}

// R2Notification is a rule by which changes of a bucket make messages of a queue.
type R2Notification struct {
	Bucket string   `json:"bucket"`
	Queue  string   `json:"queue"`
	Events []string `json:"events"` // object-create, object-delete, or single actions
	Prefix string   `json:"prefix,omitempty"`
	Suffix string   `json:"suffix,omitempty"`
}

// R2Key is a token of R2's S3 API that flint.toml fixes, so that a test need not
// make one.
type R2Key struct {
	AccessKeyID     string `json:"access_key_id"`
	SecretAccessKey string `json:"secret_access_key"`
}

// KVNamespaceRule is what differs for one namespace.
type KVNamespaceRule struct {
	ID string `json:"id"` // of the namespace, or the name of a binding
	KVRules
}

// Outbound is what a Worker's fetch() reaches beside what is inside flint.
type Outbound struct {
	Allow     []string          `json:"allow,omitempty"`     // hosts that a Worker may really reach
	Record    []string          `json:"record,omitempty"`    // hosts that it may reach, and whose answers are kept
	Replay    []string          `json:"replay,omitempty"`    // hosts that are answered from their cassettes
	Cassettes string            `json:"cassettes,omitempty"` // folder of the cassettes, absolute; default <Root>/cassettes
	Mocks     []string          `json:"mocks,omitempty"`     // files and folders of mocks, absolute
	MockList  []json.RawMessage `json:"mock_list,omitempty"` // mocks that stand in flint.toml itself
	CA        string            `json:"ca,omitempty"`        // PEM file with more certificate authorities to trust, absolute
	File      string            `json:"file,omitempty"`      // where MockList stands, absolute
}

// Worker is one Wrangler file in one environment.
type Worker struct {
	Name               string          `json:"name"`
	File               string          `json:"file"`               // the Wrangler file, absolute
	Dir                string          `json:"dir"`                // its directory
	Main               string          `json:"main,omitempty"`     // entry point, absolute; empty for an assets-only Worker
	CompatibilityDate  string          `json:"compatibility_date"` // YYYY-MM-DD
	CompatibilityFlags []string        `json:"compatibility_flags,omitempty"`
	Vars               []Var           `json:"vars,omitempty"` // vars, then .dev.vars over them, sorted by name
	Routes             []Route         `json:"routes,omitempty"`
	KV                 []KVNamespace   `json:"kv_namespaces,omitempty"`
	D1                 []D1Database    `json:"d1_databases,omitempty"`
	R2                 []R2Bucket      `json:"r2_buckets,omitempty"`
	QueueProducers     []QueueProducer `json:"queue_producers,omitempty"`
	QueueConsumers     []QueueConsumer `json:"queue_consumers,omitempty"`
	DurableObjects     []DurableObject `json:"durable_objects,omitempty"`
	Migrations         []Migration     `json:"migrations,omitempty"`
	Services           []Service       `json:"services,omitempty"`
	AI                 string          `json:"ai,omitempty"` // binding name, empty when there is none
	Unserved           []Unserved      `json:"unserved,omitempty"`
	Assets             *Assets         `json:"assets,omitempty"`
	Crons              []string        `json:"crons,omitempty"`
	Build              Build           `json:"build,omitzero"`
}

// Var is a text or JSON binding. It marshals without its value when it is a secret.
type Var struct {
	Name   string
	Text   string          // set unless JSON is
	JSON   json.RawMessage // an object, array, number or boolean of the Wrangler file
	Secret bool            // from .dev.vars: never printed
}

// Route is a host and path pattern on which the Worker answers.
type Route struct {
	Pattern      string `json:"pattern"` // api.example.com/*
	Zone         string `json:"zone,omitempty"`
	CustomDomain bool   `json:"custom_domain,omitempty"`
}

// KVNamespace binds a namespace by its id.
type KVNamespace struct {
	Binding string `json:"binding"`
	ID      string `json:"id"` // the binding's name when there is none
}

// D1Database binds a database by its id.
type D1Database struct {
	Binding           string `json:"binding"`
	Name              string `json:"database_name"`                // the binding's name when there is none
	ID                string `json:"database_id"`                  // preview_database_id, else database_id; the name when there is none
	MigrationsDir     string `json:"migrations_dir"`               // absolute
	MigrationsTable   string `json:"migrations_table"`             // default d1_migrations
	MigrationsPattern string `json:"migrations_pattern,omitempty"` // glob below MigrationsDir, empty for *.sql
}

// R2Bucket binds a bucket by its name.
type R2Bucket struct {
	Binding string `json:"binding"`
	Bucket  string `json:"bucket_name"` // the binding's name when there is none
}

// QueueProducer binds a queue for sending.
type QueueProducer struct {
	Binding, Queue string
	DeliveryDelay  time.Duration
}

// QueueConsumer consumes a queue: a Worker, or with Pull whoever asks over HTTP.
// Zero values mean Cloudflare's defaults; the pointers tell an explicit zero from
// an absent key.
type QueueConsumer struct {
	Queue           string
	Pull            bool           // type = "http_pull"
	MaxBatchSize    int            // default 10, at most 100
	MaxBatchTimeout *time.Duration // default 5 s, at most 60 s
	MaxRetries      *int           // default 3, at most 100
	MaxConcurrency  int            // 0 = scales with the backlog
	RetryDelay      time.Duration
	DeadLetterQueue string

	VisibilityTimeout time.Duration // of a pulled message; default 30 s, at most 12 h
}

// Unserved is a binding that is declared and not served by flint yet: using it
// throws an error that names it.
type Unserved struct {
	Binding string `json:"binding"`
	Key     string `json:"key"` // of the Wrangler file, for example vectorize
}

// DurableObject binds a class; Script is empty for the Worker's own.
type DurableObject struct {
	Binding string `json:"name"`
	Class   string `json:"class_name"`
	Script  string `json:"script_name,omitempty"`
}

// Migration is one step of Durable Object classes. Classes declared under
// `exports` arrive as one last step with the tag "exports".
type Migration struct {
	Tag              string   `json:"tag"`
	NewClasses       []string `json:"new_classes,omitempty"`        // KV-backed storage
	NewSQLiteClasses []string `json:"new_sqlite_classes,omitempty"` // SQLite-backed storage
	Renamed          []Rename `json:"renamed_classes,omitempty"`
	Deleted          []string `json:"deleted_classes,omitempty"`
}

// Rename is a renamed Durable Object class.
type Rename struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Service binds another Worker of the project.
type Service struct {
	Binding    string          `json:"binding"`
	Service    string          `json:"service"`
	Entrypoint string          `json:"entrypoint,omitempty"`
	Props      json.RawMessage `json:"props,omitempty"` // ctx.props of the callee
}

// Assets are the Worker's static files.
// https://developers.cloudflare.com/workers/static-assets/
type Assets struct {
	Directory      string   `json:"directory"`                  // absolute
	Binding        string   `json:"binding,omitempty"`          // empty when the Worker does not bind them
	HTMLHandling   string   `json:"html_handling"`              // default auto-trailing-slash
	NotFound       string   `json:"not_found_handling"`         // none, 404-page, single-page-application; default none
	WorkerFirst    bool     `json:"worker_first,omitempty"`     // run_worker_first = true
	WorkerFirstFor []string `json:"worker_first_for,omitempty"` // run_worker_first = [patterns]
}

// Pages is a static front end on hosts of its own.
type Pages struct {
	Name string `json:"name"` // project name: served on <name>.pages.dev and <name>.pages.dev.localhost
	Dir  string `json:"dir"`  // the folder named in flint.toml, absolute
	Dist string `json:"dist"` // what is served: <Dir>/dist or pages_build_output_dir, absolute
}

// Build says how the Worker is bundled.
type Build struct {
	Define      map[string]string `json:"define,omitempty"`
	Alias       map[string]string `json:"alias,omitempty"`
	Rules       []Rule            `json:"rules,omitempty"`
	TSConfig    string            `json:"tsconfig,omitempty"` // absolute, empty for the nearest tsconfig.json
	NoBundle    bool              `json:"no_bundle,omitempty"`
	Minify      bool              `json:"minify,omitempty"`
	DropNames   bool              `json:"drop_names,omitempty"` // keep_names = false
	JSXFactory  string            `json:"jsx_factory,omitempty"`
	JSXFragment string            `json:"jsx_fragment,omitempty"`
	BaseDir     string            `json:"base_dir,omitempty"`                // absolute: where additional modules are looked for; empty for Main's directory
	FindModules *bool             `json:"find_additional_modules,omitempty"` // nil: only when no_bundle
	Command     string            `json:"command,omitempty"`                 // build.command
	Cwd         string            `json:"cwd,omitempty"`                     // build.cwd, absolute
	WatchDirs   []string          `json:"watch_dir,omitempty"`               // build.watch_dir, absolute; only with Command
}

// Rule says how imported files become modules.
type Rule struct {
	Type        string   `json:"type"` // ESModule, CommonJS, CompiledWasm, Text, Data
	Globs       []string `json:"globs"`
	Fallthrough *bool    `json:"fallthrough,omitempty"` // true: later rules of this type count too; nil: they are ignored, with a warning
}
