// Package ai has the commands of `flint ai`: run a model, list models, and look
// after scripted answers. An answer is printed as it streams in.
// New makes the command; what answers is in the service, not here.
package ai
