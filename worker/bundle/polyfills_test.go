package bundle

import (
	"context"
	"errors"
	"strings"
	"testing"

	"flint/config"
	"flint/internal/testkit"
	"flint/worker/workerd"
)

// nodeWorker imports modules that workerd lacked in 2024, in every way.
func nodeWorker(t *testing.T) config.Worker {
	w := project(t,
		"index.js", "import fs from 'fs'\nimport { tmpdir } from 'node:os'\nimport old from 'old'\nimport fetch from 'node-fetch'\nexport default { fetch() { return [fs, tmpdir, old, fetch, Buffer] } }",
		"node_modules/old/package.json", `{}`, "node_modules/old/index.js", "const vm = require('vm'), path = require('node:path')\nmodule.exports = [vm, path, require('inherits'), require('debug')]",
		"node_modules/debug/package.json", `{"main":"./src/index","browser":"./src/browser.js"}`,
		"node_modules/debug/src/index.js", "module.exports = 'debug for Node'", "node_modules/debug/src/browser.js", "module.exports = 'debug for browsers'",
		"node_modules/node-fetch/package.json", `{}`, "node_modules/node-fetch/index.js", "module.exports = 'the package node-fetch'",
	)
	w.CompatibilityDate, w.CompatibilityFlags = "2024-09-23", []string{"nodejs_compat"}
	return w
}

func TestBuildPolyfills(t *testing.T) {
	t.Parallel()
	dir := workerd.FindPolyfills("")
	if dir == "" {
		t.Skip("the polyfills are not installed: make runtime installs them")
	}
	r, err := Build(context.Background(), Options{Worker: nodeWorker(t), Polyfills: dir})
	if err != nil {
		t.Fatal(err)
	}
	got := code(r)
	for _, want := range []string{
		"globalThis.process = ", "globalThis.console = ", "[unenv]", `from "node:path"`, "debug for Node", "unenv/dist/runtime/npm/inherits.mjs",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, stranger := range []string{"Dynamic require", "debug for browsers", "the package node-fetch", `from "node:fs"`, `from "node:vm"`, `from "node:os"`} {
		if strings.Contains(got, stranger) {
			t.Errorf("%s is there", stranger)
		}
	}
}

func TestBuildWithoutPolyfills(t *testing.T) {
	t.Parallel()
	_, err := Build(context.Background(), Options{Worker: nodeWorker(t)})
	var e *Error
	if !errors.As(err, &e) || len(e.Messages) != 1 || !strings.Contains(e.Error(), "flint doctor --install") {
		t.Errorf("got %v", err)
	}
	// Nothing of it is needed once workerd has the modules.
	w := nodeWorker(t)
	w.CompatibilityDate = "2026-08-01"
	w.Main = writeMain(t, w, "import fs from 'fs'\nimport vm from 'vm'\nexport default { fetch() { return [fs, vm, process] } }")
	if r, err := Build(context.Background(), Options{Worker: w}); err != nil || !strings.Contains(code(r), `from "node:fs"`) {
		t.Errorf("a Worker of 2026: %v", err)
	}
	w.Main = writeMain(t, w, "import fetch from 'node-fetch'\nexport default { fetch() { return fetch } }")
	_, err = Build(context.Background(), Options{Worker: w})
	if !errors.As(err, &e) || !strings.Contains(e.Error(), `other.js:1:19: "node-fetch" needs a polyfill`) || !strings.Contains(e.Error(), "flint doctor --install") {
		t.Errorf("a package that is a polyfill: %v", err)
	}
}

// writeMain writes another entry point and gives its path.
func writeMain(t *testing.T, w config.Worker, text string) string {
	t.Helper()
	path := w.Dir + "/other.js"
	testkit.WriteFile(t, path, text)
	return path
}
