// The same clients inside a Worker, with the base URLs that they have by themselves.
import { anthropic, openAI, openAIMore, vercel } from "./cases.js";

const cases = {
  "openai": () => openAIMore({}),
  "openai, Workers AI's own endpoint": () => openAI({ baseURL: "https://api.cloudflare.com/client/v4/accounts/a/ai/v1" }, "@cf/meta/llama-3.3-70b-instruct-fp8-fast"),
  "openai, DeepSeek": () => openAI({ baseURL: "https://api.deepseek.com" }, "deepseek-reasoner"),
  "openai, OpenRouter": () => openAI({ baseURL: "https://openrouter.ai/api/v1" }, "openai/gpt-4o"),
  "openai, AI Gateway": () => openAI({ baseURL: "https://gateway.ai.cloudflare.com/v1/account/main/openai" }),
  "anthropic": () => anthropic({}),
  "workers-ai-provider, env.AI": (env) => vercel({ binding: env.AI }),
  "workers-ai-provider, REST": () => vercel({ accountId: "a", apiKey: "k" }),
};

export default {
  async fetch(request, env) {
    const name = decodeURIComponent(new URL(request.url).pathname.slice(1));
    if (!name) return Response.json(Object.keys(cases));
    try {
      await cases[name](env);
      return new Response("ok");
    } catch (e) {
      return new Response(e.stack, { status: 500 });
    }
  },
};
