package conformance

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"flint/emulator"
	"flint/internal/testkit"
	"flint/worker/bundle/nodejs"
)

var allNode = flag.Bool("node-all", false, "compare Node's modules for every date with every set of flags")

// nodeSettings are the date and flags of one Worker that imports everything.
type nodeSettings struct {
	date  string
	flags []string
}

// nodeMatrix is eight dates with the sets of flags that choose between workerd's
// modules and polyfills. Without -node-all each date has the two usual sets, and
// each other set one date.
func nodeMatrix() (out []nodeSettings) {
	dates := []string{"2023-05-18", "2024-09-22", "2024-09-23", "2025-04-01", "2025-09-15", "2026-01-29", "2026-03-17", "2026-11-17"}
	usual := [][]string{{"nodejs_compat"}, {}}
	others := [][]string{
		{"nodejs_als"}, {"nodejs_compat_v2"}, {"nodejs_compat", "no_nodejs_compat_v2"},
		{"nodejs_compat", "enable_nodejs_http_modules", "enable_nodejs_http_server_modules", "enable_nodejs_os_module", "enable_nodejs_fs_module"},
		{"nodejs_compat", "enable_nodejs_process_v2", "enable_nodejs_console_module", "enable_nodejs_vm_module"},
		{"nodejs_compat", "disable_nodejs_fs_module", "disable_nodejs_http2_module", "disable_nodejs_os_module", "disable_nodejs_console_module", "disable_nodejs_perf_hooks_module"},
		{"nodejs_compat", "nodejs_compat_do_not_populate_process_env"},
	}
	for i, date := range dates {
		sets := usual
		if *allNode {
			sets = append(slices.Clone(usual), others...)
		} else if i < len(others) {
			sets = append(slices.Clone(usual), others[i])
		}
		for _, flags := range sets {
			out = append(out, nodeSettings{date, flags})
		}
	}
	return out
}

func (s nodeSettings) String() string { return s.date + " " + strings.Join(s.flags, ",") }

// startsOnPeer says whether a Worker with these settings starts on the peer. With
// nodejs_compat_v2 alone Wrangler imports modules of later dates that workerd
// has with nodejs_compat only.
func (s nodeSettings) startsOnPeer() bool {
	return s.date < "2025-08-15" || !slices.Contains(s.flags, "nodejs_compat_v2")
}

// importer is a Worker that imports and requires each module of Node's and
// answers with the names that it found.
func importer() string {
	var b strings.Builder
	b.WriteString(`
const failed = (e) => ({ error: String(e?.message ?? e).split("\n")[0] });
const names = (v) => (v !== null && (typeof v === "object" || typeof v === "function") ? Object.keys(v).sort() : typeof v);
const imported = (m) => (m.error ? m : { names: names(m), default: names(m.default) });
const globals = ["process", "Buffer", "global", "setImmediate", "clearImmediate", "console", "performance", "navigator"];
export default {
  async fetch(request, env) {
    const out = { globals: {}, modules: {} };
    for (const g of globals) out.globals[g] = g in globalThis ? names(globalThis[g]) : "absent";
    out.env = typeof process === "object" ? Object.keys(process.env).sort() : "absent";
    out.same = typeof process === "object" && globalThis.process === (await import("node:process").catch(failed)).default;
`)
	for _, m := range nodejs.Builtins {
		for _, path := range []string{m, "node:" + m} {
			fmt.Fprintf(&b, "    out.modules[%q] = imported(await import(%q).catch(failed));\n", path, path)
			fmt.Fprintf(&b, "    try { out.modules[%q] = names(require(%q)); } catch (e) { out.modules[%q] = failed(e); }\n", "require "+path, path, "require "+path)
		}
	}
	b.WriteString("    return Response.json(out);\n  },\n};\n")
	return b.String()
}

// nodeEntry is a Worker that passes /N on to the Worker wN.
const nodeEntry = `export default { fetch: (request, env) => env["W" + new URL(request.url).pathname.slice(1)].fetch(request) };`

func nodeConfig(i int, s nodeSettings, more string) string {
	flags, _ := json.Marshal(s.flags) // strings always marshal
	return fmt.Sprintf("name = \"node-w%d\"\nmain = \"index.js\"\ncompatibility_date = %q\ncompatibility_flags = %s\n%s\n[vars]\nGREETING = \"hello\"\n", i, s.date, flags, more)
}

// TestNodeModules compares what Node's modules export, for dates and flags, in
// Workers that flint and Wrangler have bundled.
func TestNodeModules(t *testing.T) {
	if testing.Short() {
		t.Skip("conformance starts many processes: not with -short")
	}
	peer := findPeer(t)
	dir := t.TempDir()
	var all []nodeSettings
	for _, s := range nodeMatrix() {
		if s.startsOnPeer() {
			all = append(all, s)
		}
	}
	folders := make([]string, len(all))
	var services strings.Builder
	for i, s := range all {
		folders[i] = fmt.Sprintf("w%d", i)
		testkit.WriteFile(t, filepath.Join(dir, "flint", folders[i], "index.js"), importer())
		testkit.WriteFile(t, filepath.Join(dir, "flint", folders[i], "wrangler.toml"), nodeConfig(i, s, ""))
		testkit.WriteFile(t, filepath.Join(dir, "peer", folders[i], "wrangler.toml"), nodeConfig(i, s, "no_bundle = true"))
		fmt.Fprintf(&services, "[[services]]\nbinding = \"W%d\"\nservice = \"node-w%d\"\n", i, i)
	}
	entry := "name = \"entry\"\nmain = \"index.js\"\ncompatibility_date = \"2026-01-01\"\n" + services.String()
	for _, d := range []string{filepath.Join(dir, "flint", "entry"), filepath.Join(dir, "peer")} {
		testkit.WriteFile(t, filepath.Join(d, "index.js"), nodeEntry)
		testkit.WriteFile(t, filepath.Join(d, "wrangler.toml"), entry)
	}
	list, _ := json.Marshal(append([]string{"entry"}, folders...))
	testkit.WriteFile(t, filepath.Join(dir, "flint", "flint.toml"), "workers = "+string(list)+"\n")
	bundleByWrangler(t, peer, dir, folders)

	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	url, stop, err := peer.Start(ctx, &Case{ID: "nodejs"}, filepath.Join(dir, "peer"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	e := emulator.RunT(t, filepath.Join(dir, "flint"))
	modules := 0
	for i, s := range all {
		t.Run(s.String(), func(t *testing.T) {
			modules += compareNode(t, askNode(t, e.Run().URL, i), askNode(t, url, i))
		})
	}
	t.Logf("%d Workers, %d imports compared", len(all), modules)
}

// bundleByWrangler writes Wrangler's bundle of each Worker to the peer's folder.
func bundleByWrangler(t *testing.T, peer *Peer, dir string, folders []string) {
	t.Helper()
	var all errgroup.Group
	all.SetLimit(2)
	for _, f := range folders {
		all.Go(func() error {
			cmd := peer.node(filepath.Join(dir, "flint", f), filepath.Join(peer.dir, "node_modules", "wrangler", "bin", "wrangler.js"),
				"deploy", "--dry-run", "--config", "wrangler.toml", "--outdir", filepath.Join(dir, "peer", f))
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("wrangler deploy --dry-run in %s: %w\n%s", f, err, out)
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
}

// nodeAnswer is what an importer answers.
type nodeAnswer struct {
	Globals map[string]json.RawMessage
	Env     json.RawMessage
	Same    bool
	Modules map[string]json.RawMessage
}

func askNode(t *testing.T, url string, worker int) (a nodeAnswer) {
	t.Helper()
	body := testkit.Get(t, strings.TrimSuffix(url, "/")+fmt.Sprintf("/%d", worker), 200)
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%v: %.500s", err, body)
	}
	return a
}

func compareNode(t *testing.T, flint, peer nodeAnswer) (modules int) {
	t.Helper()
	for name, want := range peer.Globals {
		if got := flint.Globals[name]; string(got) != string(want) {
			t.Errorf("global %s: %.300s, on the peer %.300s", name, got, want)
		}
	}
	if string(flint.Env) != string(peer.Env) || flint.Same != peer.Same {
		t.Errorf("process.env has %s, %t; on the peer %s, %t", flint.Env, flint.Same, peer.Env, peer.Same)
	}
	if len(peer.Modules) != 4*len(nodejs.Builtins) {
		t.Errorf("the peer imported %d", len(peer.Modules))
	}
	for name, want := range peer.Modules {
		if got := flint.Modules[name]; string(got) != string(want) {
			t.Errorf("%s: %.300s, on the peer %.300s", name, got, want)
		}
	}
	return len(peer.Modules)
}
