// Package bindings is the folder of the bindings that are no service with a
// state of its own to look after: each is a package below it, with the parts
// that docs/ADDING_A_BINDING.md names, and knows no other.
//
// https://developers.cloudflare.com/workers/runtime-apis/bindings/
package bindings
