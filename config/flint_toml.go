package config

import (
	"encoding/json"
	"fmt"
	"path/filepath"
)

// flintSpec is every key of flint.toml. An unknown one is an error: the file is
// flint's own, so a key that does nothing is a slip.
var flintSpec = map[string]*spec{
	"workers": texts, "pages": texts, "try": texts,
	"ip": text, "port": integer, "control_port": integer, "s3_port": integer, "inspector_port": integer,
	"state": text, "ephemeral": boolean, "isolates": integer, "watch": boolean, "install": boolean,
	"log_format": oneOf("pretty", "json"),
	"kv":         table(kvSpec(map[string]*spec{"driver": text, "namespaces": listOf(table(kvSpec(map[string]*spec{"id": text}), "id"))})),
	"r2": table(map[string]*spec{
		"driver": text, "public": texts, "domains": mapOf(domainSpec), "notifications": listOf(notificationSpec),
		"access_key_id": text, "secret_access_key": text,
	}),
	"queues":   table(map[string]*spec{"message_retention_period": integer}),
	"outbound": table(outboundSpec),
	"ai": table(map[string]*spec{
		"scripts": texts, "strict": boolean, "seed": integer, "time_to_first_token": text, "tokens_per_second": integer,
		"backend": text, "backend_model": text, "backend_embedding_model": text, "record": boolean, "recordings": text,
	}),
}

// notificationSpec is a rule by which changes of a bucket make messages.
// https://developers.cloudflare.com/r2/buckets/event-notifications/
var notificationSpec = table(map[string]*spec{
	"bucket": text, "queue": text, "prefix": text, "suffix": text,
	"events": listOf(oneOf("object-create", "object-delete", "PutObject", "CopyObject", "CompleteMultipartUpload", "DeleteObject", "LifecycleDeletion")),
}, "bucket", "queue", "events")

// domainSpec is a bucket on a public host.
var domainSpec = either(text, table(map[string]*spec{"bucket": text, "not_found": text}, "bucket"))

// kvSpec adds what can be said of all namespaces and of one.
func kvSpec(fields map[string]*spec) map[string]*spec {
	fields["consistency"], fields["write_limit"] = oneOf(Immediate, Eventual), boolean
	return fields
}

// flintFile is a checked flint.toml.
type flintFile struct {
	path    string
	root    *node
	report  *report
	workers []folder
	pages   []folder
}

// folder is a path that flint.toml names.
type folder struct {
	path string // absolute
	pos  position
	key  string
}

func readFlintFile(path string) (*flintFile, error) {
	root, err := parseFile(path, parseTOML)
	if err != nil {
		return nil, err
	}
	f := &flintFile{path: path, root: root, report: &report{file: displayPath(path)}}
	f.refuseUnknown("", root, flintSpec)
	f.report.check("", root, table(flintSpec))
	if err := f.report.err(); err != nil {
		return nil, err
	}
	f.workers = f.folders("workers")
	f.pages = f.folders("pages")
	return f, nil
}

func (f *flintFile) refuseUnknown(key string, n *node, known map[string]*spec) {
	for _, k := range n.keys {
		s := known[k.name]
		switch {
		case s == nil:
			f.report.errorf(k.pos, dotted(key, k.name), "unknown key%s", didYouMean(k.name, names(known)))
		case s.fields != nil && k.value.kind == kindTable:
			f.refuseUnknown(dotted(key, k.name), k.value, s.fields)
		case s.open && s.item.fields != nil:
			for _, entry := range k.value.keys {
				f.refuseUnknown(dotted(dotted(key, k.name), entry.name), entry.value, s.item.fields)
			}
		case s.item != nil && s.item.fields != nil && k.value.kind == kindList:
			for i, item := range k.value.items {
				f.refuseUnknown(fmt.Sprintf("%s[%d]", dotted(key, k.name), i), item, s.item.fields)
			}
		}
	}
}

func (f *flintFile) folders(name string) []folder {
	var out []folder
	for _, s := range (setting{f.root.get(name), name}).each() {
		out = append(out, folder{absolute(filepath.Dir(f.path), s.text), s.pos, s.key})
	}
	return out
}

func (f *flintFile) hasWorkers() bool { return f.root.get("workers") != nil }

func (f *flintFile) listsWorker(dir string) bool {
	for _, w := range f.workers {
		if w.path == dir || filepath.Dir(w.path) == dir && !isDir(w.path) {
			return true
		}
	}
	return false
}

// addPages adds the folders under `pages`.
func (l *loader) addPages() {
	if l.flint == nil {
		return
	}
	l.project.Files = append(l.project.Files, l.flint.path)
	for _, p := range l.flint.pages {
		if !isDir(p.path) {
			l.problems = append(l.problems, Problem{l.flint.report.file, p.pos.line, p.pos.col, p.key, wranglerMissing(p.path)})
			continue
		}
		path, err := findWrangler(p.path)
		if err != nil {
			l.project.Pages = append(l.project.Pages, Pages{pagesName(p.path), p.path, filepath.Join(p.path, "dist")})
			continue
		}
		f, err := readWrangler(path)
		if err != nil {
			_ = l.fail(err) // always an *Error
			continue
		}
		l.project.Files = append(l.project.Files, path)
		l.addPagesFile(f, p.path)
	}
}

// addPagesFile adds a Pages project that has a Wrangler file.
// https://developers.cloudflare.com/pages/functions/wrangler-configuration/
func (l *loader) addPagesFile(f *wranglerFile, dir string) {
	f.report.check("pages_build_output_dir", or(f.root.get("pages_build_output_dir"), &node{}), text)
	f.report.check("name", or(f.root.get("name"), &node{}), text)
	l.problems = append(l.problems, f.report.problems...)
	l.project.Pages = append(l.project.Pages, Pages{
		Name: or(f.root.get("name").str(), pagesName(dir)),
		Dir:  dir,
		Dist: absolute(dir, or(f.root.get("pages_build_output_dir").str(), "dist")),
	})
	if exists(filepath.Join(dir, "functions")) {
		f.report.warnf(position{}, "", "Pages Functions are not served by flint yet; its static files are")
	}
	l.project.Warnings = append(l.project.Warnings, f.report.warnings...)
}

// pagesName is the name in package.json, else the folder's.
func pagesName(dir string) string {
	var pkg struct{ Name string }
	if data, err := readFile(filepath.Join(dir, "package.json")); err == nil && json.Unmarshal(data, &pkg) == nil && workerName.MatchString(pkg.Name) {
		return pkg.Name
	}
	return nameOf(dir)
}
