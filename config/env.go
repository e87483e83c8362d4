package config

import (
	"slices"
	"sort"
	"strings"
)

// view is a Wrangler file as seen in one environment.
// https://developers.cloudflare.com/workers/wrangler/configuration/#environments
type view struct {
	env      string // empty for the top level
	top      *node
	envFound *node // [env.NAME]; nil for the top level
	report   *report
}

// setting is a value and the key path under which the person wrote it.
type setting struct {
	*node
	key string
}

func (s setting) at(name string) setting { return setting{s.get(name), dotted(s.key, name)} }

// get finds a top-level key by the inheritance rules.
func (v *view) get(name string) setting {
	if v.envFound == nil {
		return setting{v.top.get(name), name}
	}
	k := wranglerKeys[name]
	if k.scope != topLevel {
		if n := v.envFound.get(name); n != nil {
			return setting{n, v.prefix() + name}
		}
	}
	if k.scope == own {
		return setting{nil, v.prefix() + name}
	}
	return setting{v.top.get(name), name}
}

// written reports whether the environment itself says anything about name.
func (v *view) written(name string) bool { return v.envFound != nil && v.envFound.get(name) != nil }

func (v *view) prefix() string { return "env." + v.env + "." }

// newView chooses the environment. A file without any environments is run as it
// is, with a warning: with several Workers only some need to know the name.
func newView(root *node, env string, r *report) *view {
	v := &view{top: root, report: r}
	if env == "" {
		return v
	}
	known := envNames(root)
	named := root.get("env").get(env)
	switch {
	case named != nil && named.kind == kindTable:
		v.env, v.envFound = env, named
	case len(known) > 0:
		r.errorf(position{}, "", "there is no environment %q; the file has %s%s", env, strings.Join(known, ", "), didYouMean(env, known))
	default:
		r.warnf(position{}, "", "the file has no environments, so --env %s changes nothing but the Worker's name", env)
		v.env = env
		v.envFound = &node{kind: kindTable, keys: withoutTopLevel(root)}
	}
	return v
}

func envNames(root *node) []string {
	var out []string
	if envs := root.get("env"); envs != nil {
		for _, f := range envs.keys {
			out = append(out, f.name)
		}
	}
	sort.Strings(out)
	return out
}

// withoutTopLevel are the keys that an environment may have, except the name,
// which gets the environment's suffix.
func withoutTopLevel(root *node) []field {
	return slices.DeleteFunc(slices.Clone(root.keys), func(f field) bool {
		k, known := wranglerKeys[f.name]
		return !known || k.scope == topLevel || f.name == "name"
	})
}

// checkKeys checks types and spelling of the top level and of the chosen
// environment, and says what the environment leaves behind.
func (v *view) checkKeys() {
	v.checkLevel("", v.top)
	if v.envFound == nil || v.top.get("env").get(v.env) == nil {
		return
	}
	v.checkLevel(v.prefix(), v.envFound)
	for _, f := range v.top.keys {
		if k := wranglerKeys[f.name]; k.spec != nil && k.scope == own && v.envFound.get(f.name) == nil && !f.value.empty() {
			v.report.warnf(f.pos, f.name, "stands at the top level but not in env.%s, which does not inherit it: repeat it as %s%s", v.env, v.prefix(), f.name)
		}
	}
	v.missingEntries("vars")
	v.missingEntries("define")
}

func (v *view) checkLevel(prefix string, level *node) {
	for _, f := range level.keys {
		k, known := wranglerKeys[f.name]
		switch {
		case f.name == "node_compat":
			v.report.errorf(f.pos, prefix+f.name, `is gone from Wrangler; put compatibility_flags = ["nodejs_compat"] in its place`)
		case !known:
			v.report.warnf(f.pos, prefix+f.name, "unknown key, ignored%s", didYouMean(f.name, wranglerKeyNames()))
		case k.scope == topLevel && prefix != "":
			v.report.warnf(f.pos, prefix+f.name, "belongs at the top level, ignored here")
		default:
			v.report.check(prefix+f.name, f.value, k.spec)
		}
	}
}

// missingEntries names what the top level's table has and the environment's has not.
func (v *view) missingEntries(name string) {
	top, named := v.top.get(name), v.envFound.get(name)
	if top == nil || named == nil || named.kind != kindTable {
		return
	}
	var missing []string
	for _, f := range top.keys {
		if named.get(f.name) == nil {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		v.report.warnf(named.pos, v.prefix()+name, "lacks %s, which the top level has and environments do not inherit", strings.Join(missing, ", "))
	}
}

// acceptQueueList reads the spelling queues = [ {binding, queue} ] of older
// files as producers.
func acceptQueueList(prefix string, level *node, r *report) {
	for i, f := range level.keys {
		if f.name != "queues" || f.value.kind != kindList {
			continue
		}
		r.warnf(f.pos, prefix+"queues", "is a list, read as producers; Wrangler's current spelling is [[%squeues.producers]]", prefix)
		level.keys[i].value = &node{kind: kindTable, pos: f.value.pos, keys: []field{{"producers", f.pos, f.value}}}
	}
}

// warnUnserved names in one sentence what is declared and not served yet.
func (v *view) warnUnserved() {
	var declared []string
	for name, k := range wranglerKeys {
		if k.served == no {
			if s := v.get(name); !s.empty() {
				declared = append(declared, s.key)
			}
		}
	}
	declared = append(declared, v.unservedParts()...)
	if len(declared) > 0 {
		sort.Strings(declared)
		v.report.warnf(position{}, "", "declared but not served by flint yet: %s", strings.Join(declared, ", "))
	}
}

// unservedParts are keys inside served ones.
func (v *view) unservedParts() []string {
	var out []string
	note := func(s setting) {
		if !s.empty() {
			out = append(out, s.key)
		}
	}
	note(v.get("triggers").at("events"))
	for _, s := range v.get("services").each() {
		note(s.at("environment"))
		note(s.at("dev"))
	}
	for _, s := range v.get("durable_objects").at("bindings").each() {
		note(s.at("environment"))
	}
	for _, s := range v.get("migrations").each() {
		note(s.at("transferred_classes"))
	}
	for _, s := range v.get("r2_buckets").each() {
		note(s.at("jurisdiction"))
		note(s.at("local_dev"))
	}
	for _, key := range []string{"local_protocol", "upstream_protocol", "host", "enable_containers"} {
		note(v.get("dev").at(key))
	}
	return out
}
