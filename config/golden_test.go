package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// Every folder of testdata/golden is a project; `env` in it is the --env name.
// want.txt is the printed project or the error.
func TestGolden(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(cases) < 10 {
		t.Fatalf("cases: %v, %v", cases, err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			env, _ := os.ReadFile(filepath.Join(dir, "env"))
			got := printed(t, Options{Dir: dir, Env: strings.TrimSpace(string(env)), Today: "2025-06-07"})
			file := filepath.Join(dir, "want.txt")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			for _, secret := range []string{"hidden-", "hunter2", "s3cr3t"} {
				if bytes.Contains(got, []byte(secret)) {
					t.Errorf("a secret is printed: %s", secret)
				}
			}
		})
	}
}

func printed(t *testing.T, opt Options) []byte {
	t.Helper()
	p, err := Load(opt)
	if err != nil {
		return []byte(err.Error() + "\n")
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p.Redacted()); err != nil {
		t.Fatal(err)
	}
	root, _ := filepath.Abs(opt.Dir)
	return bytes.ReplaceAll(buf.Bytes(), []byte(root), []byte("ROOT"))
}
