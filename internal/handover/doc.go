// Package handover passes connections that one server has accepted, and perhaps
// read from, on to another server that takes them from a net.Listener, such as
// *http.Server. The event loop's servers hand over to net/http the connections
// that they do not serve themselves. Bytes that have been read already travel
// with the connection. The package knows no protocol.
package handover
