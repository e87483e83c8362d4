package worker

import (
	"path/filepath"
	"strings"
	"testing"

	"flint/emulator/config"
	"flint/internal/testkit"
)

// Of three Workers with databases two have the flag: they share one Worker
// before flint's service, and the third knows nothing of it.
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
	rpc := []string{"d1_binding_jsrpc"}
	plain := worker("plain", nil, "one")
	out := text(worker("a", rpc, "one", "two"), plain, worker("b", rpc, "two"))
	for want, times := range map[string]int{
		`(name = "flint:d1", worker = (`: 1,
		`(name = "DB_one", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = (name = "flint:d1", props = (json = "{\"database\":\"one\"}")))])),`: 1,
		`(name = "DB_two", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = (name = "flint:d1", props = (json = "{\"database\":\"two\"}")))])),`: 2,
		`(name = "DB_one", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = "d1:one")])),`:                                                       1,
		`(name = "one", service = "d1:one"),`: 1,
		`(name = "two", service = "d1:two"),`: 1,
	} {
		if n := strings.Count(out, want); n != times {
			t.Errorf("%s stands there %d times, want %d\n%s", want, n, times, out)
		}
	}
	if out = text(plain); strings.Contains(out, "flint:d1") || strings.Contains(out, "d1.js") {
		t.Errorf("a Worker without the flag got the module\n%s", out)
	}
}
