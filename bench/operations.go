package main

import (
	"fmt"
	"slices"
)

// operation is what a Worker does once for each request.
type operation struct {
	name    string
	label   string // in tables
	project string // see projects
	request request
	short   bool // part of a run without -full
	binding bool // it calls a binding, which the do-nothing bindings of the limits can answer
}

// request is what wrk sends.
type request struct {
	method, path string
	body         int    // bytes
	file         string // if set, its content is sent as a JSON body
}

// line returns the request as wrk/load.lua reads it.
func (r request) line() string {
	if r.file != "" {
		return r.method + " " + r.path + " @" + r.file
	}
	if r.body > 0 {
		return fmt.Sprintf("%s %s %d", r.method, r.path, r.body)
	}
	return r.method + " " + r.path
}

func get(path string) request { return request{method: "GET", path: path} }

// The projects, by folder in fixtures/bench.
const (
	workerProject = "."
	siteProject   = "site"
)

var operations = []operation{
	{name: "plain", label: "plain response", project: workerProject, request: get("/plain"), short: true},
	{name: "kv-get", label: "KV get", project: workerProject, request: get("/kv-get"), short: true, binding: true},
	{name: "kv-put", label: "KV put", project: workerProject, request: get("/kv-put"), short: true, binding: true},
	{name: "kv-list", label: "KV list, 100 keys", project: workerProject, request: get("/kv-list"), short: true, binding: true},
	{name: "d1-select", label: "D1 select one", project: workerProject, request: get("/d1-select"), short: true, binding: true},
	{name: "d1-select-100", label: "D1 select 100 rows", project: workerProject, request: get("/d1-select-100"), binding: true},
	{name: "d1-insert", label: "D1 insert", project: workerProject, request: get("/d1-insert"), short: true, binding: true},
	{name: "d1-batch", label: "D1 batch of 10 inserts", project: workerProject, request: get("/d1-batch"), binding: true},
	{name: "r2-get-1k", label: "R2 get 1 KiB", project: workerProject, request: get("/r2-get-1k"), short: true, binding: true},
	{name: "r2-put-1k", label: "R2 put 1 KiB", project: workerProject, request: get("/r2-put-1k"), short: true, binding: true},
	{name: "r2-get-1m", label: "R2 get 1 MiB", project: workerProject, request: get("/r2-get-1m"), binding: true},
	{name: "r2-put-1m", label: "R2 put 1 MiB", project: workerProject, request: request{method: "PUT", path: "/r2-put-1m", body: 1 << 20}, binding: true},
	{name: "queue-send", label: "queue send", project: workerProject, request: get("/queue-send"), short: true, binding: true},
	{name: "asset", label: "static asset, 1 KiB", project: siteProject, request: get("/style.css")},
}

func names(ops []operation) (out []string) {
	for _, op := range ops {
		out = append(out, op.name)
	}
	return out
}

// selectedOperations returns the operations of this run.
func (o *options) selectedOperations() (out []operation) {
	for _, op := range operations {
		if o.full && len(o.only) == 0 || len(o.only) == 0 && op.short || slices.Contains(o.only, op.name) {
			out = append(out, op)
		}
	}
	return out
}
