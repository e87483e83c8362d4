package main

import (
	"bytes"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"flint/cmd/flint/ai"
	"flint/internal/testkit"
)

// The AI commands do the same with flint running and without.
func TestAICommands(t *testing.T) {
	t.Parallel()
	stoppedAndRunning(t, map[string]string{
		"flint.toml": "[ai]\nscripts = [\"ai\"]\n",
		"ai/a.yaml":  "answers:\n  - name: hello\n    match: {prompt: hello flint}\n    text: hello you\n  - name: never\n    match: {prompt: unheard of, call: 2}\n    json: {a: 1}\n",
	}, func(t *testing.T, dir string, running bool) {
		aiRun(t, dir)
		aiScripts(t, dir, running)
	})
}

const llama = "@cf/meta/llama-3.1-8b-instruct"

func aiRun(t *testing.T, dir string) {
	wantOut(t, dir, "hello you\n", "ai", "run", llama, "--prompt", "Hello flint!")
	wantOut(t, dir, "hello you\n", "ai", "run", llama, "--prompt", "hello flint", "--stream")
	wantOut(t, dir, "hello you\n", "ai", "run", "@cf/openai/gpt-oss-20b", "--prompt", "hello flint", "--stream", "--system", "Be kind")
	var whole struct{ Response string }
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "ai", "run", llama, "--prompt", "hello flint", "--json")), &whole); err != nil || whole.Response != "hello you" {
		t.Errorf("--json: %+v %v", whole, err)
	}
	testkit.WriteFile(t, filepath.Join(dir, "in.json"), `{"text":"Hi","target_lang":"fr"}`)
	wantOut(t, dir, "[en→fr] Hi\n", "ai", "run", "@cf/meta/m2m100-1.2b", "--input", "in.json")
	for _, model := range []string{"@cf/stabilityai/stable-diffusion-xl-base-1.0", "@cf/black-forest-labs/flux-1-schnell", "@cf/deepgram/aura-1"} {
		mustFlint(t, dir, "ai", "run", model, "--prompt", "a card", "--output", "out.bin")
		data, err := os.ReadFile(filepath.Join(dir, "out.bin"))
		if err != nil || len(data) < 1000 || data[0] != '\x89' && data[0] != '\xff' && data[0] != 'I' {
			t.Errorf("%s wrote %.10q %v", model, data, err)
		}
		if _, err := png.Decode(bytes.NewReader(data)); data[0] == '\x89' && err != nil {
			t.Error(err)
		}
	}
	for want, args := range map[string][]string{
		"name a file for it with --output": {"ai", "run", "@cf/stabilityai/stable-diffusion-xl-base-1.0", "--prompt", "x"},
		"needs --prompt or --input":        {"ai", "run", llama},
		"did you mean " + llama:            {"ai", "run", llama[:len(llama)-1], "--prompt", "x"},
		"no such file":                     {"ai", "run", llama, "--input", "absent.json"},
	} {
		if o := flint(t, dir, args...); o.code == 0 || !strings.Contains(o.err, want) {
			t.Errorf("%v: exit %d %s", args, o.code, o.err)
		}
	}
	if out := mustFlint(t, dir, "ai", "models", "--task", "Object Detection"); !strings.Contains(out, "@cf/facebook/detr-resnet-50") || strings.Contains(out, "llama") {
		t.Errorf("models: %s", out)
	}
	var models []struct{ Name string }
	if err := json.Unmarshal([]byte(mustFlint(t, dir, "ai", "models", "--search", "whisper", "--json")), &models); err != nil || len(models) != 3 {
		t.Errorf("%+v %v", models, err)
	}
}

func aiScripts(t *testing.T, dir string, running bool) {
	if out := mustFlint(t, dir, "ai", "scripts", "list"); !strings.Contains(out, "a.yaml:hello") || !strings.Contains(out, `the prompt "unheard of", call 2`) {
		t.Errorf("list: %s", out)
	}
	if out := mustFlint(t, dir, "ai", "scripts", "test", "hello flint"); !strings.HasPrefix(out, "a.yaml:hello answers (") || !strings.HasSuffix(out, "a.yaml:2)\n") {
		t.Errorf("test: %s", out)
	}
	if o := flint(t, dir, "ai", "scripts", "test", "good evening"); o.code != 1 || !strings.Contains(o.err, "no script answers; the nearest is a.yaml:hello") {
		t.Errorf("test: %d %s", o.code, o.err)
	}
	o := flint(t, dir, "ai", "scripts", "unused", "--json")
	var unused []ai.Script
	if err := json.Unmarshal([]byte(o.out), &unused); err != nil || o.code != 1 {
		t.Fatalf("unused: %d %v %s", o.code, err, o.out)
	}
	// Without a running flint nothing has been asked since the files were read.
	if want := map[bool]int{true: 1, false: 2}[running]; len(unused) != want {
		t.Errorf("unused: %+v", unused)
	}
}
