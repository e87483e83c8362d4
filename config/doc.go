// Package config turns what a person wrote (Wrangler files, .dev.vars,
// flint.toml, flags and FLINT_* variables) into one typed Project. It reads
// files and does nothing else.
//
// Load goes: find the files (load.go) → parse each into one tree with
// positions (tree.go, toml.go, json.go) → check it against the table of keys
// (schema.go, keys.go) → choose the environment (env.go) → fill the types
// below (worker.go, bindings.go, vars.go, settings.go).
//
// https://developers.cloudflare.com/workers/wrangler/configuration/
package config
