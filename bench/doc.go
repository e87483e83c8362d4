// Command bench runs the same Workers on flint, on bare Miniflare and on
// `wrangler dev`, in turn, and prints medians and ratios; `make bench` runs it.
// The load comes from wrk over loopback.
//
// Beside them stand two limits, which are no products: flint's own front and
// workerd with bindings that do nothing, and workerd alone with the same
// bindings. The first shows what flint's services cost, the second what the
// front costs.
//
// Figures belong to one machine at one moment: what counts is how the sides of
// one run compare.
package main
