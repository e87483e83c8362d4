// Package providers answers for the APIs of AI providers, in the shapes, paths
// and errors of each: OpenAI, Anthropic, DeepSeek, OpenRouter, Workers AI's REST
// API and AI Gateway. What is asked goes to an Engine; no provider answers
// itself.
//
// https://developers.cloudflare.com/ai-gateway/usage/providers/
package providers
