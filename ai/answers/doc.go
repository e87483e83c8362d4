// Package answers holds the sources that are asked before the generator, in
// this order: scripts (script*.go), answers recorded from a backend
// (recordings.go), and the backend itself, a model server with OpenAI's API
// (backend*.go). Each returns nil when it has no answer, and the caller asks the
// next one.
//
// A script has conditions (script_match.go) and one reply; files that change on
// disk are read again (script_file.go). A Query is what conditions see of a call.
// In strict mode NoScriptError names the nearest script.
//
// It does not choose between the sources and knows no client's protocol; it
// makes HTTP requests to the backend only.
package answers
