package emulator_test

import (
	"path/filepath"
	"testing"

	"flint/config"
	"flint/internal/testkit"
	"flint/worker/shim"
)

// rpcWorker adds a row, and says how many there are by either protocol.
const rpcWorker = `export default { async fetch(r, env) {
  await env.DB.exec("CREATE TABLE IF NOT EXISTS t (a)");
  await env.DB.prepare("INSERT INTO t VALUES (?)").bind(r.url).run();
  const n = await env.DB.prepare("SELECT count(*) AS n FROM t").first("n");
  const byQuery = await env.DB.query({ queries: [{ sql: "SELECT count(*) FROM t" }] }).then((q) => q.results[0].data.rows[0][0], () => "no query()");
  return new Response(n + " " + byQuery);
} }`

// Two Workers share a database, one by RPC and one by HTTP, until a save gives
// the other the flag, too.
func TestD1ByRPC(t *testing.T) {
	t.Parallel()
	const (
		database = "d1_databases = [{ binding = \"DB\", database_name = \"shared\", database_id = \"shared\" }]\n"
		flag     = "compatibility_flags = [\"d1_binding_jsrpc\"]\n"
	)
	log := testkit.NewLog()
	dir := project(t, workerFiles("http", rpcWorker, database), workerFiles("rpc", rpcWorker, flag+database))
	a := app{t, start(t, dir, log, func(p *config.Project) { p.Settings.Watch = true })}
	for _, c := range []struct{ worker, want string }{{"http", "1 no query()"}, {"rpc", "2 2"}, {"http", "3 no query()"}, {"rpc", "4 4"}} {
		if got := a.on(c.worker, "/"); got != c.want {
			t.Errorf("%s: %s, want %s", c.worker, got, c.want)
		}
	}
	testkit.WriteFile(t, filepath.Join(dir, "http/wrangler.toml"), workerFiles("http", "", flag+database)["http/wrangler.toml"])
	log.Wait(t, "the reload", testkit.Message("reloaded"))
	if got := a.on("http", "/"); got != "5 5" {
		t.Errorf("with the flag: %s", got)
	}
	if got := a.on("rpc", "/"); got != "6 6" {
		t.Errorf("the other: %s", got)
	}
}

// Bindings get flint's module for D1, which is the faster one, and those that
// speak RPC workerd's own: an error's stack tells.
func TestD1Module(t *testing.T) {
	t.Parallel()
	const (
		code     = `export default { fetch: (r, env) => env.DB.prepare("nonsense").first().catch((e) => new Response(e.stack.match(/[a-z-]+:d1-api/)?.[0])) }`
		database = "d1_databases = [{ binding = \"DB\", database_name = \"shared\", database_id = \"shared\" }]\n"
		flag     = "compatibility_flags = [\"d1_binding_jsrpc\"]\n"
	)
	a := app{t, start(t, project(t, workerFiles("http", code, database), workerFiles("rpc", code, flag+database)), testkit.NewLog())}
	for worker, want := range map[string]string{"http": "flint:d1-api", "rpc": "cloudflare-internal:d1-api"} {
		if got := a.on(worker, "/"); got != want {
			t.Errorf("%s: D1 is %q, want %q", worker, got, want)
		}
	}
}

// fakes hands flint's D1 module the databases of workerds that are not this one.
const fakes = `import make from "./d1_binding.js";
const fetcher = { fetch: async () => new Response("<html>", { status: 502 }) };
class Statement { first() {} }
class Session { getBookmark() {} }
class Database {
  prepare() { return this.statement ?? new Statement(); }
  withSession() { return this.session ?? new Session(); }
}
const whose = (database) => (make({ fetcher, database }).exec ? "flint's" : "its own");
const known = new Database();
const cut = make({ fetcher: { fetch: () => Promise.reject(new Error("Network connection lost.")) }, database: new Database() });
export default { fetch: async () => Response.json({
  known: whose(known),
  older: whose(Object.assign(new Database(), { statement: new (class {})() })),
  database: whose(new (class extends Database { explain() {} })()),
  statement: whose(Object.assign(new Database(), { statement: new (class { explain() {} })() })),
  session: whose(Object.assign(new Database(), { session: new (class { end() {} })() })),
  noJSON: await known.prepare("SELECT 1").all().catch((e) => e.message),
  cut: await cut.prepare("SELECT 1").all().catch((e) => e.message),
}) }`

// A workerd whose D1 can do more than flint's module keeps its own.
func TestD1ModuleOfAnotherWorkerd(t *testing.T) {
	t.Parallel()
	files := workerFiles("w", fakes, "")
	files["w/d1_binding.js"] = shim.D1
	a := app{t, start(t, project(t, files), testkit.NewLog())}
	const want = `{"known":"flint's","older":"flint's","database":"its own","statement":"its own","session":"its own",` +
		`"noJSON":"D1_ERROR: Failed to parse body as JSON, got: <html>","cut":"Network connection lost."}`
	if got := a.on("w", "/"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
