package workerd

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"flint/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConfigText(t *testing.T) {
	t.Parallel()
	c := Config{
		Services: []Service{
			{Name: "user:w", Worker: &WorkerService{
				Modules:           []Module{{Name: "index.js", Kind: "esModule", File: "worker0/0-index.js"}},
				CompatibilityDate: "2026-01-01", CompatibilityFlags: []string{"nodejs_compat"},
				Bindings: []Binding{
					Text("T", "a \"quoted\\\" line\nand \x01 ü"), JSON("J", `{"a":1}`), KV("K", "kv:id"), R2("R", "r2:b"), Queue("Q", "queues:q"),
					Wrapped("D", "cloudflare-internal:d1-api", ServiceBinding("fetcher", Designator{Service: "d1:id"})), ServiceBinding("S", Designator{"user:other", "Named", `{"a":1}`}),
					DurableObject("O", "Room", ""), DurableObject("P", "Room", "user:other"), Wrapped("U", "flint:unserved", Text("name", "U")),
				},
				GlobalOutbound: "outbound:w", CacheAPIOutbound: "cache:default",
				Namespaces: []Namespace{{"Room", "w-Room", true}}, ObjectStorage: "do:w",
			}},
			{Name: "kv:id", External: &External{Address: "unix:/s", Headers: map[string]string{"X-Flint-Binding": "kv/id"}, Proto: "X-P", CfBlob: "X-C"}},
			{Name: "do:w", Disk: &Disk{"/state/do/w"}},
		},
		Sockets:    []Socket{{Name: "worker:0", Address: "unix:/0.sock", Service: Designator{Service: "user:w", Entrypoint: "entry"}}},
		Extensions: []Extension{{"flint:unserved", "unserved.js"}},
	}
	text := c.Text()
	for _, want := range []string{
		`(name = "T", text = "a \"quoted\\\" line\nand \x01 ü"),`,
		`(name = "J", json = "{\"a\":1}"),`,
		`(name = "D", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = "d1:id")])),`,
		`(name = "S", service = (name = "user:other", entrypoint = "Named", props = (json = "{\"a\":1}"))),`,
		`(name = "P", durableObjectNamespace = (className = "Room", serviceName = "user:other")),`,
		`durableObjectStorage = (localDisk = "do:w"),`,
		`external = (address = "unix:/s", http = (forwardedProtoHeader = "X-P", cfBlobHeader = "X-C", injectRequestHeaders = [(name = "X-Flint-Binding", value = "kv/id")]))),`,
		`(name = "flint:unserved", internal = true, esModule = embed "unserved.js"),`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the configuration lacks %s\n%s", want, text)
		}
	}
}

func TestParseLine(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Line{
		`{"timestamp":1,"level":"warn","message":"careful\nnow"}`:                 {"warn", "careful\nnow", false},
		`{"timestamp":"1","level":"error","source":"a.c++:1","message":"broken"}`: {"error", "broken", true},
		`*** Fatal uncaught kj::Exception`:                                        {"error", "*** Fatal uncaught kj::Exception", true},
		`{"not":"a log line"}`:                                                    {"error", `{"not":"a log line"}`, true},
	} {
		if got := parseLine([]byte(raw)); got != want {
			t.Errorf("parseLine(%s) = %+v, want %+v", raw, got, want)
		}
	}
}

func TestCompatibilityDate(t *testing.T) {
	t.Parallel()
	if got := (Binary{Version: "1.20261117.1"}).CompatibilityDate(); got != "2026-11-17" {
		t.Errorf("got %s", got)
	}
	if got := versionOf("workerd 2026-11-17\n"); (Binary{Version: got}).CompatibilityDate() != "2026-11-17" {
		t.Errorf("versionOf: %s", got)
	}
	if PinnedVersion() == "" || (Binary{Version: PinnedVersion()}).CompatibilityDate() == "" {
		t.Errorf("PinnedVersion: %q", PinnedVersion())
	}
}

// fakeModules makes a node_modules folder with a workerd of some version.
func fakeModules(t *testing.T, dir, version string) {
	t.Helper()
	pkg := filepath.Join(dir, "node_modules", filepath.FromSlash(platformPackage()))
	testkit.WriteFile(t, filepath.Join(pkg, "package.json"), `{"version":"`+version+`"}`)
	testkit.WriteFile(t, filepath.Join(pkg, "bin/workerd"), "#!/bin/sh\n")
}

func TestFindLooksUpwardsThenIntoTheCache(t *testing.T) {
	if os.Getenv("FLINT_WORKERD") != "" {
		t.Setenv("FLINT_WORKERD", "")
	}
	project, cache := t.TempDir(), t.TempDir()
	sub := filepath.Join(project, "apps", "api")
	opt := FindOptions{Dirs: []string{sub}, CacheDir: cache}
	if _, err := Find(t.Context(), opt); !errors.Is(err, ErrNotFound) {
		t.Errorf("with nothing installed: %v", err)
	}
	fakeModules(t, installDir(cache), "1.20260101.0")
	if b, err := Find(t.Context(), opt); err != nil || b.Source != "cache" || b.Version != "1.20260101.0" {
		t.Errorf("in the cache: %+v %v", b, err)
	}
	fakeModules(t, project, "1.20251231.0")
	if b, err := Find(t.Context(), opt); err != nil || b.Source != "cache" || !strings.Contains(b.Skipped, "1.20251231.0") {
		t.Errorf("one in node_modules that is too old: %+v %v", b, err)
	}
	if _, err := Find(t.Context(), FindOptions{Dirs: opt.Dirs, CacheDir: t.TempDir()}); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "1.20251231.0") {
		t.Errorf("only one that is too old: %v", err)
	}
	fakeModules(t, project, "1.20260202.0")
	if b, err := Find(t.Context(), opt); err != nil || b.Source != "node_modules" || b.Version != "1.20260202.0" {
		t.Errorf("in a node_modules above: %+v %v", b, err)
	}
	t.Setenv("FLINT_WORKERD", filepath.Join(project, "nope"))
	if _, err := Find(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "FLINT_WORKERD") {
		t.Errorf("a wrong FLINT_WORKERD: %v", err)
	}
	old := filepath.Join(project, "old")
	testkit.WriteFile(t, old, "#!/bin/sh\necho workerd 2025-07-08\n")
	if err := os.Chmod(old, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FLINT_WORKERD", old)
	if _, err := Find(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "too old") {
		t.Errorf("an old FLINT_WORKERD: %v", err)
	}
}

func TestInstallSaysWhatNpmSaid(t *testing.T) {
	bin := t.TempDir()
	testkit.WriteFile(t, filepath.Join(bin, "npm"), "#!/bin/sh\necho npm error code E404 >&2\nexit 1\n")
	if err := os.Chmod(filepath.Join(bin, "npm"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/bin:/usr/bin")
	cache := t.TempDir()
	_, err := Install(t.Context(), cache, nil)
	if err == nil || !strings.Contains(err.Error(), "E404") {
		t.Errorf("Install = %v", err)
	}
	if left, _ := os.ReadDir(cache); len(left) != 0 {
		t.Errorf("a failed installation left %v", left)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Install(t.Context(), cache, nil); err == nil || !strings.Contains(err.Error(), "npm is not installed") {
		t.Errorf("without npm: %v", err)
	}
}

func TestStartErrorHoldsWhatWorkerdSaid(t *testing.T) {
	t.Parallel()
	b, err := Find(t.Context(), FindOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir := testkit.WriteFiles(t, map[string]string{"c.capnp": "using Workerd = import \"/workerd/workerd.capnp\";\nconst config :Workerd.Config = (nonsense = 1);\n"})
	_, err = Start(t.Context(), ProcessOptions{Binary: b, ConfigFile: filepath.Join(dir, "c.capnp"), Sockets: 1})
	if err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("Start = %v", err)
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	dir := testkit.WriteFiles(t, map[string]string{"workerd": "#!/bin/sh\nexec sleep 60\n"})
	path := filepath.Join(dir, "workerd")
	if err := os.Chmod(path, 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, ProcessOptions{Binary: Binary{Path: path}, ConfigFile: "x", Sockets: 1}); err == nil {
		t.Error("Start of a program that never listens succeeded")
	}
}
