package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
)

// The sides, in the order of the tables.
const (
	flintSide       = "flint"
	miniflareSide   = "miniflare"
	wranglerSide    = "wrangler"
	frontSide       = "front" // limit: flint's front and workerd with do-nothing bindings
	workerdSide     = "bare"  // limit: workerd alone with do-nothing bindings
	twoIsolatesSide = "pair"  // flint with two isolates
)

var (
	products   = []string{flintSide, miniflareSide, wranglerSide}
	limitSides = []string{frontSide, workerdSide}
)

// side is a product or a limit, which runs the Workers.
type side struct {
	name    string
	dir     string
	running map[string]*process // by project
	start   func(ctx context.Context, project string) (*process, error)
}

// isProduct reports whether the side is flint or a peer as users run it.
func (s *side) isProduct() bool { return slices.Contains(products, s.name) }

// isLimit reports whether the side's bindings do nothing.
func (s *side) isLimit() bool { return slices.Contains(limitSides, s.name) }

// measures reports whether an operation is measured on the side. first means the main
// connection count.
func (s *side) measures(op operation, first bool) bool {
	switch {
	case s.name == twoIsolatesSide:
		return first && (op.name == "plain" || op.binding)
	case s.isLimit():
		return op.name == "plain" || first && op.binding
	}
	return true
}

// findSides prepares the sides that the flags name.
func (b *bench) findSides() ([]*side, error) {
	start := map[string]func(*side) func(context.Context, string) (*process, error){
		flintSide: b.flintStart, miniflareSide: b.miniflareStart, wranglerSide: b.wranglerStart,
		frontSide: b.frontStart, workerdSide: b.bareStart, twoIsolatesSide: b.pairStart,
	}
	chosen := slices.Clone(b.peers)
	if b.limits {
		chosen = append(chosen, frontSide, workerdSide, twoIsolatesSide)
	}
	var out []*side
	for _, name := range slices.Concat(products, limitSides, []string{twoIsolatesSide}) {
		if !slices.Contains(chosen, name) {
			continue
		}
		s := &side{name: name, dir: filepath.Join(b.dir, name), running: map[string]*process{}}
		if err := os.CopyFS(s.project("."), os.DirFS(filepath.Join(b.root, "fixtures", "bench"))); err != nil {
			return nil, err
		}
		s.start = start[name](s)
		out = append(out, s)
	}
	return out, nil
}

// project is the folder of the side's copy of a project, which reloads edit.
func (s *side) project(name string) string { return filepath.Join(s.dir, "bench", name) }

// state is the folder of the data that a project stores.
func (s *side) state(project string) string {
	return filepath.Join(s.dir, "state-"+filepath.Base(project))
}

// startAll starts a project on all sides. Projects with assets run on products only.
func (b *bench) startAll(ctx context.Context, project string) error {
	for _, s := range b.sides {
		if !s.isProduct() && project != workerProject || s.running[project] != nil {
			continue
		}
		p, err := s.start(ctx, project)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		s.running[project] = p
	}
	return nil
}

func (b *bench) stopProject(project string) {
	for _, s := range b.sides {
		if p := s.running[project]; p != nil {
			p.stop()
			delete(s.running, project)
		}
	}
}

func (b *bench) stopAll() {
	for _, s := range b.sides {
		for project := range s.running {
			b.stopProject(project)
		}
	}
}

func (b *bench) flintStart(s *side) func(context.Context, string) (*process, error) {
	return func(ctx context.Context, project string) (*process, error) {
		return b.startFlint(ctx, s.project(project), s.state(project))
	}
}

func (b *bench) pairStart(s *side) func(context.Context, string) (*process, error) {
	return func(ctx context.Context, project string) (*process, error) {
		return b.startFlint(ctx, s.project(project), s.state(project), "--isolates", "2")
	}
}

// startFlint runs flint as a user does.
func (b *bench) startFlint(ctx context.Context, dir, state string, more ...string) (*process, error) {
	args := []string{"dev", dir, "--state", state, "--port", "0", "--control-port", "0", "--s3-port", "0", "--log-format", "json"}
	return launch(ctx, exec.Command(b.binary(), append(args, more...)...), flintReady)
}

func (b *bench) binary() string {
	if path, err := filepath.Abs(b.flint); err == nil {
		return path
	}
	return b.flint
}

func flintReady(line string) (url, control string) {
	var event struct{ Event, URL, Control string }
	if json.Unmarshal([]byte(line), &event) != nil || event.Event != "ready" {
		return "", ""
	}
	return event.URL, event.Control
}

func (b *bench) miniflareStart(s *side) func(context.Context, string) (*process, error) {
	return func(ctx context.Context, project string) (*process, error) {
		script := filepath.Join(b.absolute("bench"), "peer", "miniflare.mjs")
		return launch(ctx, b.node(s, script, b.peerDir(), s.project(project), s.state(project)), func(line string) (string, string) {
			var ready struct{ URL string }
			_ = json.Unmarshal([]byte(line), &ready) // other output has no URL
			return ready.URL, ""
		})
	}
}

var wranglerReady = regexp.MustCompile(`Ready on (http://[^\s]+)`)

func (b *bench) wranglerStart(s *side) func(context.Context, string) (*process, error) {
	return func(ctx context.Context, project string) (*process, error) {
		cmd := b.node(s, filepath.Join(b.peerDir(), "node_modules", "wrangler", "bin", "wrangler.js"), "dev",
			"--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0", "--persist-to", s.state(project), "--show-interactive-dev-session=false")
		cmd.Dir = s.project(project)
		return launch(ctx, cmd, func(line string) (string, string) {
			if m := wranglerReady.FindStringSubmatch(line); m != nil {
				return m[1], ""
			}
			return "", ""
		})
	}
}

func (b *bench) absolute(elements ...string) string {
	path, err := filepath.Abs(filepath.Join(append([]string{b.root}, elements...)...))
	if err != nil {
		return filepath.Join(elements...)
	}
	return path
}

func (b *bench) peerDir() string { return b.absolute("conformance", "peer") }

// node prepares a Node.js process of the pinned peer that connects nowhere and
// reads no setting of the user.
func (b *bench) node(s *side, args ...string) *exec.Cmd {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	bin := filepath.Join(b.peerDir(), "node_modules", "node-linux-"+arch, "bin")
	cmd := exec.Command(filepath.Join(bin, "node"), args...)
	cmd.Env = []string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + os.TempDir(),
		"CI=true", "NO_COLOR=1", "NO_UPDATE_NOTIFIER=1", "DO_NOT_TRACK=1", "WRANGLER_SEND_METRICS=false", "WRANGLER_SEND_ERROR_REPORTS=false",
		"WRANGLER_HIDE_BANNER=true", "CLOUDFLARE_CF_FETCH_ENABLED=false", "X_LOCAL_EXPLORER=false", "X_LOCAL_OBSERVABILITY=false",
		"WRANGLER_REGISTRY_PATH=" + filepath.Join(s.dir, "registry"), "WRANGLER_LOG_PATH=" + filepath.Join(s.dir, "logs"),
	}
	return cmd
}
