package workerd

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Progress is told, about five times a second, how many bytes an installation
// has put on the disk.
type Progress func(bytes int64)

// Install installs the pinned workerd into the cache with the npm client and
// the lockfile that holds its hash. Two installations at once do not disturb
// each other: each works in a folder of its own and the last step is a rename.
func Install(ctx context.Context, cache string, progress Progress) (Binary, error) {
	p := packages{name: "workerd " + PinnedVersion(), manifest: packageJSON, lock: packageLock}
	if _, ok := pinned()[platformPackage()]; !ok {
		// No hash is pinned for this platform: npm checks the one of its registry.
		p.manifest, p.lock, p.unpinned = []byte(`{"private":true}`), nil, platformPackage()+"@"+PinnedVersion()
	}
	if cache == "" {
		cache = CacheDir()
	}
	p.dir = installDir(cache)
	p.complete = func() bool { _, ok := inModules(filepath.Join(p.dir, "node_modules"), "cache"); return ok }
	if err := p.install(ctx, progress); err != nil {
		return Binary{}, err
	}
	b, ok := inModules(filepath.Join(p.dir, "node_modules"), "cache")
	if !ok {
		return Binary{}, fmt.Errorf("npm has no workerd for this platform (%s)", platformPackage())
	}
	return b, nil
}

// packages is a set of npm packages that is installed as a whole.
type packages struct {
	name           string // in messages
	dir            string // its folder in the cache
	manifest, lock []byte // package.json and package-lock.json
	unpinned       string // a package to install without a lockfile
	complete       func() bool
}

// install installs the set into a new folder and renames that to p.dir.
func (p *packages) install(ctx context.Context, progress Progress) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("npm is not installed: %s comes as an npm package; install Node.js with npm%s", p.name, p.withoutNPMHint())
	}
	cache := filepath.Dir(p.dir)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(cache, "install-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := p.runNPM(ctx, npm, tmp, progress); err != nil {
		return err
	}
	if err := os.Rename(tmp, p.dir); err == nil || p.complete() {
		return nil // by this installation, or by another that was faster
	}
	// A broken older installation stands there: replace it.
	if err := os.RemoveAll(p.dir); err != nil {
		return err
	}
	return os.Rename(tmp, p.dir)
}

// withoutNPMHint is how to do without npm.
func (p *packages) withoutNPMHint() string {
	if strings.HasPrefix(p.name, "workerd") {
		return ", or point FLINT_WORKERD at a workerd binary"
	}
	return ""
}

// runNPM installs the set into dir.
func (p *packages) runNPM(ctx context.Context, npm, dir string, progress Progress) error {
	args := []string{"ci"}
	files := map[string][]byte{"package.json": p.manifest, "package-lock.json": p.lock}
	if p.lock == nil {
		args = []string{"install", "--save-exact", p.unpinned}
		delete(files, "package-lock.json")
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	cmd := exec.CommandContext(ctx, npm, append(args, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")...)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	stop := watchSize(dir, progress)
	out, err := cmd.CombinedOutput()
	stop()
	if err != nil {
		return fmt.Errorf("npm could not install %s: %w\n%s", p.name, err, firstLines(string(out)))
	}
	return nil
}

// firstLines keeps what matters of npm's output.
func firstLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[:min(len(lines), 8)], "\n")
}

// watchSize reports the size of dir until the returned function is called.
func watchSize(dir string, progress Progress) (stop func()) {
	if progress == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			progress(sizeOf(dir))
			tick, release := context.WithTimeout(ctx, 200*time.Millisecond)
			<-tick.Done()
			release()
		}
	}()
	return func() { cancel(); <-done }
}

func sizeOf(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // npm moves folders while we look
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}
