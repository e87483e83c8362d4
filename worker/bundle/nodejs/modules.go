package nodejs

import "strings"

// Builtins are the modules that Node has without the prefix "node:", sorted.
// https://nodejs.org/api/module.html#modulebuiltinmodules
var Builtins = strings.Fields(`_http_agent _http_client _http_common _http_incoming _http_outgoing _http_server
	_stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_wrap _stream_writable _tls_common _tls_wrap
	assert assert/strict async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns
	dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module net os path path/posix
	path/win32 perf_hooks process punycode querystring readline readline/promises repl stream stream/consumers
	stream/promises stream/web string_decoder sys timers timers/promises tls trace_events tty url util util/types v8 vm
	wasi worker_threads zlib`)

// native are the modules that workerd has at every date for which a Worker can
// have polyfills.
var native = strings.Fields(`_stream_duplex _stream_passthrough _stream_readable _stream_transform _stream_writable _tls_common
	_tls_wrap assert assert/strict async_hooks buffer constants crypto diagnostics_channel dns dns/promises events net path
	path/posix path/win32 querystring module stream stream/consumers stream/promises stream/web string_decoder sys timers
	timers/promises tls url util util/types zlib`)

// feature is a group of modules that workerd has from a date on, or earlier
// where a flag says so.
type feature struct {
	flag    string // enable_FLAG and disable_FLAG decide before the date
	date    string // YYYY-MM-DD
	modules []string
}

// features, by https://developers.cloudflare.com/workers/configuration/compatibility-flags/.
// The modules http, process, console and perf_hooks need more than a choice
// between two: see environment.go.
var features = []feature{
	{"nodejs_http2_module", "2025-09-01", []string{"http2"}},
	{"nodejs_os_module", "2025-09-15", []string{"os"}},
	{"nodejs_fs_module", "2025-09-15", []string{"fs", "fs/promises"}},
	{"nodejs_vm_module", "2025-10-01", []string{"vm"}},
	{"nodejs_punycode_module", "2025-12-04", []string{"punycode"}},
	{"nodejs_cluster_module", "2025-12-04", []string{"cluster"}},
	{"nodejs_trace_events_module", "2025-12-04", []string{"trace_events"}},
	{"nodejs_domain_module", "2025-12-04", []string{"domain"}},
	{"nodejs_wasi_module", "2025-12-04", []string{"wasi"}},
	{"nodejs_inspector_module", "2026-01-29", []string{"inspector", "inspector/promises"}},
	{"nodejs_sqlite_module", "2026-01-29", []string{"sqlite"}},
	{"nodejs_dgram_module", "2026-01-29", []string{"dgram"}},
	{"nodejs_stream_wrap_module", "2026-01-29", []string{"_stream_wrap"}},
	{"nodejs_repl_module", "2026-03-17", []string{"repl"}},
	{"nodejs_v8_module", "2026-03-17", []string{"v8"}},
	{"nodejs_tty_module", "2026-03-17", []string{"tty"}},
	{"nodejs_child_process_module", "2026-03-17", []string{"child_process"}},
	{"nodejs_worker_threads_module", "2026-03-17", []string{"worker_threads"}},
	{"nodejs_readline_module", "2026-03-17", []string{"readline", "readline/promises"}},
}

var (
	httpClient = feature{"nodejs_http_modules", "2025-08-15", []string{
		"_http_agent", "_http_client", "_http_common", "_http_incoming", "_http_outgoing", "http", "https",
	}}
	httpServer = feature{"nodejs_http_server_modules", "2025-09-01", []string{"_http_server"}}
	consoles   = feature{"nodejs_console_module", "2025-09-21", []string{"console"}}
	perfHooks  = feature{"nodejs_perf_hooks_module", "2026-03-17", []string{"perf_hooks"}}
	processV2  = feature{"nodejs_process_v2", "2025-09-15", []string{"process"}}
)

// npmShims are packages whose work the platform does: their polyfills are small.
var npmShims = map[string]string{
	"cross-fetch":                  "unenv/npm/cross-fetch",
	"cross-fetch/polyfill":         "unenv/mock/empty",
	"fsevents":                     "unenv/npm/fsevents",
	"inherits":                     "unenv/npm/inherits",
	"isomorphic-fetch":             "unenv/mock/empty",
	"node-fetch":                   "unenv/npm/node-fetch",
	"node-fetch-native":            "unenv/npm/node-fetch",
	"node-fetch-native/polyfill":   "unenv/mock/empty",
	"whatwg-url":                   "unenv/npm/whatwg-url/index",
	"whatwg-url/webidl2js-wrapper": "unenv/npm/whatwg-url/webidl2js-wrapper",
}

// polyfill is the module of unenv that stands for one of Node's.
func polyfill(module string) string {
	switch {
	case strings.HasPrefix(module, "_"):
		return "unenv/mock/proxy-cjs"
	case module == "path/posix", module == "path/win32":
		return "unenv/node/path"
	case module == "sys":
		return "unenv/node/util"
	}
	return "unenv/node/" + module
}
