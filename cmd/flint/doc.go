// Command flint is a local Cloudflare: it runs Workers on the real workerd and
// emulates the services behind their bindings.
package main
