package workerd

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

//go:embed npm/workerd/package.json
var packageJSON []byte

//go:embed npm/workerd/package-lock.json
var packageLock []byte

// Binary is a workerd that can be run.
type Binary struct {
	Path    string // absolute
	Version string // 1.YYYYMMDD.N
	Source  string // FLINT_WORKERD, node_modules or cache
	Skipped string // says which one came first, but is too old for flint; "" if none
}

// OldestDate (YYYY-MM-DD) is the day of the oldest workerd that flint runs, and
// the compatibility date of its own Workers.
const OldestDate = "2026-01-01"

// CompatibilityDate is the newest compatibility date that the binary knows
// (YYYY-MM-DD): the day in its version.
func (b Binary) CompatibilityDate() string {
	m := versionPattern.FindStringSubmatch(b.Version)
	if m == nil {
		return ""
	}
	return m[1] + "-" + m[2] + "-" + m[3]
}

var versionPattern = regexp.MustCompile(`^1\.(\d{4})(\d{2})(\d{2})\.\d+$`)

// ErrNotFound says that no workerd is on this machine.
var ErrNotFound = errors.New("workerd, the runtime that executes Workers, is not installed: run `flint doctor --install` (needs npm), or point FLINT_WORKERD at a binary")

// FindOptions say where to look.
type FindOptions struct {
	Dirs     []string // project folders: their node_modules, and those above them, are searched
	CacheDir string   // flint's own cache; default CacheDir()
}

// tooOld says that flint cannot run the binary, "" if it can.
func (b Binary) tooOld() string {
	if day := b.CompatibilityDate(); day == "" || day >= OldestDate {
		return ""
	}
	return fmt.Sprintf("workerd %s (%s) is too old: flint needs one of %s or later", b.Version, b.Path, OldestDate)
}

// Find looks in FLINT_WORKERD, the project's node_modules and flint's cache,
// in this order, and passes over those older than OldestDate. It never connects
// anywhere. The error is ErrNotFound when there is none, or says what is wrong
// with FLINT_WORKERD.
func Find(ctx context.Context, opt FindOptions) (Binary, error) {
	if path := os.Getenv("FLINT_WORKERD"); path != "" {
		return fromEnv(ctx, path)
	}
	skipped := ""
	for _, dir := range opt.Dirs {
		for ; ; dir = filepath.Dir(dir) {
			b, ok := inModules(filepath.Join(dir, "node_modules"), "node_modules")
			if old := b.tooOld(); old != "" {
				skipped = cmp.Or(skipped, old)
			} else if ok {
				return b, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	if opt.CacheDir == "" {
		opt.CacheDir = CacheDir()
	}
	if b, ok := inModules(filepath.Join(installDir(opt.CacheDir), "node_modules"), "cache"); ok {
		b.Skipped = skipped
		return b, nil
	}
	if skipped != "" {
		return Binary{}, fmt.Errorf("%s, and there is no other: %w", skipped, ErrNotFound)
	}
	return Binary{}, ErrNotFound
}

// CacheDir is where flint keeps the workerd that it installed.
func CacheDir() string {
	if dir := os.Getenv("FLINT_CACHE"); dir != "" {
		return dir
	}
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	return filepath.Join(base, "flint")
}

// PinnedVersion is the version that Install installs.
func PinnedVersion() string {
	for _, version := range pinned() {
		return version // all platforms have the same
	}
	return ""
}

// pinned are the platform packages whose hashes the lockfile holds.
func pinned() map[string]string {
	var p struct{ OptionalDependencies map[string]string }
	if json.Unmarshal(packageJSON, &p) != nil {
		return nil
	}
	return p.OptionalDependencies
}

func installDir(cache string) string {
	return filepath.Join(cache, "workerd-"+PinnedVersion())
}

func fromEnv(ctx context.Context, path string) (Binary, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Binary{}, err
	}
	out, err := exec.CommandContext(ctx, abs, "--version").Output()
	if err != nil {
		return Binary{}, fmt.Errorf("FLINT_WORKERD=%s does not run: %w; unset it or point it at a workerd binary", path, err)
	}
	b := Binary{Path: abs, Version: versionOf(string(out)), Source: "FLINT_WORKERD"}
	if old := b.tooOld(); old != "" {
		return Binary{}, fmt.Errorf("FLINT_WORKERD: %s; unset it or point it at another", old)
	}
	return b, nil
}

// versionOf turns `workerd 2026-11-17` into the npm form.
func versionOf(out string) string {
	fields := strings.Fields(out)
	if len(fields) < 2 {
		return ""
	}
	day := strings.ReplaceAll(fields[1], "-", "")
	return "1." + day + ".0"
}

// platformPackage is the npm package that holds this machine's binary.
func platformPackage() string {
	arch := map[string]string{"amd64": "64", "arm64": "arm64"}[runtime.GOARCH]
	return "@cloudflare/workerd-" + runtime.GOOS + "-" + arch
}

func inModules(modules, source string) (Binary, bool) {
	dir := filepath.Join(modules, filepath.FromSlash(platformPackage()))
	data, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return Binary{}, false
	}
	var p struct{ Version string }
	path := filepath.Join(dir, "bin", "workerd")
	if _, err := os.Stat(path); err != nil || json.Unmarshal(data, &p) != nil {
		return Binary{}, false
	}
	return Binary{Path: path, Version: p.Version, Source: source}, true
}
