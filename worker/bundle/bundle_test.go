package bundle

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"flint/config"
	"flint/internal/testkit"
)

// project writes files (paths and contents alternate) and describes a Worker
// whose entry point is the first of them.
func project(t testing.TB, pairs ...string) config.Worker {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		testkit.WriteFile(t, filepath.Join(dir, pairs[i]), pairs[i+1])
	}
	return config.Worker{
		Name: "w", Dir: dir, File: filepath.Join(dir, "wrangler.toml"), Main: filepath.Join(dir, pairs[0]), CompatibilityDate: "2025-01-01",
	}
}

func build(t testing.TB, w config.Worker) *Result {
	t.Helper()
	r, err := Build(context.Background(), Options{Worker: w})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func code(r *Result) string { return string(r.Modules[0].Content) }

func module(t *testing.T, r *Result, suffix string) Module {
	t.Helper()
	for _, m := range r.Modules {
		if strings.HasSuffix(m.Name, suffix) {
			return m
		}
	}
	t.Fatalf("no module %s", suffix)
	return Module{}
}

const handler = "export default { fetch() { return new Response('ok') } }\n"

func TestBuildTypeScript(t *testing.T) {
	t.Parallel()
	w := project(t,
		"src/index.ts", "import { greet } from './greet'\nimport data from './data.json'\nimport shared from '@shared/x'\nexport class Room {}\n"+
			"interface Env { A: string }\nexport default { fetch(r: Request, e: Env): Response { return new Response(greet(data.name + shared + process.env.NODE_ENV + __V__)) } }\n",
		"src/greet.ts", "export const greet = (n: string): string => `hello ${n}`\nexport const unused = 'shaken away'\n",
		"src/data.json", `{"name":"json inlined"}`,
		"shared/x.ts", "export default 'from paths'",
		"tsconfig.json", `{"compilerOptions":{"baseUrl":".","paths":{"@shared/*":["shared/*"]}}}`,
		"package.json", `{"name":"x"}`,
	)
	w.Build.Define = map[string]string{"__V__": `"defined"`}
	w.DurableObjects = []config.DurableObject{{Binding: "ROOM", Class: "Room"}}
	r := build(t, w)
	if r.Main != "index.js" || len(r.Modules) != 1 || r.Modules[0].Type != ESModule || len(r.Warnings) != 0 {
		t.Errorf("got %+v", r)
	}
	for _, want := range []string{"json inlined", "from paths", `"developmentdefined"`} {
		if !strings.Contains(code(r), want) {
			t.Errorf("%s is missing in\n%s", want, code(r))
		}
	}
	if strings.Contains(code(r), "shaken") || strings.Contains(code(r), "sourceMappingURL") {
		t.Errorf("got\n%s", code(r))
	}
	slices.Sort(r.Exports)
	if !slices.Equal(r.Exports, []string{"Room", "default"}) {
		t.Errorf("exports %q", r.Exports)
	}
	var inputs []string
	for _, path := range r.Inputs {
		if rel, err := filepath.Rel(w.Dir, path); err == nil && filepath.IsAbs(path) {
			inputs = append(inputs, rel)
		}
	}
	if !slices.Equal(inputs, []string{"package.json", "shared/x.ts", "src/data.json", "src/greet.ts", "src/index.ts", "tsconfig.json"}) {
		t.Errorf("inputs %q", inputs)
	}
}

func TestBuildModules(t *testing.T) {
	t.Parallel()
	w := project(t,
		"src/index.js", "import a from './a b.wasm'\nimport b from './a b.wasm?module'\nimport html from './p.html'\nimport sql from 'pkg/q.sql'\nimport bin from './d.bin'\nimport md from './r.md'\nimport el from './el'\n"+
			"export default { fetch() { return new Response([a, b, html, sql, bin, md, el]) } }",
		"src/a b.wasm", "\x00asm", "src/p.html", "<p>", "src/d.bin", "\xff\x00", "src/r.md", "# md",
		"src/el.jsx", "const h = (x) => x\nexport default <b/>\n",
		"node_modules/pkg/package.json", `{"name":"pkg"}`, "node_modules/pkg/q.sql", "SELECT 1",
	)
	yes := true
	w.Build.Rules = []config.Rule{{Type: "Text", Globs: []string{"**/*.md"}, Fallthrough: &yes}}
	w.Build.JSXFactory = "h"
	r := build(t, w)
	if len(r.Modules) != 6 {
		t.Fatalf("%d modules", len(r.Modules))
	}
	for suffix, want := range map[string]Module{
		"-a_b.wasm": {Type: Wasm, Content: []byte("\x00asm")}, "-p.html": {Type: Text, Content: []byte("<p>")}, "-q.sql": {Type: Text, Content: []byte("SELECT 1")},
		"-d.bin": {Type: Data, Content: []byte("\xff\x00")}, "-r.md": {Type: Text, Content: []byte("# md")},
	} {
		m := module(t, r, suffix)
		if m.Type != want.Type || string(m.Content) != string(want.Content) || strings.ContainsAny(m.Name, "/? ") {
			t.Errorf("%s: got %q %s %q", suffix, m.Name, m.Type, m.Content)
		}
		if !strings.Contains(code(r), `from "./`+m.Name+`"`) {
			t.Errorf("%s is not imported in\n%s", m.Name, code(r))
		}
	}
	if !strings.Contains(code(r), `h("b", null)`) {
		t.Errorf("no JSX in\n%s", code(r))
	}
	if !slices.Contains(r.Inputs, filepath.Join(w.Dir, "node_modules/pkg/q.sql")) {
		t.Errorf("inputs %q", r.Inputs)
	}
}

// Which file of a package counts, and that CommonJS packages can be used.
func TestBuildPackages(t *testing.T) {
	t.Parallel()
	w := project(t,
		"index.js", "import a from 'conditional'\nimport b from 'fields'\nimport c from 'common'\nimport d from 'swap'\nexport default { fetch() { return a + b + c.x + d } }",
		"node_modules/conditional/package.json", `{"exports":{"workerd":"./workerd.js","node":"./node.js","default":"./default.js"}}`,
		"node_modules/conditional/workerd.js", "export default 'for workerd'", "node_modules/conditional/node.js", "export default 'chosen by node'", "node_modules/conditional/default.js", "export default 'default'",
		"node_modules/fields/package.json", `{"main":"main.js","module":"module.js"}`,
		"node_modules/fields/main.js", "module.exports = 'main field'", "node_modules/fields/module.js", "export default 'module field'",
		"node_modules/common/package.json", `{}`, "node_modules/common/index.js", "exports.x = 'common js' + require('./sub')", "node_modules/common/sub.js", "module.exports = 'sub'",
		"swapped.js", "export default 'swapped'",
	)
	w.Build.Alias = map[string]string{"swap": "./swapped.js"}
	got := code(build(t, w))
	for _, want := range []string{"for workerd", "module field", "common js", `"sub"`, "swapped"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	for _, stranger := range []string{"chosen by node", "main field"} {
		if strings.Contains(got, stranger) {
			t.Errorf("%s is in\n%s", stranger, got)
		}
	}
}

func TestBuildNode(t *testing.T) {
	t.Parallel()
	w := project(t,
		"index.js", "import fs from 'fs'\nimport { Buffer } from 'node:buffer'\nimport p from 'fs/promises'\nimport { env } from 'cloudflare:workers'\nimport old from 'old'\nexport default { fetch() { return [fs, Buffer, p, env, old] } }",
		"node_modules/old/package.json", `{}`, "node_modules/old/index.js", "const path = require('path')\nmodule.exports = path.join",
	)
	w.CompatibilityDate, w.CompatibilityFlags = "2026-08-01", []string{"nodejs_compat"}
	got := code(build(t, w))
	for _, want := range []string{`from "node:fs"`, `from "node:buffer"`, `from "node:fs/promises"`, `from "cloudflare:workers"`, `from "node:path"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "Dynamic require") {
		t.Errorf("a require is left in\n%s", got)
	}
}

func TestBuildMinify(t *testing.T) {
	t.Parallel()
	w := project(t, "index.js", "function longName() { return 1 }\nexport default { fetch() { return longName.name } }\n")
	plain := code(build(t, w))
	w.Build.Minify, w.Build.DropNames = true, true
	small := code(build(t, w))
	if len(small) >= len(plain) || strings.Contains(small, "longName") || !strings.Contains(plain, `__name(longName, "longName")`) {
		t.Errorf("plain:\n%s\nsmall:\n%s", plain, small)
	}
}

func TestBuildErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files []string
		edit  func(*config.Worker)
		want  []string
	}{
		"syntax": {files: []string{"src/index.ts", "const ok = 1\n\texport default { é: fetch( }\n"},
			want: []string{"src/index.ts:2:29: Unexpected \"}\"\n    2 │ \texport default { é: fetch( }\n      ╵ \t                           ^"}},
		"relative": {files: []string{"index.js", "import x from './missing'\n" + handler},
			want: []string{"index.js:1:15: Could not resolve \"./missing\"\n    1 │ import x from './missing'\n      ╵               ^^^^^^^^^^^"}},
		"package": {files: []string{"index.js", "import x from 'hono'\n" + handler},
			want: []string{"index.js:1:15: Could not resolve \"hono\"", "install the package (npm install hono)"}},
		"bare node": {files: []string{"index.js", "import x from 'fs'\n" + handler},
			want: []string{"index.js:1:15: Could not resolve \"fs\"", `fs is built into Node; put compatibility_flags = ["nodejs_compat"] in wrangler.toml`}},
		"prefixed node": {files: []string{"index.js", "import './lib.js'\n" + handler, "lib.js", "import x from 'node:crypto'\nconsole.log(x)\n"},
			want: []string{`lib.js: "node:crypto" is built into Node; put compatibility_flags = ["nodejs_compat"] in wrangler.toml`}},
		"service worker": {files: []string{"src/old.js", "addEventListener('fetch', (e) => e.respondWith(new Response('x')))"},
			want: []string{"src/old.js: the entry point exports nothing: service-worker format (addEventListener) is not served; write `export default {"}},
		"class": {files: []string{"index.js", handler}, edit: func(w *config.Worker) { w.DurableObjects = []config.DurableObject{{Binding: "ROOM", Class: "Room"}} },
			want: []string{`index.js: the Durable Object binding ROOM needs the class "Room", which the entry point does not export`}},
		"no main": {files: []string{"index.js", handler}, edit: func(w *config.Worker) { w.Main = "" },
			want: []string{`the Worker has no entry point: set "main" in wrangler.toml`}},
		"missing main": {files: []string{"index.js", handler}, edit: func(w *config.Worker) { w.Main = filepath.Join(w.Dir, "src/worker.ts") },
			want: []string{`the entry point src/worker.ts does not exist; "main" in wrangler.toml names it`}},
		"built main": {files: []string{"index.js", handler}, edit: func(w *config.Worker) { w.Main, w.Build.Command = filepath.Join(w.Dir, "x.js"), "make" },
			want: []string{`the entry point x.js does not exist; did build.command (make) write it?`}},
		"python": {files: []string{"main.py", ""}, want: []string{"main.py: flint does not serve Python Workers yet"}},
		"wasm":   {files: []string{"index.js", "import x from './x.wasm'\n" + handler}, want: []string{`Could not resolve "./x.wasm"`}},
		"image":  {files: []string{"index.js", "import x from './x.png'\n" + handler, "x.png", ""}, want: []string{`No loader is configured for ".png" files`, `rules = [{ type = "Data"`}},
		"shadowed rule": {files: []string{"index.js", "import x from './x.txt'\n" + handler, "x.txt", ""}, edit: func(w *config.Worker) {
			w.Build.Rules = []config.Rule{{Type: "Text", Globs: []string{"**/*.md"}}}
		}, want: []string{"./x.txt matches a module rule of type Text that an earlier rule of that type shadows"}},
		"define":    {files: []string{"index.js", handler}, edit: func(w *config.Worker) { w.Build.Define = map[string]string{"A": "not json("} }, want: []string{"Invalid define value"}},
		"long line": {files: []string{"index.js", strings.Repeat("/* é */", 100) + "export default (" + strings.Repeat("/* é */", 100)}, want: []string{"index.js:1:1417: Unexpected end of file"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := project(t, c.files...)
			if c.edit != nil {
				c.edit(&w)
			}
			_, err := Build(context.Background(), Options{Worker: w})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(e.Error(), want) {
					t.Errorf("got:\n%s\nwant:\n%s", e, want)
				}
			}
			for _, line := range strings.Split(e.Error(), "\n") {
				if len([]rune(line)) > 400 {
					t.Errorf("a line of %d characters", len([]rune(line)))
				}
			}
			if colored := e.Pretty(true); !strings.Contains(colored, "\x1b[1m") || strings.Contains(e.Error(), "\x1b") {
				t.Errorf("colours: %q", colored)
			}
		})
	}
}

// A node: import that may fail, or that tree shaking removes, is no error.
func TestBuildTolerates(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"dynamic": {"index.js", "export default { async fetch() { try { await import('node:crypto') } catch {} } }"},
		"shaken":  {"index.js", "import { a } from 'pkg'\nexport default { fetch() { return a } }", "node_modules/pkg/package.json", `{"type":"module","sideEffects":false}`, "node_modules/pkg/index.js", "export * from './a.js'\nexport * from './b.js'", "node_modules/pkg/a.js", "export const a = 1", "node_modules/pkg/b.js", "import fs from 'node:fs'\nexport const b = fs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			build(t, project(t, files...))
		})
	}
	w := project(t, "index.js", "import { AsyncLocalStorage } from 'node:async_hooks'\nexport default { s: new AsyncLocalStorage() }")
	w.CompatibilityFlags = []string{"nodejs_als"}
	build(t, w)
	w = project(t, "index.js", "export class Only {}")
	if r := build(t, w); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0].Text, "no `export default`") {
		t.Errorf("warnings %v", r.Warnings)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	w := project(t, "src/index.ts", "import { a } from './a'\nimport t from './t.txt'\nexport default { fetch() { return a + t } }", "src/a.ts", "export const a = 'one'", "src/t.txt", "text one")
	s, err := NewSession(Options{Worker: w})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rebuild := func() *Result {
		t.Helper()
		r, err := s.Rebuild()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := rebuild()
	if !strings.Contains(code(first), `"one"`) {
		t.Errorf("got\n%s", code(first))
	}
	testkit.WriteFile(t, filepath.Join(w.Dir, "src/a.ts"), "export const a = 'three'")
	testkit.WriteFile(t, filepath.Join(w.Dir, "src/t.txt"), "text two")
	second := rebuild()
	if !strings.Contains(code(second), `"three"`) || string(module(t, second, "-t.txt").Content) != "text two" || len(second.Modules) != 2 {
		t.Errorf("got\n%s", code(second))
	}
	testkit.WriteFile(t, filepath.Join(w.Dir, "src/a.ts"), "export const a = ")
	_, err = s.Rebuild()
	var e *Error
	if !errors.As(err, &e) || !slices.Contains(e.Inputs, filepath.Join(w.Dir, "src/a.ts")) {
		t.Fatalf("got %v, which does not say what to watch", err)
	}
	testkit.WriteFile(t, filepath.Join(w.Dir, "src/a.ts"), "export const a = 'four'")
	if got := rebuild(); !strings.Contains(code(got), `"four"`) || !slices.Equal(got.Inputs, first.Inputs) {
		t.Errorf("got\n%s\n%q", code(got), got.Inputs)
	}
	s.Close()
	if _, err := s.Rebuild(); err == nil {
		t.Error("a closed session builds")
	}
}

func TestBuildCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Build(ctx, Options{Worker: project(t, "index.js", handler)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestSourceMap(t *testing.T) {
	t.Parallel()
	w := project(t, "src/index.ts", "import { fail } from './lib/fail'\nexport default {\n  fetch(): Response {\n    return fail()\n  },\n}\n", "src/lib/fail.ts", "type X = string\n\nexport function fail(): never {\n  throw new Error('here')\n}\n")
	r := build(t, w)
	m, err := NewMapper(r.SourceMap)
	if err != nil {
		t.Fatal(err)
	}
	var stack strings.Builder
	stack.WriteString("Error: here\n")
	for i, line := range strings.Split(code(r), "\n") {
		if col := strings.Index(line, "new Error"); col >= 0 {
			stack.WriteString("    at fail (index.js:" + strconv.Itoa(i+1) + ":" + strconv.Itoa(col+1) + ")\n")
		}
		if col := strings.Index(line, "fail();"); col >= 0 {
			stack.WriteString("    at Object.fetch (index.js:" + strconv.Itoa(i+1) + ":" + strconv.Itoa(col+1) + ")\n")
		}
	}
	want := "Error: here\n    at fail (src/lib/fail.ts:4:9)\n    at Object.fetch (src/index.ts:4:12)\n"
	if got := m.Stack(stack.String()); got != want {
		t.Errorf("%s became\n%s\nwant\n%s\n%s", stack.String(), got, want, code(r))
	}
	if !strings.Contains(string(r.SourceMap), "never") {
		t.Error("the sources are not inlined")
	}
}

func TestNoBundle(t *testing.T) {
	t.Parallel()
	w := project(t,
		"src/index.mjs", "import { a } from './lib/a.mjs'\nimport w from './x.wasm'\n// kept as it is\nexport default { fetch() { return a } }",
		"src/lib/a.mjs", "export const a = 1", "src/x.wasm", "\x00asm", "src/notes.md", "no rule", "src/node_modules/p/x.txt", "", "src/.hidden/x.txt", "", "src/deep/er/t.txt", "t",
	)
	w.Build.NoBundle = true
	w.Build.Rules = []config.Rule{{Type: "ESModule", Globs: []string{"**/*.mjs"}}}
	r := build(t, w)
	var got []string
	for _, m := range r.Modules {
		got = append(got, m.Name+":"+string(m.Type))
	}
	if want := "index.mjs:esm deep/er/t.txt:text lib/a.mjs:esm x.wasm:wasm"; strings.Join(got, " ") != want || r.Main != "index.mjs" {
		t.Errorf("got %q, want %s", got, want)
	}
	if !strings.Contains(code(r), "// kept as it is") || !slices.Equal(r.Exports, []string{"default"}) {
		t.Errorf("got %q\n%s", r.Exports, code(r))
	}
	if !slices.Contains(r.Inputs, filepath.Join(w.Dir, "src/lib/a.mjs")) {
		t.Errorf("inputs %q", r.Inputs)
	}
	w.Main = filepath.Join(w.Dir, "src/x.ts")
	testkit.WriteFile(t, w.Main, handler)
	if _, err := Build(context.Background(), Options{Worker: w}); err == nil || !strings.Contains(err.Error(), "no_bundle runs files as they are") {
		t.Errorf("got %v", err)
	}
}

func TestFindAdditionalModules(t *testing.T) {
	t.Parallel()
	w := project(t, "src/worker.js", "import en from './lang/en.mjs'\nimport './own.js'\nexport default { fetch() { return en } }", "src/lang/en.mjs", "export default 'en'", "src/lang/de.mjs", "export default 'de'", "src/own.js", "console.log('bundled')")
	yes := true
	w.Build.FindModules = &yes
	w.Build.Rules = []config.Rule{{Type: "ESModule", Globs: []string{"lang/*.mjs", "**/lang/*.mjs"}}}
	r := build(t, w)
	if len(r.Modules) != 3 || module(t, r, "lang/de.mjs").Type != ESModule {
		t.Fatalf("got %+v", r.Modules)
	}
	if !strings.Contains(code(r), `from "./lang/en.mjs"`) || !strings.Contains(code(r), "bundled") {
		t.Errorf("got\n%s", code(r))
	}
}

func TestGlobs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		glob, path string
		want       bool
	}{
		{"**/*.txt", "a.txt", true}, {"**/*.txt", "a/b/c.txt", true}, {"*.txt", "a/b.txt", false}, {"lib/**", "lib/a/b", true},
		{"lib/**/x", "lib/x", true}, {"a?.txt", "ab.txt", false}, {"a+(b).txt", "a+(b).txt", true}, {"**/*.wasm?module", "x.wasm?module", true}, {"**/*.txt", "a.txt.js", false},
	} {
		rules, err := compileRules([]config.Rule{{Type: "Text", Globs: []string{c.glob}}})
		if err != nil {
			t.Fatal(err)
		}
		if got := rules[0].files[0].MatchString(c.path); got != c.want {
			t.Errorf("%s on %s: %t", c.glob, c.path, got)
		}
	}
}

// A project that is reached through a link has the same names in its map.
func TestBuildThroughLink(t *testing.T) {
	t.Parallel()
	w := project(t, "src/index.ts", handler)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(w.Dir, link); err != nil {
		t.Skip(err)
	}
	w.Dir, w.Main = link, filepath.Join(link, "src/index.ts")
	m, err := NewMapper(build(t, w).SourceMap)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.sources, []string{"src/index.ts"}) {
		t.Errorf("sources %q", m.sources)
	}
}
