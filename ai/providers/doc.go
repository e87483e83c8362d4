// Package providers answers the APIs of OpenAI, Anthropic, DeepSeek, OpenRouter,
// AI Gateway and Workers AI's own in OpenAI's form, in place of the real hosts
// (Server.Providers) or below a path of flint's own (Server.ProviderPaths).
//
// A provider is a table of routes and its own spelling of errors. A call is
// turned into the inputs of a chat completion (completeChat), answered by the
// Engine, which is package ai's Models, and written back in the provider's form:
// chat.go for all that follow OpenAI's chat completions, responses.go and
// anthropic.go for the others, *_stream.go for their streams. AI Gateway
// (gateway.go) forwards to the providers and logs the calls.
//
// Which models a provider has is in providers.yaml. It generates nothing itself
// and never connects to a provider.
package providers
