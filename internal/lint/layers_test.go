package lint

import (
	"strings"
	"testing"
)

const module = "flint/"

// layer says what the packages of one folder may import within the module. The first
// layer that matches a package applies.
type layer struct {
	dir   string   // "x" is package x only, "x/..." also all below it, "x/." only those below it
	allow []string // patterns of the same form; a folder x/... may also import itself
	why   string
}

var services = []string{"kv/...", "d1/...", "r2/...", "queues/...", "ai/..."}

// layers is the table of docs/ARCHITECTURE.md: a package may import what stands below
// it.
var layers = []layer{
	{"internal/...", []string{"internal/..."}, "internal packages stand below everything else"},
	{"kv/driver", []string{"internal/..."}, "what drivers share knows none of them"},
	{"kv/memory", []string{"kv/driver", "internal/..."}, "a driver knows neither its service nor another driver"},
	{"kv/redis", []string{"kv/driver", "internal/..."}, "a driver knows neither its service nor another driver"},
	{"kv/...", []string{"internal/..."}, "a service knows no other part of flint"},
	{"d1/csqlite/...", []string{"internal/..."}, "the layer above SQLite knows nothing of D1"},
	{"d1/codec", []string{"d1/csqlite", "internal/..."}, "the form of values knows neither requests nor databases"},
	{"d1/history", []string{"d1/csqlite", "internal/..."}, "time travel works on pages, below D1"},
	{"d1/transfer", []string{"d1/codec", "d1/csqlite", "internal/..."}, "files are read and written without a database"},
	{"d1/...", []string{"internal/..."}, "a service knows no other part of flint"},
	{"r2/driver", []string{"internal/..."}, "what drivers share knows none of them"},
	{"r2/disk", []string{"r2/driver", "internal/..."}, "a driver knows neither its service nor another driver"},
	{"r2/s3", []string{"r2/driver", "internal/..."}, "a driver knows neither its service nor another driver"},
	{"r2/...", []string{"internal/..."}, "a service knows no other part of flint"},
	{"queues/journal", []string{"internal/..."}, "the journal does not know its queue"},
	{"queues/...", []string{"internal/..."}, "a service knows no other part of flint"},
	{"ai/inference", []string{"internal/..."}, "what the parts of Workers AI speak of knows none of them"},
	{"ai/generate", []string{"ai/inference", "internal/..."}, "the generator knows no other source of answers"},
	{"ai/media", []string{"ai/generate", "ai/inference", "internal/..."}, "images and sound know no request"},
	{"ai/markdown", []string{"ai/inference", "internal/..."}, "files become Markdown without a model"},
	{"ai/answers", []string{"ai/media", "ai/inference", "internal/..."}, "scripts, recordings and backends know neither the generator nor who asks"},
	{"ai/providers", []string{"ai/generate", "ai/inference", "internal/..."}, "providers ask an engine and do not know which"},
	{"ai/...", []string{"internal/..."}, "a service knows no other part of flint"},
	{"bindings/.", []string{"internal/..."}, "a binding knows no service, no other binding and no other part of flint"},
	{"assets/...", []string{"internal/..."}, "assets are served without knowing who asks"},
	{"config/...", []string{"internal/..."}, "the configuration is pure: it reads files and does nothing else"},
	{"worker/...", with(services, "config", "internal/..."), "the runtime knows services and configuration, not the emulator"},
	{"emulator", with(services, "bindings/...", "assets/...", "worker/...", "emulator/...", "config", "internal/..."), "the emulator wires everything, but for the command"},
	{"emulator/...", with(services, "bindings/...", "assets/...", "worker/...", "emulator/.", "config", "internal/..."), "a part of the emulator does not know the whole"},
	{"cmd/flint", []string{"cmd/flint/.", "emulator", "config", "internal/..."}, "the command goes through the emulator"},
	{"cmd/flint/cli", []string{"emulator", "config", "internal/..."}, "what commands share knows none of them"},
	{"cmd/flint/.", []string{"cmd/flint/cli", "emulator", "config", "internal/..."}, "a group of commands knows no other group"},
	{"conformance/...", []string{"emulator", "config", "internal/..."}, "conformance sees flint as a user does"},
	{"bench/...", []string{"emulator", "config", "emulator/front", "worker/...", "internal/..."}, "the bench sees flint as a user does, and its parts alone to find the limit"},
}

func with(list []string, more ...string) []string {
	return append(append([]string{}, list...), more...)
}

// matchesPattern reports whether a folder matches a pattern of a layer.
func matchesPattern(pattern, dir string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == base || strings.HasPrefix(dir, base+"/")
	}
	if base, ok := strings.CutSuffix(pattern, "/."); ok {
		return strings.HasPrefix(dir, base+"/")
	}
	return dir == pattern
}

func layerOf(dir string) *layer {
	for i := range layers {
		if matchesPattern(layers[i].dir, dir) {
			return &layers[i]
		}
	}
	return nil
}

func (l *layer) allows(dir string) bool {
	if strings.HasSuffix(l.dir, "/...") && l.dir != "emulator/..." && matchesPattern(l.dir, dir) {
		return true
	}
	for _, pattern := range l.allow {
		if matchesPattern(pattern, dir) {
			return true
		}
	}
	return false
}

// importRule checks the imports of all files but tests, which may import upwards.
func importRule(f *source) (out []string) {
	if f.isTest() {
		return nil
	}
	l := layerOf(f.dir())
	for _, i := range f.ast.Imports {
		to, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module)
		if !ok {
			continue
		}
		switch {
		case l == nil:
			out = append(out, f.at(f.line(i), "%s has no layer; give it one in internal/lint", f.dir()))
			return out
		case matchesPattern("cmd/...", to) && !matchesPattern("cmd/...", f.dir()):
			out = append(out, f.at(f.line(i), "%s imports %s: nobody imports a command", f.dir(), to))
		case !l.allows(to):
			out = append(out, f.at(f.line(i), "%s may not import %s: %s", f.dir(), to, l.why))
		}
	}
	return out
}

func TestImportsGoDownOnly(t *testing.T) { checkRepository(t, perGoFile(importRule)) }

func TestImportRule(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"kv", "internal/clock", ""},
		{"kv", "d1", "kv may not import d1: a service knows"},
		{"kv", "emulator", "kv may not import emulator"},
		{"r2/s3api", "r2", ""},
		{"bindings/cache", "bindings/images", "bindings/cache may not import bindings/images: a binding knows"},
		{"bindings/cache", "internal/clock", ""},
		{"ai/providers", "ai/answers", "ai/providers may not import ai/answers: providers ask"},
		{"ai/answers", "ai/generate", "ai/answers may not import ai/generate"},
		{"d1", "d1/history", ""},
		{"d1/history", "d1", "d1/history may not import d1: time travel"},
		{"d1/transfer", "d1/history", "d1/transfer may not import d1/history"},
		{"r2", "r2/s3api", ""},
		{"r2", "r2/disk", ""},
		{"r2/disk", "r2/s3", "r2/disk may not import r2/s3: a driver"},
		{"r2/disk", "r2", "r2/disk may not import r2: a driver"},
		{"kv/driver", "kv/memory", "kv/driver may not import kv/memory"},
		{"kv", "kv/memory", ""},
		{"kv/memory", "kv/driver", ""},
		{"kv/memory", "kv", "kv/memory may not import kv: a driver knows"},
		{"kv/memory", "kv/redis", "kv/memory may not import kv/redis: a driver knows"},
		{"queues", "queues/journal", ""},
		{"queues/journal", "queues", "queues/journal may not import queues: the journal"},
		{"assets", "kv", "assets may not import kv"},
		{"internal/cferr", "internal/clock", ""},
		{"internal/cferr", "kv", "internal/cferr may not import kv"},
		{"emulator", "emulator/front", ""},
		{"emulator", "worker/workerd", ""},
		{"emulator/front", "config", ""},
		{"emulator/front", "emulator", "emulator/front may not import emulator: a part"},
		{"config", "worker", "config may not import worker: the configuration is pure"},
		{"worker", "queues", ""},
		{"worker/shim", "worker", ""},
		{"worker", "config", ""},
		{"worker", "emulator/front", "worker may not import emulator/front"},
		{"worker", "assets", "worker may not import assets"},
		{"cmd/flint", "emulator", ""},
		{"cmd/flint", "cmd/flint/d1", ""},
		{"cmd/flint/d1", "cmd/flint/cli", ""},
		{"cmd/flint/d1", "cmd/flint/kv", "cmd/flint/d1 may not import cmd/flint/kv: a group"},
		{"cmd/flint/d1", "cmd/flint", "cmd/flint/d1 may not import cmd/flint: a group"},
		{"cmd/flint/cli", "cmd/flint/d1", "cmd/flint/cli may not import cmd/flint/d1"},
		{"cmd/flint", "config", ""},
		{"cmd/flint", "emulator/front", "cmd/flint may not import emulator/front"},
		{"cmd/flint", "kv", "cmd/flint may not import kv"},
		{"emulator", "cmd/flint", "nobody imports a command"},
		{"stray", "kv", "stray has no layer"},
		{"stray", "kvother", "stray has no layer"},
	} {
		f := newTestSource(t, c.from+"/x.go", "package x\n\nimport _ \"flint/"+c.to+"\"\n")
		var want []string
		if c.want != "" {
			want = []string{"/x.go:3: ", c.want}[1:]
		}
		wantOffences(t, perGoFile(importRule), []*source{f}, want...)
	}
	other := newTestSource(t, "kv/x.go", "package x\n\nimport _ \"net/http\"\nimport _ \"flintstone/d1\"\n")
	inTest := newTestSource(t, "kv/x_test.go", "package x\n\nimport _ \"flint/emulator\"\n")
	wantOffences(t, perGoFile(importRule), []*source{other, inTest})
}
