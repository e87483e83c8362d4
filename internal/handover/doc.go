// Package handover gives connections that somebody else began with to a
// server that accepts them from a listener, such as *http.Server.
package handover
