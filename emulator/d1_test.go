package emulator_test

import (
	"path/filepath"
	"testing"

	"flint/emulator/config"
	"flint/internal/testkit"
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
