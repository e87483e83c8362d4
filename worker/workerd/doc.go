// Package workerd finds, installs, configures and runs Cloudflare's open-source
// runtime. It knows processes, files and the text configuration; what a Worker
// is, its callers know.
//
// https://github.com/cloudflare/workerd
package workerd
