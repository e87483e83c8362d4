package config

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// readVars merges vars of the Wrangler file with the local secrets, which win.
// https://developers.cloudflare.com/workers/configuration/secrets/#local-development-with-secrets
func (r *workerReader) readVars() {
	vars := map[string]Var{}
	declared := r.get("vars")
	if declared.node != nil {
		for _, f := range declared.keys {
			key := dotted(declared.key, f.name)
			vars[f.name] = r.readVar(f, key)
			r.claimName(f.name, declaration{r.report.file, f.pos, key})
		}
	}
	required := r.get("secrets").at("required")
	for _, s := range r.localSecrets(required.strs()) {
		if _, known := vars[s.name]; !known {
			if required.node == nil && r.get("secrets").node != nil || required.node != nil && !slices.Contains(required.strs(), s.name) {
				continue // declared secrets: the file adds no others
			}
			r.claimName(s.name, declaration{s.file, s.pos, s.name})
		}
		vars[s.name] = Var{Name: s.name, Text: s.value, Secret: true}
	}
	r.warnMissing(required, vars)
	for _, v := range vars {
		r.w.Vars = append(r.w.Vars, v)
	}
	sort.Slice(r.w.Vars, func(i, j int) bool { return r.w.Vars[i].Name < r.w.Vars[j].Name })
}

func (r *workerReader) readVar(f field, key string) Var {
	if f.value.kind == kindText {
		return Var{Name: f.name, Text: f.value.text}
	}
	r.checkVar(f.value, key)
	return Var{Name: f.name, JSON: f.value.raw()}
}

// checkVar refuses what JSON cannot hold.
func (r *workerReader) checkVar(n *node, key string) {
	switch n.kind {
	case kindDate:
		r.report.errorf(n.pos, key, "found %s, want a string, number, table or list%s", n.found(), hint(n, text))
	case kindFloat:
		if math.IsInf(n.num, 0) || math.IsNaN(n.num) {
			r.report.errorf(n.pos, key, "found %s, which JSON does not have", n.found())
		}
	}
	for i, item := range n.items {
		r.checkVar(item, fmt.Sprintf("%s[%d]", key, i))
	}
	for _, f := range n.keys {
		r.checkVar(f.value, dotted(key, f.name))
	}
}

func (r *workerReader) warnMissing(required setting, vars map[string]Var) {
	var missing []string
	for _, name := range required.strs() {
		if v, ok := vars[name]; !ok || !v.Secret {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		r.report.warnf(required.pos, required.key, "no value for %s; add it to .dev.vars", strings.Join(missing, ", "))
	}
}

// localSecrets are .dev.vars.<env>, else .dev.vars, else the .env files.
func (r *workerReader) localSecrets(required []string) []secret {
	candidates := []string{".dev.vars"}
	if r.env != "" {
		candidates = []string{".dev.vars." + r.env, ".dev.vars"}
	}
	for _, name := range candidates {
		if found, ok := r.readDotenv(name); ok {
			return found
		}
	}
	if os.Getenv("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV") == "false" {
		return nil
	}
	return r.dotEnvFiles(required)
}

// dotEnvFiles reads .env, .env.local, .env.<env> and .env.<env>.local, later
// ones over earlier ones. Only declared secrets are also taken from the
// process's environment.
func (r *workerReader) dotEnvFiles(required []string) []secret {
	names := []string{".env", ".env.local"}
	if r.env != "" {
		names = append(names, ".env."+r.env, ".env."+r.env+".local")
	}
	merged := map[string]secret{}
	for _, name := range required {
		if value, ok := os.LookupEnv(name); ok {
			merged[name] = secret{name: name, value: value, file: "the environment"}
		}
	}
	for _, name := range names {
		found, _ := r.readDotenv(name)
		for _, s := range found {
			merged[s.name] = s
		}
	}
	var out []secret
	for _, s := range merged {
		if s.file != "the environment" && !s.literal {
			s.value = expand(s.value, merged)
		}
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].name < out[j].name })
	return out
}

func (r *workerReader) readDotenv(name string) ([]secret, bool) {
	path := filepath.Join(r.w.Dir, name)
	data, err := readFile(path)
	if err != nil {
		if !os.IsNotExist(err) {
			r.report.problems = append(r.report.problems, Problem{File: displayPath(path), Text: plainError(err)})
		}
		return nil, false
	}
	r.files = append(r.files, path)
	return parseDotenv(displayPath(path), data), true
}
