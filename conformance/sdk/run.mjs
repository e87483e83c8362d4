// Runs the clients in Node.js against the control port: node run.mjs http://127.0.0.1:8788
import { anthropic, openAI, openAIMore, vercel } from "./cases.js";

const control = process.argv[2];
// The Workers AI provider has no base URL to set: its requests are sent to flint instead.
const toFlint = (url, init) => fetch(String(url).replace("https://api.cloudflare.com", control).replace("https://gateway.ai.cloudflare.com", control + "/ai/gateway"), init);

const cases = {
  "openai": () => openAIMore({ baseURL: control + "/ai/openai/v1" }),
  "openai, Workers AI's own endpoint": () => openAI({ baseURL: control + "/client/v4/accounts/a/ai/v1" }, "@cf/meta/llama-3.3-70b-instruct-fp8-fast"),
  "openai, DeepSeek": () => openAI({ baseURL: control + "/ai/deepseek" }, "deepseek-chat"),
  "openai, OpenRouter": () => openAI({ baseURL: control + "/ai/openrouter/api/v1" }, "meta-llama/llama-3.3-70b-instruct"),
  "openai, AI Gateway": () => openAI({ baseURL: control + "/ai/gateway/v1/account/main/openai" }),
  "openai, AI Gateway compat": () => openAI({ baseURL: control + "/ai/gateway/v1/account/main/compat" }, "anthropic/claude-sonnet-5-5"),
  "anthropic": () => anthropic({ baseURL: control + "/ai/anthropic" }),
  "workers-ai-provider": () => vercel({ accountId: "a", apiKey: "k", fetch: toFlint }),
  "workers-ai-provider, gateway": () => vercel({ accountId: "a", apiKey: "k", fetch: toFlint, gateway: { id: "main" } }),
};
let failed = false;
for (const [name, run] of Object.entries(cases)) {
  try {
    await run();
    console.log("ok", name);
  } catch (e) {
    failed = true;
    console.log("FAILED", name, e.stack);
  }
}
process.exit(failed ? 1 : 0);
