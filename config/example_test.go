package config

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

var tomlBlock = regexp.MustCompile("(?s)```toml\n(.*?)```")

// TestConfigurationExample loads the files that docs/CONFIGURATION.md shows: a
// Wrangler file, then a flint.toml that lists its Worker.
func TestConfigurationExample(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/CONFIGURATION.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := tomlBlock.FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of TOML, want 2", len(blocks))
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"apps/api/wrangler.toml": blocks[0][1], "flint.toml": blocks[1][1],
		"apps/api/src/index.ts": nil, "apps/web/dist/index.html": nil, "ca.pem": nil,
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Load(Options{Dir: dir, Env: "staging"})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Workers) != 1 || p.Workers[0].Name != "api-staging" || len(p.Pages) != 1 {
		t.Errorf("Workers %v, Pages %v", p.Workers, p.Pages)
	}
}
