package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// each are the items of a list, with their key paths.
func (s setting) each() []setting {
	var out []setting
	for i, item := range s.list() {
		out = append(out, setting{item, fmt.Sprintf("%s[%d]", s.key, i)})
	}
	return out
}

// workerReader fills one Worker from a checked view.
type workerReader struct {
	*view
	w     *Worker
	taken map[string]declaration // binding name -> where it was first used
	today string
	files []string // secrets that were read
}

// declaration is where a binding was declared.
type declaration struct {
	file string
	pos  position
	key  string
}

func (p declaration) String() string {
	return Problem{p.file, p.pos.line, p.pos.col, "", p.key}.String()
}

func (r *workerReader) read() {
	r.readIdentity()
	r.readRoutes()
	r.readVars()
	r.readKV()
	r.readD1()
	r.readR2()
	r.readQueues()
	r.readDurableObjects()
	r.readServices()
	r.readAI()
	r.readUnserved()
	r.readAssets()
	r.w.Crons = r.get("triggers").at("crons").strs()
	r.readBuild()
	r.warnRemote()
	r.warnUnserved()
}

var workerName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]*$`)

func (r *workerReader) readIdentity() {
	r.readName()
	if main := r.get("main"); main.str() != "" {
		r.w.Main = r.path(main.str())
	}
	r.w.CompatibilityFlags = r.get("compatibility_flags").strs()
	date := r.get("compatibility_date")
	switch {
	case date.node == nil:
		r.w.CompatibilityDate = r.today
		r.report.warnf(position{}, "", "compatibility_date is missing, so today's is used; write compatibility_date = %q", r.today)
	case !isDate(date.text):
		r.report.errorf(date.pos, date.key, "found %s, want a date as YYYY-MM-DD", date.found())
	default:
		r.w.CompatibilityDate = date.text
	}
}

// readName adds the environment's name unless the environment sets its own.
func (r *workerReader) readName() {
	name := r.get("name")
	r.w.Name = or(name.str(), nameOf(r.w.Dir))
	if r.env != "" && !r.written("name") {
		r.w.Name += "-" + r.env
	}
	if name.node != nil && !workerName.MatchString(name.text) {
		r.report.errorf(name.pos, name.key, "found %s, want lower-case letters, digits, - and _ only", name.found())
	}
}

// nameOf makes a Worker's name of its folder's.
func nameOf(dir string) string {
	name := strings.Trim(strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return '-'
	}, filepath.Base(dir)), "-")
	if name == "" {
		return "worker"
	}
	return name
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

// path is relative to the Wrangler file.
func (r *workerReader) path(p string) string { return absolute(r.w.Dir, p) }

func absolute(dir, p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(dir, p)
}

// readRoutes takes `routes`, else `route`. What the environment writes itself
// goes before what it inherits.
func (r *workerReader) readRoutes() {
	many, one := r.get("routes"), r.get("route")
	switch {
	case r.written("route") == r.written("routes") && many.node != nil && one.node != nil:
		r.report.errorf(one.pos, one.key, `stands beside "routes"; keep one of them`)
	case many.node != nil && !(r.written("route") && !r.written("routes")):
		for _, s := range many.each() {
			r.readRoute(s)
		}
	case one.node != nil && !(one.kind == kindText && one.text == ""): // Wrangler 1 wrote route = ""
		r.readRoute(one)
	}
}

func (r *workerReader) readRoute(s setting) {
	route := Route{Pattern: s.str()}
	if s.kind == kindTable {
		zone := s.get("zone_name").str()
		if zone == "" {
			zone = s.get("zone_id").str()
		}
		route = Route{s.get("pattern").str(), zone, s.get("custom_domain").boolean()}
	}
	if route.Pattern == "" {
		r.report.errorf(s.pos, s.key, "the pattern is empty; want a host and path such as api.example.com/*")
		return
	}
	r.w.Routes = append(r.w.Routes, route)
}

func (r *workerReader) readAssets() {
	s := r.get("assets")
	if s.node == nil {
		return
	}
	a := &Assets{
		Directory:    s.get("directory").str(),
		Binding:      s.get("binding").str(),
		HTMLHandling: or(s.get("html_handling").str(), "auto-trailing-slash"),
		NotFound:     or(s.get("not_found_handling").str(), "none"),
		WorkerFirst:  s.get("run_worker_first").boolean(),
	}
	a.WorkerFirstFor = s.get("run_worker_first").strs()
	if a.Directory == "" {
		r.report.errorf(s.pos, s.key, `"directory" is missing: the folder with the static files`)
		return
	}
	a.Directory = r.path(a.Directory)
	if b := s.at("binding"); b.node != nil {
		r.bind(b)
	}
	if r.w.Main == "" {
		r.assetsOnly(s, a)
	}
	r.w.Assets = a
}

// assetsOnly refuses what makes no sense without a script.
func (r *workerReader) assetsOnly(s setting, a *Assets) {
	if b := s.at("binding"); a.Binding != "" {
		r.report.errorf(b.pos, b.key, `a Worker of assets only has no code that could use a binding; set "main" or remove it`)
	}
	if f := s.at("run_worker_first"); a.WorkerFirst || len(a.WorkerFirstFor) > 0 {
		r.report.errorf(f.pos, f.key, `there is no Worker to run first; set "main" or remove it`)
	}
}

// or is value unless it is empty.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

func (r *workerReader) readBuild() {
	keep := r.get("keep_names")
	b := Build{
		Define:      stringMap(r.get("define")),
		Alias:       stringMap(r.get("alias")),
		NoBundle:    r.get("no_bundle").boolean(),
		Minify:      r.get("minify").boolean(),
		DropNames:   keep.node != nil && !keep.boolValue,
		JSXFactory:  r.get("jsx_factory").str(),
		JSXFragment: r.get("jsx_fragment").str(),
		FindModules: optionalBool(r.get("find_additional_modules").node),
		Command:     r.get("build").get("command").str(),
	}
	if s := r.get("tsconfig").str(); s != "" {
		b.TSConfig = r.path(s)
	}
	if s := r.get("base_dir").str(); s != "" {
		b.BaseDir = r.path(s)
	}
	for _, s := range r.get("rules").each() {
		b.Rules = append(b.Rules, Rule{s.get("type").str(), s.get("globs").strs(), optionalBool(s.get("fallthrough"))})
		if t := s.at("type"); strings.HasPrefix(t.str(), "Python") {
			r.report.errorf(t.pos, t.key, "flint does not serve Python Workers yet")
		}
	}
	if b.Command != "" {
		b.Cwd = r.path(r.get("build").get("cwd").str())
		b.WatchDirs = r.watchDirs()
	}
	r.w.Build = b
}

func (r *workerReader) watchDirs() []string {
	dirs := r.get("build").get("watch_dir")
	var out []string
	for _, d := range append(dirs.strs(), dirs.str()) {
		if d != "" {
			out = append(out, r.path(d))
		}
	}
	if out == nil {
		out = []string{r.path("src")}
	}
	return out
}

func optionalBool(n *node) *bool {
	if n == nil {
		return nil
	}
	return &n.boolValue
}

func stringMap(s setting) map[string]string {
	if s.empty() {
		return nil
	}
	out := make(map[string]string, len(s.keys))
	for _, f := range s.keys {
		out[f.name] = f.value.str()
	}
	return out
}
