// Package bundle turns a Worker's source into the modules that workerd runs:
// TypeScript, JSX and npm packages become one ES module with a source map;
// imported .wasm, .txt, .html, .sql and .bin files become modules of their own.
// It behaves as Wrangler's bundler does and runs esbuild in process.
//
// https://developers.cloudflare.com/workers/wrangler/bundling/
package bundle
