package config

import (
	"math"
	"path"
	"regexp"
	"sort"
	"strings"
	"time"
)

var (
	identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)
	// https://developers.cloudflare.com/r2/buckets/create-buckets/#bucket-level-operations
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)
)

// bind takes a binding's name, checks that JavaScript can write env.NAME and
// that nothing else has it.
func (r *workerReader) bind(s setting) string {
	if !identifier.MatchString(s.str()) {
		r.report.errorf(s.pos, s.key, "found %s, want a name that JavaScript can write as env.NAME: letters, digits, _ and $, no digit first", s.found())
		return s.str()
	}
	r.claimName(s.text, declaration{r.report.file, s.pos, s.key})
	return s.text
}

func (r *workerReader) claimName(name string, at declaration) {
	if first, twice := r.taken[name]; twice {
		r.report.problems = append(r.report.problems, Problem{at.file, at.pos.line, at.pos.col, at.key, "the name " + quoted(name) + " is already used at " + first.String()})
		return
	}
	r.taken[name] = at
}

// id checks a name that becomes part of a path or a URL.
func (r *workerReader) id(s setting) string {
	name := s.str()
	bad := strings.ContainsFunc(name, func(c rune) bool { return c == '/' || c == '\\' || c < ' ' || c == 0x7f })
	if s.node != nil && (bad || name == "" || name == "." || name == ".." || len(name) > maxNamed) {
		r.report.errorf(s.pos, s.key, "found %s, want a name of 1 to %d characters without slashes", s.found(), maxNamed)
		return ""
	}
	return name
}

func (r *workerReader) readKV() {
	for _, s := range r.get("kv_namespaces").each() {
		name := r.bind(s.at("binding"))
		r.w.KV = append(r.w.KV, KVNamespace{name, or(r.id(s.at("id")), name)})
	}
}

func (r *workerReader) readD1() {
	for _, s := range r.get("d1_databases").each() {
		binding := r.bind(s.at("binding"))
		name := or(r.id(s.at("database_name")), binding)
		r.w.D1 = append(r.w.D1, D1Database{
			Binding:           binding,
			Name:              name,
			ID:                or(r.id(s.at("preview_database_id")), or(r.id(s.at("database_id")), name)),
			MigrationsDir:     r.path(or(s.get("migrations_dir").str(), "migrations")),
			MigrationsTable:   or(s.get("migrations_table").str(), "d1_migrations"),
			MigrationsPattern: r.migrationsPattern(s),
		})
	}
}

// migrationsPattern reads a glob that begins with migrations_dir, as Wrangler
// asks for, and returns it from there.
func (r *workerReader) migrationsPattern(s setting) string {
	pattern, dir := s.at("migrations_pattern"), s.get("migrations_dir").str()
	if pattern.node == nil {
		return ""
	}
	rest, ok := strings.CutPrefix(path.Clean(pattern.str()), path.Clean(dir)+"/")
	if path.Clean(dir) == "." {
		rest, ok = path.Clean(pattern.str()), true
	}
	if dir == "" || !ok {
		r.report.errorf(pattern.pos, pattern.key, "found %s, want a pattern that begins with migrations_dir (%q) and a slash, such as %s",
			pattern.found(), dir, or(dir, "migrations")+"/*/migration.sql")
		return ""
	}
	return rest
}

func (r *workerReader) readR2() {
	for _, s := range r.get("r2_buckets").each() {
		binding := r.bind(s.at("binding"))
		bucket := s.at("bucket_name")
		if bucket.node != nil && !bucketName.MatchString(bucket.text) {
			r.report.errorf(bucket.pos, bucket.key, "found %s, want 3 to 63 lower-case letters, digits and -, with a letter or digit at both ends", bucket.found())
		}
		r.w.R2 = append(r.w.R2, R2Bucket{binding, or(bucket.str(), binding)})
	}
}

func (r *workerReader) readQueues() {
	q := r.get("queues")
	for _, s := range q.at("producers").each() {
		name := r.bind(s.at("binding"))
		r.w.QueueProducers = append(r.w.QueueProducers, QueueProducer{name, or(r.id(s.at("queue")), name), r.seconds(s.at("delivery_delay"), maxDelay)})
	}
	for _, s := range q.at("consumers").each() {
		c := QueueConsumer{
			Queue:           r.id(s.at("queue")),
			Pull:            s.at("type").str() == httpPull,
			MaxBatchSize:    r.whole(s.at("max_batch_size"), 1, maxBatchSize),
			MaxConcurrency:  r.whole(s.at("max_concurrency"), 1, maxConcurrency),
			RetryDelay:      r.seconds(s.at("retry_delay"), maxDelay),
			DeadLetterQueue: r.id(s.at("dead_letter_queue")),

			VisibilityTimeout: r.milliseconds(s.at("visibility_timeout_ms"), maxVisibility),
		}
		if t := s.at("max_batch_timeout"); t.node != nil {
			d := r.seconds(t, maxBatchTimeout)
			c.MaxBatchTimeout = &d
		}
		if t := s.at("max_retries"); t.node != nil {
			n := r.whole(t, 0, maxRetries)
			c.MaxRetries = &n
		}
		r.warnUnusedKeys(s, c.Pull)
		r.w.QueueConsumers = append(r.w.QueueConsumers, c)
	}
}

const httpPull = "http_pull"

// warnUnusedKeys names the keys that a consumer of that type has no use for.
func (r *workerReader) warnUnusedKeys(consumer setting, pull bool) {
	keys, kind := []string{"visibility_timeout_ms"}, "worker"
	if pull {
		keys, kind = []string{"max_batch_size", "max_batch_timeout", "max_concurrency"}, httpPull
	}
	for _, key := range keys {
		if s := consumer.at(key); !s.empty() {
			r.report.warnf(s.pos, s.key, "has no effect on a consumer of type %q", kind)
		}
	}
}

func (r *workerReader) whole(s setting, least, most int) int {
	if s.node == nil {
		return 0
	}
	if s.num < float64(least) || s.num > float64(most) {
		r.report.errorf(s.pos, s.key, "found %s, want %d to %d", s.found(), least, most)
		return 0
	}
	return int(s.num)
}

func (r *workerReader) seconds(s setting, most time.Duration) time.Duration {
	if s.node == nil {
		return 0
	}
	if !(s.num >= 0 && s.num <= most.Seconds()) { // also refuses NaN
		r.report.errorf(s.pos, s.key, "found %s, want 0 to %d seconds", s.found(), int(most.Seconds()))
		return 0
	}
	return time.Duration(math.Round(s.num * float64(time.Second)))
}

func (r *workerReader) milliseconds(s setting, most time.Duration) time.Duration {
	if s.node == nil {
		return 0
	}
	if !(s.num >= 0 && s.num <= float64(most.Milliseconds())) {
		r.report.errorf(s.pos, s.key, "found %s, want 0 to %d milliseconds", s.found(), most.Milliseconds())
		return 0
	}
	return time.Duration(math.Round(s.num)) * time.Millisecond
}

func (r *workerReader) readServices() {
	for _, s := range r.get("services").each() {
		b := Service{Binding: r.bind(s.at("binding")), Service: s.get("service").str(), Entrypoint: s.get("entrypoint").str()}
		if props := s.get("props"); props != nil {
			b.Props = props.raw()
		}
		r.w.Services = append(r.w.Services, b)
	}
}

func (r *workerReader) readAI() {
	if s := r.get("ai").at("binding"); s.node != nil {
		r.w.AI = r.bind(s)
	}
}

// readUnserved takes the names of bindings of kinds that flint does not serve.
func (r *workerReader) readUnserved() {
	for _, key := range wranglerKeyNames() {
		if wranglerKeys[key].served != no {
			continue
		}
		entries := []setting{r.get(key)}
		if entries[0].node != nil && entries[0].kind == kindList {
			entries = entries[0].each()
		}
		for _, s := range entries {
			name := s.at("binding")
			if name.str() == "" {
				name = s.at("name") // send_email and ratelimits
			}
			if identifier.MatchString(name.str()) {
				r.w.Unserved = append(r.w.Unserved, Unserved{r.bind(name), key})
			}
		}
	}
}

func (r *workerReader) readDurableObjects() {
	r.readMigrations()
	known := map[string]bool{}
	for _, m := range r.w.Migrations {
		for _, c := range append(m.NewClasses, m.NewSQLiteClasses...) {
			known[c] = true
		}
		for _, c := range m.Renamed {
			known[c.To] = true
		}
	}
	for _, s := range r.get("durable_objects").at("bindings").each() {
		d := DurableObject{r.bind(s.at("name")), s.get("class_name").str(), s.get("script_name").str()}
		r.w.DurableObjects = append(r.w.DurableObjects, d)
		if d.Script == "" && !known[d.Class] {
			r.report.warnf(s.pos, s.key, "no migration creates the class %q; add [[migrations]] with a tag and new_sqlite_classes = [%q]", d.Class, d.Class)
		}
	}
}

func (r *workerReader) readMigrations() {
	tags := map[string]bool{}
	for _, s := range r.get("migrations").each() {
		m := Migration{
			Tag: s.get("tag").str(), NewClasses: s.get("new_classes").strs(),
			NewSQLiteClasses: s.get("new_sqlite_classes").strs(), Deleted: s.get("deleted_classes").strs(),
		}
		for _, c := range s.get("renamed_classes").list() {
			m.Renamed = append(m.Renamed, Rename{c.get("from").str(), c.get("to").str()})
		}
		if tags[m.Tag] {
			r.report.errorf(s.pos, s.key, "the tag %q is used twice; each migration has its own", m.Tag)
		}
		tags[m.Tag] = true
		r.w.Migrations = append(r.w.Migrations, m)
	}
	exports := r.get("exports")
	if exports.empty() {
		return
	}
	if len(r.w.Migrations) > 0 {
		r.report.errorf(exports.pos, exports.key, `stands beside "migrations"; keep one of them`)
		return
	}
	r.readExports(exports)
}

// readExports turns the declarative form into one migration.
// https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
func (r *workerReader) readExports(exports setting) {
	m := Migration{Tag: "exports"}
	for _, f := range exports.keys {
		if f.value.get("type").str() != "durable-object" {
			continue
		}
		switch state := f.value.get("state").str(); state {
		case "", "created", "expecting-transfer":
			if f.value.get("storage").str() == "legacy-kv" {
				m.NewClasses = append(m.NewClasses, f.name)
			} else {
				m.NewSQLiteClasses = append(m.NewSQLiteClasses, f.name)
			}
		case "renamed":
			m.Renamed = append(m.Renamed, Rename{f.name, f.value.get("renamed_to").str()})
		default: // deleted, transferred: no longer here
			m.Deleted = append(m.Deleted, f.name)
		}
	}
	r.w.Migrations = []Migration{m}
}

// warnRemote names the bindings that ask for the real Cloudflare.
func (r *workerReader) warnRemote() {
	var remote []string
	note := func(s setting) {
		if s.get("remote").boolean() {
			remote = append(remote, or(s.get("binding").str(), s.get("name").str()))
		}
	}
	for _, name := range []string{"kv_namespaces", "d1_databases", "r2_buckets", "services"} {
		for _, s := range r.get(name).each() {
			note(s)
		}
	}
	for _, s := range r.get("queues").at("producers").each() {
		note(s)
	}
	for _, s := range r.get("durable_objects").at("bindings").each() {
		note(s)
	}
	note(r.get("ai"))
	if len(remote) > 0 {
		sort.Strings(remote)
		r.report.warnf(position{}, "", "remote = true is ignored, flint serves these bindings locally: %s", strings.Join(remote, ", "))
	}
}
