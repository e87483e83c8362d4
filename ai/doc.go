// Package ai is Workers AI, offline and deterministic: the same model, inputs
// and seed give the same bytes, on every machine, with no network.
//
// An answer comes from the first of these that has one: a script (YAML files
// that a project keeps beside its code), a recorded answer, a real backend when
// one is named, and a generator that follows the shape the prompt or a JSON
// schema asks for. The generator understands no language: it makes an app's
// code paths run, and never claims more.
//
// https://developers.cloudflare.com/workers-ai/
//
// # One answer
//
// Models.Run finds the model in the catalogue (package inference). The shape of its
// answers decides who reads the inputs: runText, runGuard, or for every other task a job
// (task.go), which has checked them and can answer. Text goes through Complete, also
// when it came in by a provider's API (package providers): scripts, recordings and the
// backend are package answers, what nobody else answers is written by package generate,
// and images and sound are package media's.
package ai
