package config

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad feeds bytes to every syntax: whatever they are, the answer is a
// project that can be printed or an *Error.
func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/golden/*/wrangler.*")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, seed := range []string{
		"[[a]]\n[a.b]\n[[a.b.c]]\nx.y = [[1],[{z=2}]]\n", `{"name":"x","main":"m","env":{"e":{"queues":[1]}},"vars":null}`,
		"workers=[\"x\"]\n[r2.domains]\nA=\"b\"\n", "main=\"m\"\nassets=1979-05-27T07:32:00Z\nvars={a=inf}\n", "A='b'\nC=\"${A}", "env=1", `{"env":{"e":null}}`,
		"main=\"m\"\n[env]\ne=2\n", `{"migrations":[{"tag":"x","renamed_classes":[{}]}],"main":"m"}`,
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir() // one process runs its inputs one after the other
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, name := range []string{"wrangler.toml", "wrangler.jsonc", FlintFile} {
			paths := []string{filepath.Join(dir, name), filepath.Join(dir, ".dev.vars")}
			for _, path := range paths {
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for _, env := range []string{"", "e", "production"} {
				checkLoad(t, Options{Dir: dir, Env: env, Today: "2025-01-01"})
			}
			for _, path := range paths {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func checkLoad(t *testing.T, opt Options) {
	p, err := Load(opt)
	var known *Error
	if err != nil && !errors.As(err, &known) {
		t.Fatalf("%T: %v", err, err)
	}
	if err == nil {
		if _, err := json.Marshal(p.Redacted()); err != nil {
			t.Fatal(err)
		}
	}
}
