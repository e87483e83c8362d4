// Package markdown turns files into Markdown, as env.AI.toMarkdown does: HTML,
// CSV and JSON. For other formats it says that flint does not convert
// them.
//
// https://developers.cloudflare.com/workers-ai/features/markdown-conversion/
package markdown
