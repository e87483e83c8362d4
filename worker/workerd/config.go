package workerd

import (
	"fmt"
	"strings"
)

// Config is a workerd configuration. Text writes it in Cap'n Proto's text
// form, which a person can read (`flint config`).
//
// https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
type Config struct {
	Services   []Service
	Sockets    []Socket
	Extensions []Extension
}

// Extension is a module that wrapped bindings may be made of.
type Extension struct{ Name, File string }

// Service is something that a socket or a binding can point at. Exactly one of
// Worker, External and Disk is set.
type Service struct {
	Name     string
	Worker   *WorkerService
	External *External
	Disk     *Disk
}

// External is a server behind a unix socket.
type External struct {
	Address string            // unix:/path
	Headers map[string]string // at most one: injected into every request
	Proto   string            // header that carries http or https
	CfBlob  string            // header that carries request.cf as JSON
}

// Disk is a writable folder.
type Disk struct{ Path string }

// WorkerService is user code with its bindings.
type WorkerService struct {
	Modules            []Module
	CompatibilityDate  string
	CompatibilityFlags []string
	Bindings           []Binding
	GlobalOutbound     string
	CacheAPIOutbound   string
	Namespaces         []Namespace // its Durable Object classes
	ObjectStorage      string      // name of a Disk service
}

// Module is a file of the Worker, embedded by its path relative to the
// configuration file.
type Module struct {
	Name string
	Kind string // esModule, commonJsModule, text, data, wasm, json
	File string
}

// Namespace is a Durable Object class.
type Namespace struct {
	Class     string
	UniqueKey string // the identity of its storage
	SQL       bool
}

// Binding is one entry of env. Value is a complete union member, made by the
// functions below.
type Binding struct{ Name, Value string }

// Socket is a place where workerd listens.
type Socket struct {
	Name    string
	Address string // unix:/path
	Service Designator
	Proto   string
	CfBlob  string
}

// Designator names a service and, optionally, one of its entrypoints and the
// JSON that becomes its ctx.props.
type Designator struct{ Service, Entrypoint, Props string }

// Text is a text binding.
func Text(name, value string) Binding { return Binding{name, "text = " + quote(value)} }

// JSON is a binding whose value is parsed from JSON.
func JSON(name, value string) Binding { return Binding{name, "json = " + quote(value)} }

// KV is a KV namespace served by a service.
func KV(name, service string) Binding { return Binding{name, "kvNamespace = " + quote(service)} }

// R2 is an R2 bucket served by a service.
func R2(name, service string) Binding { return Binding{name, "r2Bucket = " + quote(service)} }

// Queue is a queue producer served by a service.
func Queue(name, service string) Binding { return Binding{name, "queue = " + quote(service)} }

// ServiceBinding is another service, or one entrypoint of it.
func ServiceBinding(name string, d Designator) Binding {
	return Binding{name, "service = " + d.text()}
}

// Wrapped is a binding made by a JavaScript module, workerd's own or an
// extension, from other bindings.
func Wrapped(name, module string, inner ...Binding) Binding {
	parts := make([]string, len(inner))
	for i, b := range inner {
		parts[i] = fmt.Sprintf("(name = %s, %s)", quote(b.Name), b.Value)
	}
	return Binding{name, fmt.Sprintf("wrapped = (moduleName = %s, innerBindings = [%s])", quote(module), strings.Join(parts, ", "))}
}

// DurableObject is a namespace of a class in this or another service.
func DurableObject(name, class, service string) Binding {
	if service == "" {
		return Binding{name, "durableObjectNamespace = " + quote(class)}
	}
	return Binding{name, fmt.Sprintf("durableObjectNamespace = (className = %s, serviceName = %s)", quote(class), quote(service))}
}

// heapFlags keep V8's heap small, in MB: V8 takes what it can get before it
// collects, and workerd gives little back. See docs/RATIONALE.md.
var heapFlags = []string{"--max-semi-space-size=8", "--initial-heap-size=16"}

// Text writes the configuration; the constant is named config.
func (c *Config) Text() string {
	w := &writer{}
	w.line("using Workerd = import \"/workerd/workerd.capnp\";")
	w.line("")
	w.line("const config :Workerd.Config = (")
	w.line("  structuredLogging = true,")
	w.line("  v8Flags = [%s, %s],", quote(heapFlags[0]), quote(heapFlags[1]))
	w.line("  services = [")
	for _, s := range c.Services {
		s.write(w)
	}
	w.line("  ],")
	w.line("  sockets = [")
	for _, s := range c.Sockets {
		w.line("    (name = %s, address = %s, http = (%s), service = %s),", quote(s.Name), quote(s.Address),
			httpOptions(s.Proto, s.CfBlob, nil), s.Service.text())
	}
	w.line("  ],")
	if len(c.Extensions) > 0 {
		w.line("  extensions = [(modules = [")
		for _, e := range c.Extensions {
			w.line("    (name = %s, internal = true, esModule = embed %s),", quote(e.Name), quote(e.File))
		}
		w.line("  ])],")
	}
	w.line(");")
	return w.String()
}

func (s Service) write(w *writer) {
	switch {
	case s.External != nil:
		w.line("    (name = %s, external = (address = %s, http = (%s))),", quote(s.Name), quote(s.External.Address),
			httpOptions(s.External.Proto, s.External.CfBlob, s.External.Headers))
	case s.Disk != nil:
		w.line("    (name = %s, disk = (path = %s, writable = true)),", quote(s.Name), quote(s.Disk.Path))
	case s.Worker != nil:
		w.line("    (name = %s, worker = (", quote(s.Name))
		s.Worker.write(w)
		w.line("    )),")
	}
}

func (s *WorkerService) write(w *writer) {
	w.line("      modules = [")
	for _, m := range s.Modules {
		w.line("        (name = %s, %s = embed %s),", quote(m.Name), m.Kind, quote(m.File))
	}
	w.line("      ],")
	w.line("      compatibilityDate = %s,", quote(s.CompatibilityDate))
	if len(s.CompatibilityFlags) > 0 {
		w.line("      compatibilityFlags = [%s],", quoteAll(s.CompatibilityFlags))
	}
	w.line("      bindings = [")
	for _, b := range s.Bindings {
		w.line("        (name = %s, %s),", quote(b.Name), b.Value)
	}
	w.line("      ],")
	for _, o := range [][2]string{{"globalOutbound", s.GlobalOutbound}, {"cacheApiOutbound", s.CacheAPIOutbound}} {
		if o[1] != "" {
			w.line("      %s = %s,", o[0], quote(o[1]))
		}
	}
	if len(s.Namespaces) == 0 {
		return
	}
	w.line("      durableObjectNamespaces = [")
	for _, n := range s.Namespaces {
		w.line("        (className = %s, uniqueKey = %s, enableSql = %t),", quote(n.Class), quote(n.UniqueKey), n.SQL)
	}
	w.line("      ],")
	w.line("      durableObjectStorage = (localDisk = %s),", quote(s.ObjectStorage))
}

func (d Designator) text() string {
	if d.Entrypoint == "" && d.Props == "" {
		return quote(d.Service)
	}
	text := "(name = " + quote(d.Service)
	if d.Entrypoint != "" {
		text += ", entrypoint = " + quote(d.Entrypoint)
	}
	if d.Props != "" {
		text += ", props = (json = " + quote(d.Props) + ")"
	}
	return text + ")"
}

func httpOptions(proto, cfBlob string, headers map[string]string) string {
	var parts []string
	if proto != "" {
		parts = append(parts, "forwardedProtoHeader = "+quote(proto))
	}
	if cfBlob != "" {
		parts = append(parts, "cfBlobHeader = "+quote(cfBlob))
	}
	for name, value := range headers {
		parts = append(parts, fmt.Sprintf("injectRequestHeaders = [(name = %s, value = %s)]", quote(name), quote(value)))
	}
	return strings.Join(parts, ", ")
}

type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) {
	if len(args) == 0 {
		w.WriteString(format)
	} else {
		fmt.Fprintf(w, format, args...)
	}
	w.WriteByte('\n')
}

func quoteAll(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return strings.Join(quoted, ", ")
}

// quote writes a Cap'n Proto string literal: C escapes, other bytes as they are.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c < 0x20 || c == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
