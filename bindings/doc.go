// Package bindings is the folder of the smaller services: each is a package below
// it, with the parts that docs/ADDING_A_BINDING.md names (rules, limits and
// messages, storage, the protocol of workerd, Cloudflare's REST API). It may import
// internal packages alone, and no other binding.
//
// https://developers.cloudflare.com/workers/runtime-apis/bindings/
package bindings
