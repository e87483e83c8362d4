// Package ai is Workers AI, offline and deterministic: the same model, inputs
// and seed give the same bytes, on every machine, with no network.
//
// The rules stand here: which task a model has (Models.Run), text generation
// (text.go, complete.go), the other tasks (task.go), batches, and what serves
// them over HTTP: Binding for env.AI, REST for Cloudflare's API. The packages
// below know nothing of this one:
//
//	inference   the vocabulary: catalogue, inputs and their checks, requests, answers, limits, messages
//	answers     sources before the generator: scripts, recordings, a backend
//	generate    the generator of text, JSON, embeddings
//	media       images, speech, audio, vision
//	markdown    files to Markdown
//	providers   the APIs of OpenAI, Anthropic, DeepSeek, OpenRouter, AI Gateway
//
// # One answer
//
// Models.Run finds the model in the catalogue and passes the inputs on by the
// shape of the model's answers: to runText, to runGuard, or, for every other
// task, to runTask, which has them checked and gets an inference.Job that can
// answer. Text goes through Complete, also when it came in by the API of a
// provider (providers.Engine). It asks in turn: scripts (YAML files that a
// project keeps beside its code), recordings, the backend when one is named, and
// the generator, which follows the shape that the prompt or a JSON schema asks
// for. providers.Send writes the answer, a stream event by event at its Pace.
//
// https://developers.cloudflare.com/workers-ai/
package ai
