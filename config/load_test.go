package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const minimal = "main = \"index.js\"\ncompatibility_date = \"2025-01-01\"\n"

// write makes files below a new folder; paths and contents alternate.
func write(t *testing.T, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		path := filepath.Join(dir, pairs[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pairs[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustLoad(t *testing.T, opt Options) *Project {
	t.Helper()
	p, err := Load(opt)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func workerNames(p *Project) string {
	var out []string
	for _, w := range p.Workers {
		out = append(out, w.Name)
	}
	return strings.Join(out, " ")
}

func TestLoadFlintTomlAbove(t *testing.T) {
	t.Parallel()
	dir := write(t,
		"flint.toml", "workers = [\"apps/api\", \"apps/auth\"]\nport = 9000\n",
		"apps/api/wrangler.toml", "name = \"api\"\n"+minimal,
		"apps/auth/wrangler.toml", "name = \"auth\"\n"+minimal,
		"apps/stray/wrangler.toml", "name = \"stray\"\n"+minimal,
	)
	p := mustLoad(t, Options{Dir: dir})
	if workerNames(p) != "api auth" || p.Root != dir {
		t.Errorf("got %q in %s", workerNames(p), p.Root)
	}
	p = mustLoad(t, Options{Dir: filepath.Join(dir, "apps/auth")})
	if workerNames(p) != "auth api" || p.Root != dir || p.Settings.Port != 9000 {
		t.Errorf("the given folder owns the port: got %q in %s on %d", workerNames(p), p.Root, p.Settings.Port)
	}
	p = mustLoad(t, Options{Dir: filepath.Join(dir, "apps/stray")})
	if workerNames(p) != "stray" || p.Root != filepath.Join(dir, "apps/stray") || p.Settings.Port != 8787 {
		t.Errorf("a folder that is not listed stands alone: got %q in %s on %d", workerNames(p), p.Root, p.Settings.Port)
	}
}

func TestLoadStopsAtRepository(t *testing.T) {
	t.Parallel()
	dir := write(t,
		"flint.toml", "workers = [\"repo/api\"]\nport = 9000\n",
		"repo/.git/HEAD", "",
		"repo/api/wrangler.toml", "name = \"api\"\n"+minimal,
	)
	if p := mustLoad(t, Options{Dir: filepath.Join(dir, "repo/api")}); p.Settings.Port != 8787 {
		t.Errorf("a flint.toml outside of the repository was used: port %d", p.Settings.Port)
	}
}

func TestLoadNamedFiles(t *testing.T) {
	t.Parallel()
	dir := write(t,
		"flint.toml", "workers = [\"a\"]\nport = 9000\n",
		"a/wrangler.toml", "name = \"a\"\n"+minimal,
		"b/custom.toml", "name = \"b\"\n"+minimal,
		"c/wrangler.jsonc", `{"name": "c", "main": "c.js", "compatibility_date": "2025-01-01"}`,
	)
	p := mustLoad(t, Options{Dir: dir, Files: []string{"b/custom.toml", filepath.Join(dir, "c/wrangler.jsonc")}})
	if workerNames(p) != "b c" || p.Settings.Port != 9000 {
		t.Errorf("got %q on %d", workerNames(p), p.Settings.Port)
	}
	if want := filepath.Join(dir, "b/custom.toml"); p.Workers[0].File != want || !slices.Contains(p.Files, want) {
		t.Errorf("got %s, files %q", p.Workers[0].File, p.Files)
	}
}

func TestLoadDefaults(t *testing.T) {
	t.Parallel()
	dir := write(t, "My App/wrangler.toml", `main = "index.js"`)
	p := mustLoad(t, Options{Dir: filepath.Join(dir, "My App"), Today: "2025-01-02"})
	w := p.Workers[0]
	if w.Name != "my-app" || w.CompatibilityDate != "2025-01-02" {
		t.Errorf("got %q, %q", w.Name, w.CompatibilityDate)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], `write compatibility_date = "2025-01-02"`) {
		t.Errorf("warnings: %q", p.Warnings)
	}
	if w.NodeCompat() {
		t.Error("nodejs_compat without the flag")
	}
}

func TestLoadEnvironmentOfSomeWorkers(t *testing.T) {
	t.Parallel()
	dir := write(t,
		"flint.toml", `workers = ["a", "b"]`,
		"a/wrangler.toml", "name = \"a\"\n"+minimal+"[env.prod]\nvars = { X = \"1\" }\n",
		"b/wrangler.toml", "name = \"b\"\n"+minimal+"vars = { Y = \"2\" }\n",
	)
	p := mustLoad(t, Options{Dir: dir, Env: "prod"})
	if workerNames(p) != "a-prod b-prod" || len(p.Workers[1].Vars) != 1 {
		t.Errorf("got %q, %v", workerNames(p), p.Workers[1].Vars)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "the file has no environments") {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	dir := write(t,
		"empty/x.txt", "",
		"above/wrangler.toml", minimal, "above/src/x.txt", "",
		"json/wrangler.json", `[1]`,
		"blank/wrangler.json", " ",
		"none/wrangler.toml", `name = "none"`,
		"gone/wrangler.toml", minimal+"node_compat = true\n",
		"twice/flint.toml", `workers = ["a", "b"]`, "twice/a/wrangler.toml", "name = \"x\"\n"+minimal, "twice/b/wrangler.toml", "name = \"x\"\n"+minimal,
		"domain/wrangler.toml", minimal, "domain/flint.toml", "[r2.domains]\n\"a.example.com\" = { bucket = \"abc\", notfound = \"x\" }\n",
		"nobucket/wrangler.toml", minimal, "nobucket/flint.toml", "[r2.domains]\n\"a.example.com\" = { not_found = \"x\" }\n",
		"nohost/wrangler.toml", minimal, "nohost/flint.toml", "[r2.domains]\n\"a.example.com\" = 1\n",
		"deep/wrangler.json", strings.Repeat("[", 100_000),
		"big/wrangler.toml", strings.Repeat("#", maxFile+1),
		"huge/wrangler.json", `{"name": "x", "main": "x.js", "vars": {"N": 1e999}}`,
	)
	for name, want := range map[string]string{
		"empty":               "empty: no flint.toml and no wrangler.json, .jsonc or .toml here",
		"above/src":           "there is one above, at " + filepath.Join(dir, "above/wrangler.toml"),
		"missing":             "missing: does not exist",
		"above/wrangler.toml": "is a file, want a folder; name a Wrangler file with -c",
		"json":                "wrangler.json:1:1: found a list, want a table of settings",
		"blank":               "wrangler.json:1:1: the file is empty",
		"none":                `neither "main" (the Worker's entry point) nor "assets" is set`,
		"gone":                `gone/wrangler.toml:3:1: node_compat: is gone from Wrangler; put compatibility_flags = ["nodejs_compat"]`,
		"twice":               `"x" is already the name of the Worker in ` + filepath.Join(dir, "twice/a/wrangler.toml"),
		"domain":              `flint.toml:2:37: r2.domains.a.example.com.notfound: unknown key; did you mean "not_found"?`,
		"nobucket":            `flint.toml:2:19: r2.domains.a.example.com: "bucket" is missing`,
		"nohost":              `flint.toml:2:19: r2.domains.a.example.com: found the number 1, want a string or a table with "bucket"`,
		"deep":                "more than 1000 levels of nesting",
		"big":                 "is larger than 1048576 bytes",
		"huge":                `wrangler.json:1:45: the number "1e999" is too large`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Options{Dir: filepath.Join(dir, name)})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
			if _, ok := err.(*Error); !ok {
				t.Errorf("a %T, want *Error", err)
			}
		})
	}
}

func TestLoadPagesFolder(t *testing.T) {
	t.Parallel()
	dir := write(t, "wrangler.toml", "name = \"web\"\npages_build_output_dir = \"out\"\n", "functions/x.js", "")
	p := mustLoad(t, Options{Dir: dir})
	if len(p.Workers) != 0 || len(p.Pages) != 1 || p.Pages[0] != (Pages{"web", dir, filepath.Join(dir, "out")}) {
		t.Errorf("got %+v", p)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "Pages Functions are not served") {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

// Every key that a table must have is a key that it may have, and so on.
func TestSchemaIsConsistent(t *testing.T) {
	t.Parallel()
	var visit func(name string, s *spec)
	visit = func(name string, s *spec) {
		for _, need := range s.need {
			if s.fields[need] == nil {
				t.Errorf("%s must have %q, which it does not know", name, need)
			}
		}
		if slices.Contains(s.kinds, kindTable) && s.fields == nil && !s.open || slices.Contains(s.kinds, kindList) && s.item == nil {
			t.Errorf("%s: what does it hold?", name)
		}
		if s.item != nil {
			visit(name+"[]", s.item)
		}
		for n, f := range s.fields {
			visit(name+"."+n, f)
		}
	}
	for name, k := range wranglerKeys {
		visit(name, k.spec)
	}
	visit("flint.toml", table(flintSpec))
}

func TestRouteInheritance(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ top, env, want string }{
		"inherits":              {`routes = ["a/*"]`, "", "a/*"},
		"own routes":            {`route = "a/*"`, `routes = ["b/*"]`, "b/*"},
		"own route":             {`routes = ["a/*"]`, `route = "b/*"`, "b/*"},
		"none":                  {`routes = ["a/*"]`, `routes = []`, ""},
		"empty route of old":    {`route = ""`, "", ""},
		"a table is also fine ": {`route = { pattern = "t/*", zone_name = "t" }`, "", "t/*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := write(t, "wrangler.toml", "name = \"r\"\n"+minimal+c.top+"\n[env.e]\n"+c.env+"\n")
			var got []string
			for _, r := range mustLoad(t, Options{Dir: dir, Env: "e"}).Workers[0].Routes {
				got = append(got, r.Pattern)
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
