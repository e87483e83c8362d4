package nodejs

import "slices"

// Global is the value of a global variable: an export of a module.
type Global struct {
	Module string // an import path
	Export string // "default" or a name
}

// Environment is what stands for Node in a Worker.
type Environment struct {
	// Aliases are import paths that lead elsewhere, with and without "node:". A
	// module that leads to itself is workerd's own.
	Aliases map[string]string
	// Globals are set before the Worker's first line, by name.
	Globals map[string]Global
	// Polyfills are modules that are run before the Worker for what they do.
	Polyfills []string
}

// Native reports whether an import path is a module that workerd has itself.
func (e *Environment) Native(path string) bool { return e.Aliases[path] == path }

// settings are the date and flags that decide.
type settings struct {
	date  string
	flags []string
}

func (s *settings) has(flag string) bool { return slices.Contains(s.flags, flag) }

// on reports whether workerd has the modules of a feature.
func (s *settings) on(f feature) bool {
	if s.has("disable_" + f.flag) {
		return false
	}
	return s.has("enable_"+f.flag) || s.date >= f.date
}

// since decides for a flag whose opposite begins with "no_".
func (s *settings) since(date, flag string) bool {
	return (s.date >= date || s.has(flag)) && !s.has("no_"+flag)
}

// For gives the environment of a Worker that has nodejs_compat_v2, by its
// compatibility date (YYYY-MM-DD) and flags.
func For(date string, flags []string) *Environment {
	s := settings{date: date, flags: flags}
	e := &Environment{Aliases: map[string]string{}, Globals: map[string]Global{}}
	for _, m := range Builtins {
		e.alias(m, polyfill(m))
	}
	e.Aliases["node:sqlite"] = polyfill("sqlite")
	for name, path := range npmShims {
		e.Aliases[name] = path
	}
	e.native(native...)
	for _, f := range features {
		if s.on(f) {
			e.native(f.modules...)
		}
	}
	e.addHTTP(&s)
	e.addConsole(&s)
	e.addProcess(&s)
	e.addPerformance(&s)
	return e
}

// alias leads imports of a module of Node's, with and without prefix, to a path.
func (e *Environment) alias(module, path string) {
	e.Aliases[module], e.Aliases["node:"+module] = path, path
}

// native leaves modules to workerd.
func (e *Environment) native(modules ...string) {
	for _, m := range modules {
		e.Aliases[m], e.Aliases["node:"+m] = m, "node:"+m
	}
}

// mixed leads a module to the one that adds polyfills to workerd's own.
func (e *Environment) mixed(module string) string {
	path := "@cloudflare/unenv-preset/node/" + module
	e.alias(module, path)
	return path
}

// addHTTP: a server needs the client's modules, too.
func (e *Environment) addHTTP(s *settings) {
	if !s.on(httpClient) {
		return
	}
	e.native(httpClient.modules...)
	if s.on(httpServer) {
		e.native(httpServer.modules...)
	}
}

func (e *Environment) addConsole(s *settings) {
	if s.on(consoles) {
		e.native(consoles.modules...)
		return
	}
	e.Globals["console"] = Global{e.mixed("console"), "default"}
}

// addProcess: workerd's own process needs the two changes of fetch() and
// iterables that the later version of it relies on.
func (e *Environment) addProcess(s *settings) {
	iterables := s.since("2026-02-19", "fetch_iterable_type_support") &&
		s.since("2026-01-15", "fetch_iterable_type_support_override_adjustment")
	if iterables && s.on(processV2) {
		e.native(processV2.modules...)
		return
	}
	e.Globals["process"] = Global{e.mixed("process"), "default"}
}

func (e *Environment) addPerformance(s *settings) {
	if s.on(perfHooks) {
		e.native(perfHooks.modules...)
		return
	}
	e.Polyfills = append(e.Polyfills, "@cloudflare/unenv-preset/polyfill/performance")
}
