// Package evloop serves many connections from one goroutine that waits for all
// of them at once. Go's own way, a goroutine for each connection, pays two
// wake-ups and a read in vain for each message; under load a Loop takes the
// messages of all connections in one system call. It is what stands between
// clients, workerd and the services on Linux; elsewhere New says that there is
// none, and its users serve each connection on a goroutine.
package evloop
