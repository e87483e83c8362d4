// Package answers has the answers that are not generated: those of scripts
// (YAML files that a project keeps beside its code), of recordings, and of a
// backend, which is a real model server. It also paces streams.
package answers
