package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

// These tests set environment variables, so they are not parallel.

func devFlags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	f := pflag.NewFlagSet("dev", pflag.ContinueOnError)
	f.String("ip", "127.0.0.1", "")
	f.Int("port", 8787, "")
	f.Int("control-port", 8788, "")
	f.Int("s3-port", 8789, "")
	f.Int("inspector-port", 0, "")
	f.String("state", "", "")
	f.Bool("ephemeral", false, "")
	f.Int("isolates", 1, "")
	f.Bool("no-watch", false, "")
	f.Bool("no-install", false, "")
	f.String("log-format", "pretty", "")
	if err := f.Parse(args); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestSettingsPrecedence(t *testing.T) {
	dir := write(t,
		"wrangler.toml", minimal+"[dev]\nport = 1111\nip = \"localhost\"\ninspector_port = 1112\n",
		"flint.toml", "port = 2222\ncontrol_port = 2223\ns3_port = 2224\nstate = \"s\"\nwatch = false\n[kv]\ndriver = \"redis://embedded\"\n[outbound]\nallow = [\"a\", \"b\"]\n",
	)
	s := mustLoad(t, Options{Dir: dir, Flags: devFlags(t)}).Settings
	if s.Port != 2222 || s.IP != "localhost" || s.InspectorPort != 1112 || s.State != filepath.Join(dir, "s") || s.Watch || s.KVDriver != "redis://embedded" {
		t.Errorf("flint.toml over [dev] over defaults: %+v", s)
	}
	t.Setenv("FLINT_PORT", "3333")
	t.Setenv("FLINT_CONTROL_PORT", "3334")
	t.Setenv("FLINT_KV_DRIVER", "memory")
	t.Setenv("FLINT_WATCH", "true")
	t.Setenv("FLINT_STATE", "env-state")
	t.Setenv("FLINT_OUTBOUND_ALLOW", "c, d")
	t.Setenv("FLINT_ISOLATES", "4")
	t.Setenv("FLINT_LOG_FORMAT", "json")
	s = mustLoad(t, Options{Dir: dir, Flags: devFlags(t)}).Settings
	if s.Port != 3333 || s.ControlPort != 3334 || s.S3Port != 2224 || s.KVDriver != "memory" || !s.Watch || s.Isolates != 4 || s.LogFormat != "json" {
		t.Errorf("variables over flint.toml: %+v", s)
	}
	if s.State != filepath.Join(dir, "env-state") || strings.Join(s.Outbound.Allow, "|") != "c|d" {
		t.Errorf("got %+v", s)
	}
	s = mustLoad(t, Options{Dir: dir, Flags: devFlags(t, "--port=0", "--control-port=4445", "--no-watch", "--no-install", "--ephemeral", "--state=x", "--log-format=pretty")}).Settings
	if s.Port != 0 || s.ControlPort != 4445 || s.S3Port != 2224 || s.Watch || s.Install || !s.Ephemeral || s.State != filepath.Join(dir, "x") || s.LogFormat != "pretty" {
		t.Errorf("flags over variables: %+v", s)
	}
}

func TestSettingsErrors(t *testing.T) {
	dir := write(t, "wrangler.toml", minimal)
	t.Setenv("FLINT_S3_PORT", "many")
	t.Setenv("FLINT_EPHEMERAL", "perhaps")
	t.Setenv("FLINT_KV_DRIVER", "mysql://root:hunter2@host")
	t.Setenv("FLINT_R2_SECRET_ACCESS_KEY", "hunter2")
	_, err := Load(Options{Dir: dir, Flags: devFlags(t, "--isolates=99", "--log-format=xml", "--inspector-port=8787")})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`FLINT_S3_PORT: found "many", want a whole number from 0 to 65535`,
		`FLINT_EPHEMERAL: found "perhaps", want true or false`,
		`FLINT_KV_DRIVER: want "memory" or a URL redis://…`,
		`FLINT_R2_SECRET_ACCESS_KEY: give access_key_id too`,
		`--isolates: found "99", want a whole number from 1 to 64`,
		`--log-format: found "xml", want pretty or json`,
		`--inspector-port: 8787 is also port; each needs its own`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing %s in:\n%s", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is shown:\n%s", err)
	}
}

func TestCloudflareEnv(t *testing.T) {
	dir := write(t, "wrangler.toml", "name = \"a\"\n"+minimal+"[env.prod]\n[env.dev]\n")
	t.Setenv("CLOUDFLARE_ENV", "prod")
	if got := workerNames(mustLoad(t, Options{Dir: dir})); got != "a-prod" {
		t.Errorf("got %q", got)
	}
	if got := workerNames(mustLoad(t, Options{Dir: dir, Env: "dev"})); got != "a-dev" {
		t.Errorf("got %q", got)
	}
}

func TestDotEnvFiles(t *testing.T) {
	dir := write(t,
		"wrangler.toml", minimal+"vars = { A = \"vars\" }\n[env.prod]\nvars = { A = \"vars\" }\n",
		".env", "A=plain\nB=${A}-b\nC='${A}'\nD=${NOPE:-fallback}\nE=\\$A\n",
		".env.local", "A=local\n",
		".env.prod", "A=prod\n",
	)
	values := func(env string) map[string]string {
		out := map[string]string{}
		for _, v := range mustLoad(t, Options{Dir: dir, Env: env}).Workers[0].Vars {
			if !v.Secret {
				t.Errorf("%s is no secret", v.Name)
			}
			out[v.Name] = v.Text
		}
		return out
	}
	if v := values(""); v["A"] != "local" || v["B"] != "local-b" || v["C"] != "${A}" || v["D"] != "fallback" || v["E"] != "$A" {
		t.Errorf("got %q", v)
	}
	if v := values("prod"); v["A"] != "prod" {
		t.Errorf("got %q", v)
	}
	t.Setenv("CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV", "false")
	vars := mustLoad(t, Options{Dir: dir}).Workers[0].Vars
	if len(vars) != 1 || vars[0].Text != "vars" {
		t.Errorf("switched off, got %v", vars)
	}
}

func TestRequiredSecrets(t *testing.T) {
	dir := write(t, "wrangler.toml", minimal+"secrets = { required = [\"HAVE\", \"LACK\", \"PROCESS\"] }\n", ".env", "HAVE=1\nOTHER=2\n")
	t.Setenv("PROCESS", "3")
	p := mustLoad(t, Options{Dir: dir})
	var got []string
	for _, v := range p.Workers[0].Vars {
		got = append(got, v.Name+v.Text)
	}
	if strings.Join(got, " ") != "HAVE1 PROCESS3" {
		t.Errorf("got %q", got)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "no value for LACK; add it to .dev.vars") {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

func TestKVSettings(t *testing.T) {
	dir := write(t, "wrangler.toml", minimal, "flint.toml", `
[kv]
driver = "unix:///run/redis.sock?db=2"
consistency = "eventual"
[[kv.namespaces]]
id = "SESSIONS"
write_limit = true
[[kv.namespaces]]
id = "0123"
consistency = "immediate"
`)
	s := mustLoad(t, Options{Dir: dir}).Settings
	want := []KVNamespaceRule{{"SESSIONS", KVRules{Eventual, true}}, {"0123", KVRules{Immediate, false}}}
	if s.KVDriver != "unix:///run/redis.sock?db=2" || s.KV != (KVRules{Eventual, false}) || !slices.Equal(s.KVByID, want) {
		t.Errorf("got %q, %+v, %+v", s.KVDriver, s.KV, s.KVByID)
	}
	t.Setenv("FLINT_KV_CONSISTENCY", "immediate")
	t.Setenv("FLINT_KV_WRITE_LIMIT", "true")
	t.Setenv("FLINT_KV_DRIVER", "rediss://u:p@h")
	if s = mustLoad(t, Options{Dir: dir}).Settings; s.KV != (KVRules{"", true}) || s.KVDriver != "rediss://u:p@h" || s.KVByID[1].Consistency != Immediate || !s.KVByID[1].WriteLimit {
		t.Errorf("with variables: %q, %+v, %+v", s.KVDriver, s.KV, s.KVByID)
	}
}

func TestKVSettingsErrors(t *testing.T) {
	dir := write(t, "wrangler.toml", minimal, "flint.toml", `
[kv]
consistency = "strong"
write_limit = "yes"
[[kv.namespaces]]
consistency = "eventual"
[[kv.namespaces]]
id = "a"
ttl = 1
`)
	_, err := Load(Options{Dir: dir})
	for _, want := range []string{
		`kv.consistency: found the string "strong", want`, "kv.write_limit: found", "kv.namespaces[0]", "kv.namespaces[1].ttl: unknown key",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("missing %s in:\n%v", want, err)
		}
	}
	for _, driver := range []string{"redis://", "unix://", "redis:///0", "unix:relative"} {
		t.Setenv("FLINT_KV_DRIVER", driver)
		if _, err := Load(Options{Dir: write(t, "wrangler.toml", minimal)}); err == nil || !strings.Contains(err.Error(), `want "memory" or a URL redis://…`) {
			t.Errorf("%s: %v", driver, err)
		}
	}
}

func TestSettingsOfServicesErrors(t *testing.T) {
	for toml, message := range map[string]string{
		"[outbound]\nallow = [\"a.*.com\"]":                                `flint.toml:2:1: outbound.allow: found "a.*.com", want a host`,
		"[outbound]\nrecord = [\"a b\"]":                                   `flint.toml:2:1: outbound.record: found "a b", want a host`,
		"[r2.domains]\n\"me dia\" = \"media\"":                             `flint.toml:2:1: r2.domains.me dia: is not the name of a host`,
		"[[r2.notifications]]\nbucket = \"b\"\nqueue = \"q\"\nevents = []": `flint.toml:4:1: r2.notifications.events: is empty`,
	} {
		_, err := Load(Options{Dir: write(t, "wrangler.toml", minimal, "flint.toml", toml+"\n")})
		if err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", toml, err)
		}
	}
	p := mustLoad(t, Options{Dir: write(t, "wrangler.toml", minimal, "flint.toml",
		"[outbound]\nallow = [\"https://*.a.com/x\", \"*\", \"b:1\", \"[::1]:2\"]\n[[kv.namespaces]]\nid = \"NOPE\"\n[[kv.namespaces]]\nid = \"0123456789abcdef0123456789abcdef\"\n")})
	if len(p.Settings.Outbound.Allow) != 4 {
		t.Errorf("allow: %q", p.Settings.Outbound.Allow)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], `flint.toml:3:6: kv.namespaces: no Worker has a KV namespace with the binding or id "NOPE"`) {
		t.Errorf("warnings: %q", p.Warnings)
	}
}

func TestAISettings(t *testing.T) {
	dir := write(t, "wrangler.toml", minimal, "flint.toml",
		"[ai]\nstrict = true\nseed = 7\ntime_to_first_token = \"250ms\"\ntokens_per_second = 40\nbackend = \"http://127.0.0.1:11434/v1\"\nbackend_model = \"llama3.2\"\nrecord = true\nrecordings = \"ai/recorded\"\n")
	t.Setenv("FLINT_AI_BACKEND_KEY", "k")
	t.Setenv("FLINT_AI_TOKENS_PER_SECOND", "0")
	got := mustLoad(t, Options{Dir: dir}).Settings.AI
	want := AIRules{
		Strict: true, Seed: 7, TimeToFirstToken: 250 * time.Millisecond, Backend: "http://127.0.0.1:11434/v1", BackendKey: "k",
		BackendModel: "llama3.2", Record: true, Recordings: filepath.Join(dir, "ai", "recorded"),
	}
	if got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	for toml, message := range map[string]string{
		"time_to_first_token = \"soon\"": "want a time such as 250ms", "backend = \"localhost:1\"": "want an address such as", "seed = -1": "whole number",
		"backend = \"http://u:secret@h/v1\"": "without a user or key", "record = true": "no backend", "recording = true": "unknown key",
	} {
		dir := write(t, "wrangler.toml", minimal, "flint.toml", "[ai]\n"+toml+"\n")
		_, err := Load(Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), "flint.toml:2") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", toml, err)
		}
	}
}
