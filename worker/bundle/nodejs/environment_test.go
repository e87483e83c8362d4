package nodejs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// dates are the day before and of every change that a date makes.
var dates = []string{
	"2024-09-23", "2025-08-14", "2025-08-15", "2025-08-31", "2025-09-01", "2025-09-14", "2025-09-15", "2025-09-20", "2025-09-21",
	"2025-10-01", "2025-12-03", "2025-12-04", "2026-01-14", "2026-01-15", "2026-01-28", "2026-01-29", "2026-02-18", "2026-02-19",
	"2026-03-16", "2026-03-17", "2026-08-04", "2026-11-17",
}

// flagSets are none, each flag that changes something, and pairs that disagree.
func flagSets() [][]string {
	sets := [][]string{nil, {"nodejs_compat"}, {"nodejs_compat_v2"}}
	for _, f := range append([]feature{httpClient, httpServer, consoles, perfHooks, processV2}, features...) {
		sets = append(sets, []string{"enable_" + f.flag}, []string{"disable_" + f.flag}, []string{"enable_" + f.flag, "disable_" + f.flag})
	}
	for _, f := range []string{"fetch_iterable_type_support", "fetch_iterable_type_support_override_adjustment"} {
		sets = append(sets, []string{f}, []string{"no_" + f}, []string{f, "enable_nodejs_process_v2"})
	}
	return append(sets,
		[]string{"enable_nodejs_http_modules", "enable_nodejs_http_server_modules"},
		[]string{"disable_nodejs_http_modules", "enable_nodejs_http_server_modules"},
		[]string{"fetch_iterable_type_support", "fetch_iterable_type_support_override_adjustment"},
		[]string{"fetch_iterable_type_support", "fetch_iterable_type_support_override_adjustment", "enable_nodejs_process_v2"},
	)
}

// presetScript asks Wrangler's packages, as Wrangler does, for each question in
// the file that it is given.
const presetScript = `
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const { defineEnv } = await import(pathToFileURL(process.argv[1] + "/node_modules/unenv/dist/index.mjs"));
const { getCloudflarePreset } = await import(pathToFileURL(process.argv[1] + "/node_modules/@cloudflare/unenv-preset/dist/index.mjs"));
const answers = JSON.parse(readFileSync(process.argv[2], "utf8")).map(({ date, flags }) => {
  const preset = getCloudflarePreset({ compatibilityDate: date, compatibilityFlags: flags ?? [] });
  const { alias, inject, polyfill } = defineEnv({ presets: [preset], npmShims: true }).env;
  delete alias.debug;
  const globals = {};
  for (const [name, from] of Object.entries(inject)) {
    globals[name] = Array.isArray(from) ? { Module: from[0], Export: from[1] } : { Module: from, Export: "default" };
  }
  return { Aliases: alias, Globals: globals, Polyfills: polyfill.length ? polyfill : null };
});
console.log(JSON.stringify(answers));
`

// question is a Worker's settings.
type question struct {
	Date  string   `json:"date"`
	Flags []string `json:"flags"`
}

// TestEnvironmentsAreWranglers compares each date with each set of flags with
// what the packages say that Wrangler asks.
func TestEnvironmentsAreWranglers(t *testing.T) {
	t.Parallel()
	peer, err := filepath.Abs("../../../conformance/peer")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(peer, "node_modules", "@cloudflare", "unenv-preset")); err != nil {
		t.Skip("the peer is not installed: make conformance installs it")
	}
	var questions []question
	for _, date := range dates {
		for _, flags := range flagSets() {
			questions = append(questions, question{date, flags})
		}
	}
	answers := askPreset(t, peer, questions)
	if len(answers) != len(questions) || len(answers) < 1000 {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	for i, q := range questions {
		if got := For(q.Date, q.Flags); !reflect.DeepEqual(*got, answers[i]) {
			t.Fatalf("%+v:\n got %+v\nwant %+v", q, *got, answers[i])
		}
	}
}

func askPreset(t *testing.T, peer string, questions []question) (answers []Environment) {
	t.Helper()
	data, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "questions.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "--input-type=module", "-e", presetScript, peer, file)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, said.String())
	}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}
