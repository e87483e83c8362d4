package workerd

import (
	"context"
	"errors"
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
	npm, err := exec.LookPath("npm")
	if err != nil {
		return Binary{}, errors.New("npm is not installed: workerd comes as an npm package; install Node.js with npm, or point FLINT_WORKERD at a workerd binary")
	}
	if cache == "" {
		cache = CacheDir()
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return Binary{}, err
	}
	tmp, err := os.MkdirTemp(cache, "install-")
	if err != nil {
		return Binary{}, err
	}
	defer os.RemoveAll(tmp)
	if err := npmInstall(ctx, npm, tmp, progress); err != nil {
		return Binary{}, err
	}
	return moveInto(tmp, cache)
}

func npmInstall(ctx context.Context, npm, dir string, progress Progress) error {
	args := []string{"ci"}
	files := map[string][]byte{"package.json": packageJSON, "package-lock.json": packageLock}
	if _, ok := pinned()[platformPackage()]; !ok {
		// No hash is pinned for this platform: npm checks the one of its registry.
		args = []string{"install", "--save-exact", platformPackage() + "@" + PinnedVersion()}
		files = map[string][]byte{"package.json": []byte(`{"private":true}`)}
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
		return fmt.Errorf("npm could not install workerd %s: %w\n%s", PinnedVersion(), err, firstLines(string(out)))
	}
	return nil
}

// firstLines keeps what matters of npm's output.
func firstLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[:min(len(lines), 8)], "\n")
}

func moveInto(tmp, cache string) (Binary, error) {
	target := installDir(cache)
	if err := os.Rename(tmp, target); err != nil {
		if b, ok := inModules(filepath.Join(target, "node_modules"), "cache"); ok {
			return b, nil // somebody else was faster
		}
		// A broken older installation stands there: replace it.
		if err := os.RemoveAll(target); err != nil {
			return Binary{}, err
		}
		if err := os.Rename(tmp, target); err != nil {
			return Binary{}, err
		}
	}
	b, ok := inModules(filepath.Join(target, "node_modules"), "cache")
	if !ok {
		return Binary{}, fmt.Errorf("npm has no workerd for this platform (%s)", platformPackage())
	}
	return b, nil
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
