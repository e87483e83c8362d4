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
// Models.Run finds the model in catalogue.yaml. Its shape decides who reads the inputs:
// runText, runGuard, or for every other task a job (task.go), which has checked them and
// can answer. Text goes through complete (complete.go), also when it came in by a
// provider's API: fromScripts (scripted.go; files in scriptfile.go, conditions in
// scriptmatch.go), fromRecordings, fromBackend (backend*.go), fromGenerator. What the
// generator writes follows a shapeNode, read from a JSON schema (schema.go), an example
// (example.go) or a TypeScript type (typescript.go). Answer.send writes it, a stream event
// by event at the pace of pace.go.
package ai
