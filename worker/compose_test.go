package worker

import (
	"path/filepath"
	"strings"
	"testing"

	"flint/config"
	"flint/internal/testkit"
)

// Of three Workers with databases two have the flag: workerd's own D1 asks the
// Worker that stands for the database. The third gets flint's D1, which asks the
// service itself.
func TestComposeD1ByRPC(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, map[string]string{"index.js": hello})
	worker := func(name string, flags []string, databases ...string) config.Worker {
		w := config.Worker{Name: name, File: filepath.Join(dir, "wrangler.toml"), Dir: dir, Main: filepath.Join(dir, "index.js"),
			CompatibilityDate: "2026-01-01", CompatibilityFlags: flags}
		for _, id := range databases {
			w.D1 = append(w.D1, config.D1Database{Binding: "DB_" + id, ID: id})
		}
		return w
	}
	text := func(workers ...config.Worker) string {
		out, err := Describe(t.Context(), Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	stands := func(id string) string {
		return `service = (name = "flint:dispatcher", entrypoint = "D1", props = (json = "{\"database\":\"d1:` + id + `\"}"))`
	}
	rpc := []string{"d1_binding_jsrpc"}
	plain := worker("plain", nil, "one")
	out := text(worker("a", rpc, "one", "two"), plain, worker("b", rpc, "two"))
	for want, times := range map[string]int{
		`(name = "flint:dispatcher", worker = (`: 1,
		`(name = "DB_one", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", ` + stands("one") + `)])),`:                                                                                                                         1,
		`(name = "DB_two", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", ` + stands("two") + `)])),`:                                                                                                                         2,
		`(name = "DB_one", wrapped = (moduleName = "flint:d1-api", innerBindings = [(name = "fetcher", service = "d1:one"), (name = "database", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", ` + stands("one") + `)]))])),`: 1,
		`(name = "d1:one", service = "d1:one"),`: 1,
		`(name = "d1:two", service = "d1:two"),`: 1,
	} {
		if n := strings.Count(out, want); n != times {
			t.Errorf("%s stands there %d times, want %d\n%s", want, n, times, out)
		}
	}
}
