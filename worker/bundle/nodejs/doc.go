// Package nodejs says where a Worker's import of one of Node's modules leads:
// to the module that workerd has itself, to a polyfill of the npm packages
// unenv and @cloudflare/unenv-preset, or to a mixture of both. That depends on
// the compatibility date and flags, and is the choice that Wrangler makes by the
// same two packages.
//
// A date and flags go in (For), an Environment comes out: import paths that
// stand for others, globals that a module provides, modules that are run first.
// The package knows names only: it reads no file and does not know esbuild,
// which is handed the names by the package above.
//
// https://developers.cloudflare.com/workers/runtime-apis/nodejs/
package nodejs
