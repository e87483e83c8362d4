package worker

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"sort"

	"flint/config"
	"flint/worker/shim"
	"flint/worker/workerd"
)

// Headers between the front, workerd and the bindings socket. The front drops
// them from what clients send.
const (
	HeaderBinding = "X-Flint-Binding" // service/resource, injected by workerd
	HeaderCf      = "X-Flint-Cf"      // request.cf as JSON
	HeaderProto   = "X-Flint-Proto"   // http or https
)

// composer turns Workers into one workerd configuration.
type composer struct {
	opt       *Options
	mask      bool   // hide secrets: the configuration is for a person
	dir       string // of this generation: sockets and modules
	out       workerd.Config
	seen      map[string]bool // external services already declared
	databases []string        // D1's, by their ids
}

// compose writes the configuration of one workerd process that runs all
// builds. Sockets are <dir>/<index>.sock for each Worker and <dir>/events.sock.
func compose(opt *Options, builds []*build, dir string, mask bool) *workerd.Config {
	c := &composer{opt: opt, dir: dir, mask: mask, seen: map[string]bool{}}
	c.internet()
	for i, b := range builds {
		c.worker(b)
		c.out.Sockets = append(c.out.Sockets, workerd.Socket{
			Name:    fmt.Sprintf("worker:%d", i),
			Address: "unix:" + socketPath(dir, i),
			Service: workerd.Designator{Service: serviceName(b.worker.Name), Entrypoint: shim.Entrypoint},
			Proto:   HeaderProto,
			CfBlob:  HeaderCf,
		})
	}
	c.dispatcher(builds)
	c.out.Extensions = []workerd.Extension{{Name: shim.UnservedModule, File: "unserved.js"}, {Name: shim.D1Module, File: "d1_binding.js"}}
	return &c.out
}

// internet takes the place of the service of that name that workerd would add:
// nothing gets around the outbound gate, and workerd does not read the
// machine's certificates at each start, which costs a fifth of it.
func (c *composer) internet() {
	c.out.Services = append(c.out.Services, workerd.Service{Name: "internet", External: &workerd.External{
		Address: "unix:" + c.opt.BindingsSocket, Proto: HeaderProto, Headers: map[string]string{HeaderBinding: "outbound/"},
	}})
}

func serviceName(worker string) string { return "user:" + worker }

// dispatcher adds the Worker that turns flint's events into handler calls.
func (c *composer) dispatcher(builds []*build) {
	d := &workerd.WorkerService{
		Modules:           modules("dispatcher.js", "d1_entrypoint.js"),
		CompatibilityDate: workerd.OldestDate,
		CompatibilityFlags: []string{
			"service_binding_extra_handlers", "experimental",
			"enhanced_error_serialization", // an error of D1 keeps its name
		},
	}
	for _, b := range builds {
		d.Bindings = append(d.Bindings, workerd.ServiceBinding(b.worker.Name,
			workerd.Designator{Service: serviceName(b.worker.Name), Entrypoint: shim.Entrypoint}))
	}
	for _, id := range c.databases {
		d.Bindings = append(d.Bindings, workerd.ServiceBinding("d1:"+id, workerd.Designator{Service: c.external("d1", id)}))
	}
	c.out.Services = append(c.out.Services, workerd.Service{Name: dispatcherService, Worker: d})
	c.out.Sockets = append(c.out.Sockets, workerd.Socket{
		Name: "events", Address: "unix:" + eventsPath(c.dir), Service: workerd.Designator{Service: dispatcherService},
	})
}

const dispatcherService = "flint:dispatcher"

func modules(names ...string) (out []workerd.Module) {
	for _, name := range names {
		out = append(out, workerd.Module{Name: name, Kind: "esModule", File: name})
	}
	return out
}

// external declares the flint service behind a binding once and returns its name.
func (c *composer) external(service, resource string) string {
	name := service + ":" + resource
	if !c.seen[name] {
		c.seen[name] = true
		ext := &workerd.External{
			Address: "unix:" + c.opt.BindingsSocket,
			Headers: map[string]string{HeaderBinding: service + "/" + resource},
		}
		switch service { // these see requests, of which the URL and cf are a part
		case "outbound", "assets":
			ext.Proto = HeaderProto
		case "cache":
			ext.Proto, ext.CfBlob = HeaderProto, HeaderCf
		}
		c.out.Services = append(c.out.Services, workerd.Service{Name: name, External: ext})
	}
	return name
}

func (c *composer) worker(b *build) {
	w := b.worker
	s := &workerd.WorkerService{
		Modules:            b.modules,
		CompatibilityDate:  w.CompatibilityDate,
		CompatibilityFlags: w.RuntimeFlags(),
		Bindings:           c.bindings(w),
		GlobalOutbound:     c.external("outbound", w.Name),
		CacheAPIOutbound:   c.external("cache", "default"),
	}
	if s.Namespaces = namespaces(w); len(s.Namespaces) > 0 {
		s.ObjectStorage = "do:" + w.Name
		c.out.Services = append(c.out.Services, workerd.Service{Name: s.ObjectStorage, Disk: &workerd.Disk{Path: c.opt.objectDir(w.Name)}})
	}
	c.out.Services = append(c.out.Services, workerd.Service{Name: serviceName(w.Name), Worker: s})
}

func (c *composer) bindings(w *config.Worker) []workerd.Binding {
	var out []workerd.Binding
	add := func(b workerd.Binding) { out = append(out, b) }
	for _, v := range w.Vars {
		switch {
		case v.Secret && c.mask:
			add(workerd.Text(v.Name, config.Mask))
		case v.JSON != nil:
			add(workerd.JSON(v.Name, string(v.JSON)))
		default:
			add(workerd.Text(v.Name, v.Text))
		}
	}
	for _, b := range w.KV {
		add(workerd.KV(b.Binding, c.external("kv", url.PathEscape(b.ID))))
	}
	for _, b := range w.D1 {
		add(c.database(w, b))
	}
	for _, b := range w.R2 {
		add(workerd.R2(b.Binding, c.external("r2", url.PathEscape(b.Bucket))))
	}
	for _, b := range w.QueueProducers {
		resource := url.PathEscape(b.Queue)
		if b.DeliveryDelay > 0 {
			resource += fmt.Sprintf("?delay=%d", int(b.DeliveryDelay.Seconds()))
		}
		add(workerd.Queue(b.Binding, c.external("queues", resource)))
	}
	for _, b := range w.DurableObjects {
		service := ""
		if b.Script != "" && b.Script != w.Name {
			service = serviceName(b.Script)
		}
		add(workerd.DurableObject(b.Binding, b.Class, service))
	}
	for _, b := range w.Services {
		add(workerd.ServiceBinding(b.Binding, workerd.Designator{Service: serviceName(b.Service), Entrypoint: b.Entrypoint, Props: string(b.Props)}))
	}
	for _, b := range w.Unserved {
		add(workerd.Wrapped(b.Binding, shim.UnservedModule, workerd.Text("name", b.Binding), workerd.Text("key", b.Key)))
	}
	if w.AI != "" {
		add(workerd.Wrapped(w.AI, "cloudflare-internal:ai-api", workerd.ServiceBinding("fetcher", workerd.Designator{Service: c.external("ai", w.Name)})))
	}
	if w.Assets != nil && w.Assets.Binding != "" {
		add(workerd.ServiceBinding(w.Assets.Binding, workerd.Designator{Service: c.external("assets", w.Name)}))
	}
	return out
}

// database is a D1 binding of w. It talks to flint's service. One that speaks
// RPC is workerd's own and talks to the Worker that stands for the database, as
// every binding does that is passed to another Worker.
func (c *composer) database(w *config.Worker, b config.D1Database) workerd.Binding {
	id := url.PathEscape(b.ID)
	service := c.external("d1", id)
	if !slices.Contains(c.databases, id) {
		c.databases = append(c.databases, id)
	}
	props, _ := json.Marshal(map[string]string{"database": service}) // a string always marshals
	theirs := func(name string) workerd.Binding {
		return workerd.Wrapped(name, "cloudflare-internal:d1-api",
			workerd.ServiceBinding("fetcher", workerd.Designator{Service: dispatcherService, Entrypoint: "D1", Props: string(props)}))
	}
	if w.D1ByRPC() {
		return theirs(b.Binding)
	}
	return workerd.Wrapped(b.Binding, shim.D1Module, workerd.ServiceBinding("fetcher", workerd.Designator{Service: service}), theirs("database"))
}

// namespaces follows the migrations of w's Durable Object classes. The
// identity of a class's storage is the name under which it was created, so a
// rename keeps the objects.
func namespaces(w *config.Worker) []workerd.Namespace {
	classes := map[string]workerd.Namespace{}
	create := func(class string, sql bool) {
		classes[class] = workerd.Namespace{Class: class, UniqueKey: w.Name + "-" + class, SQL: sql}
	}
	for _, m := range w.Migrations {
		for _, class := range m.NewClasses {
			create(class, false)
		}
		for _, class := range m.NewSQLiteClasses {
			create(class, true)
		}
		for _, r := range m.Renamed {
			n := classes[r.From]
			delete(classes, r.From)
			n.Class = r.To
			classes[r.To] = n
		}
		for _, class := range m.Deleted {
			delete(classes, class)
		}
	}
	for _, d := range w.DurableObjects {
		own := d.Script == "" || d.Script == w.Name
		if _, ok := classes[d.Class]; own && !ok {
			create(d.Class, false) // no migration names it: config has warned
		}
	}
	out := make([]workerd.Namespace, 0, len(classes))
	for _, n := range classes {
		out = append(out, n)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Class < out[j].Class })
	return out
}
