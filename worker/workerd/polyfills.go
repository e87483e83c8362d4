package workerd

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"os"
	"path/filepath"
)

//go:embed npm/polyfills/package.json
var polyfillsJSON []byte

//go:embed npm/polyfills/package-lock.json
var polyfillsLock []byte

// polyfills is the set of npm packages with polyfills of Node's modules, in a
// folder of the cache that is named after the versions in its lockfile.
func polyfills(cache string) *packages {
	if cache == "" {
		cache = CacheDir()
	}
	hash := sha256.Sum256(polyfillsLock)
	p := &packages{
		name: "the polyfills of Node's modules (unenv)", manifest: polyfillsJSON, lock: polyfillsLock,
		dir: filepath.Join(cache, "polyfills-"+hex.EncodeToString(hash[:6])),
	}
	p.complete = func() bool {
		for _, name := range []string{"unenv", "@cloudflare/unenv-preset", "pathe"} {
			if _, err := os.Stat(filepath.Join(p.dir, "node_modules", filepath.FromSlash(name), "package.json")); err != nil {
				return false
			}
		}
		return true
	}
	return p
}

// FindPolyfills gives the folder whose node_modules has the pinned polyfills of
// Node's modules, "" if they are not installed. cache "" is CacheDir().
func FindPolyfills(cache string) string {
	if p := polyfills(cache); p.complete() {
		return p.dir
	}
	return ""
}

// InstallPolyfills installs the pinned polyfills into the cache by npm, 2 MB.
func InstallPolyfills(ctx context.Context, cache string) error {
	return polyfills(cache).install(ctx, nil)
}
