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
package ai
