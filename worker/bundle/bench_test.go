package bundle

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"flint/internal/testkit"
)

// medium is a Worker of 200 files with some 6,000 lines.
func medium(b *testing.B) Options {
	b.Helper()
	var entry strings.Builder
	pairs := []string{"src/index.ts", ""}
	for i := range 200 {
		fmt.Fprintf(&entry, "import { f%d } from './m%d'\n", i, i)
		body := fmt.Sprintf("export function f%d(n: number): number {\n%s  return n\n}\n", i, strings.Repeat("  if (n % 2 === 0) { n = n / 2 } else { n = 3 * n + 1 }\n", 30))
		pairs = append(pairs, fmt.Sprintf("src/m%d.ts", i), body)
	}
	entry.WriteString("export default { fetch() { return new Response(String(f0(1)")
	for i := range 199 {
		fmt.Fprintf(&entry, " + f%d(1)", i+1)
	}
	entry.WriteString(")) } }\n")
	pairs[1] = entry.String()
	return Options{Worker: project(b, pairs...)}
}

func BenchmarkBuild(b *testing.B) {
	opt := medium(b)
	for b.Loop() {
		if _, err := Build(context.Background(), opt); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRebuild(b *testing.B) {
	opt := medium(b)
	s, err := NewSession(opt)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := 0; b.Loop(); i++ {
		testkit.WriteFile(b, filepath.Join(opt.Worker.Dir, "src/m7.ts"), fmt.Sprintf("export const f7 = (n: number) => n + %d\n", i))
		if _, err := s.Rebuild(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewMapper(b *testing.B) {
	r, err := Build(context.Background(), medium(b))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(r.SourceMap)))
	for b.Loop() {
		if _, err := NewMapper(r.SourceMap); err != nil {
			b.Fatal(err)
		}
	}
}
