// What every client must do with flint: a chat, a stream, a call of a tool, an
// answer that follows a JSON schema. Each case throws when an answer is not what
// the client's own types promise.
import OpenAI from "openai";
import Anthropic from "@anthropic-ai/sdk";
import { createWorkersAI } from "workers-ai-provider";
import { embed, generateObject, generateText, jsonSchema, streamText, tool } from "ai";
import { z } from "zod";

const weather = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const quiz = {
  type: "object", required: ["title", "questions"], additionalProperties: false,
  properties: { title: { type: "string" }, questions: { type: "array", minItems: 2, items: { type: "string" } } },
};
const tellWeather = "Call get_weather for the city of Oslo.";

function must(ok, what, value) {
  if (!ok) throw new Error(`${what}: ${JSON.stringify(value)}`);
}

function checkQuiz(text) {
  const got = typeof text === "string" ? JSON.parse(text) : text;
  must(typeof got.title === "string" && Array.isArray(got.questions) && got.questions.length >= 2, "the schema is not followed", got);
}

// openAI runs the official client, as it comes.
export async function openAI(options, model = "gpt-4o-mini") {
  const client = new OpenAI({ apiKey: "sk-test", maxRetries: 0, ...options });
  const messages = [{ role: "user", content: "Say something about lighthouses" }];

  const chat = await client.chat.completions.create({ model, messages });
  must(chat.object === "chat.completion" && chat.choices[0].message.content.length > 20 && chat.choices[0].finish_reason === "stop" && chat.usage.total_tokens > 0, "chat", chat);

  let text = "", chunks = 0, usage;
  for await (const c of await client.chat.completions.create({ model, messages, stream: true, stream_options: { include_usage: true } })) {
    chunks++;
    text += c.choices[0]?.delta?.content ?? "";
    usage = c.usage ?? usage;
  }
  must(text === chat.choices[0].message.content && chunks > 3 && usage.total_tokens === chat.usage.total_tokens, "stream", { text, chunks, usage });

  const tools = [{ type: "function", function: { name: "get_weather", description: "Weather of a city", parameters: weather } }];
  const asked = await client.chat.completions.create({ model, messages: [{ role: "user", content: tellWeather }], tools });
  const call = asked.choices[0].message.tool_calls[0];
  must(asked.choices[0].finish_reason === "tool_calls" && call.function.name === "get_weather" && typeof JSON.parse(call.function.arguments).city === "string", "tool", asked);
  const after = await client.chat.completions.create({ model, tools, messages: [
    { role: "user", content: tellWeather }, asked.choices[0].message, { role: "tool", tool_call_id: call.id, content: "Rain, 8 degrees" } ] });
  must(after.choices[0].finish_reason === "stop" && after.choices[0].message.content, "after the tool", after);

  const shaped = await client.chat.completions.create({ model, messages: [{ role: "user", content: "A quiz about the sea" }],
    response_format: { type: "json_schema", json_schema: { name: "quiz", strict: true, schema: quiz } } });
  checkQuiz(shaped.choices[0].message.content);
  return client;
}

// openAIMore is what only OpenAI itself has.
export async function openAIMore(options) {
  const client = await openAI(options);
  const parsed = await client.chat.completions.parse({ model: "gpt-5", messages: [{ role: "user", content: "A quiz about the sea" }],
    response_format: { type: "json_schema", json_schema: { name: "quiz", strict: true, schema: quiz } } });
  checkQuiz(parsed.choices[0].message.parsed);

  const response = await client.responses.create({ model: "gpt-5", input: "Say something about lighthouses" });
  must(response.status === "completed" && response.output_text.length > 20, "response", response);
  let text = "", last;
  for await (const e of await client.responses.create({ model: "gpt-5", input: "Say something about lighthouses", stream: true })) {
    if (e.type === "response.output_text.delta") text += e.delta;
    last = e.type;
  }
  must(text === response.output_text && last === "response.completed", "response stream", { text, last });
  const tools = [{ type: "function", name: "get_weather", description: "Weather of a city", parameters: weather, strict: true }];
  const asked = await client.responses.create({ model: "gpt-5", input: tellWeather, tools });
  must(asked.output[0].type === "function_call" && typeof JSON.parse(asked.output[0].arguments).city === "string", "response tool", asked);
  const shaped = await client.responses.create({ model: "gpt-5", input: "A quiz about the sea", text: { format: { type: "json_schema", name: "quiz", schema: quiz, strict: true } } });
  checkQuiz(shaped.output_text);

  const vectors = await client.embeddings.create({ model: "text-embedding-3-small", input: ["the sea", "a boat"] }); // the client asks for base64
  must(vectors.data.length === 2 && vectors.data[1].embedding.length === 1536, "embeddings", vectors.data.length);
  const image = await client.images.generate({ model: "gpt-image-1", prompt: "a lighthouse", size: "1024x1024" });
  must(atob(image.data[0].b64_json).slice(1, 4) === "PNG", "image", image.created);
  const models = [];
  for await (const m of client.models.list()) models.push(m.id);
  must(models.includes("gpt-4o-mini"), "models", models);

  for (const [call, status, code] of [
    [() => client.chat.completions.create({ model: "no-such", messages: [{ role: "user", content: "x" }] }), 404, "model_not_found"],
    [() => client.withOptions({ defaultHeaders: { Authorization: null } }).models.list(), 401, null],
    [() => client.chat.completions.create({ model: "gpt-4o", n: 2, messages: [{ role: "user", content: "x" }] }), 501, "not_served_by_flint"],
    [() => client.chat.completions.create({ model: "gpt-4o", messages: [{ role: "user", content: "please be too busy" }] }), 429, "rate_limit_exceeded"],
  ]) {
    const e = await call().then(() => "no error", (e) => e);
    must(e instanceof OpenAI.APIError && e.status === status && e.code === code, `error ${status}`, String(e));
  }
}

export async function anthropic(options) {
  const client = new Anthropic({ apiKey: "sk-ant-test", maxRetries: 0, ...options });
  const base = { model: "claude-sonnet-5-5", max_tokens: 200 };
  const messages = [{ role: "user", content: "Say something about lighthouses" }];
  const said = await client.messages.create({ ...base, messages, system: "Be brief." });
  must(said.type === "message" && said.content[0].text.length > 20 && said.stop_reason === "end_turn" && said.usage.output_tokens > 0, "message", said);
  const streamed = await client.messages.stream({ ...base, messages, system: "Be brief." }).finalMessage();
  must(streamed.content[0].text === said.content[0].text && streamed.usage.output_tokens === said.usage.output_tokens && streamed.stop_reason === "end_turn", "stream", streamed);
  const tools = [{ name: "get_weather", description: "Weather of a city", input_schema: weather }];
  for (const asked of [
    await client.messages.create({ ...base, tools, messages: [{ role: "user", content: tellWeather }] }),
    await client.messages.stream({ ...base, tools, messages: [{ role: "user", content: tellWeather }] }).finalMessage(),
  ]) {
    const use = asked.content.find((b) => b.type === "tool_use");
    must(asked.stop_reason === "tool_use" && use.name === "get_weather" && typeof use.input.city === "string", "tool", asked);
    const after = await client.messages.create({ ...base, tools, messages: [{ role: "user", content: tellWeather }, { role: "assistant", content: asked.content },
      { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "Rain" }] }] });
    must(after.stop_reason !== "tool_use" && after.content[0].text, "after the tool", after);
  }
  must((await client.messages.countTokens({ model: base.model, messages })).input_tokens > 3, "count");
  must((await client.models.list()).data.some((m) => m.id === base.model), "models");
  const e = await client.messages.create({ ...base, model: "no-such", messages }).catch((e) => e);
  must(e instanceof Anthropic.NotFoundError && e.error.error.type === "not_found_error", "error", String(e));
}

// vercel runs the AI SDK over its Workers AI provider.
export async function vercel(options, name = "@cf/meta/llama-3.3-70b-instruct-fp8-fast") {
  const workersAI = createWorkersAI(options);
  const model = workersAI(name);
  const said = await generateText({ model, prompt: "Say something about lighthouses", maxRetries: 0 });
  must(said.text.length > 20 && said.usage.outputTokens > 0, "chat", said.text);
  let text = "";
  for await (const part of streamText({ model, prompt: "Say something about lighthouses", maxRetries: 0, onError: ({ error }) => { throw error; } }).textStream) text += part;
  must(text === said.text, "stream", { text, said: said.text });
  const asked = await generateText({ model, prompt: tellWeather, maxRetries: 0,
    tools: { get_weather: tool({ description: "Weather of a city", inputSchema: jsonSchema(weather) }) } });
  must(asked.toolCalls[0]?.toolName === "get_weather" && typeof asked.toolCalls[0].input.city === "string", "tool", asked.toolCalls);
  const shaped = await generateObject({ model, prompt: "A quiz about the sea", maxRetries: 0,
    schema: z.object({ title: z.string(), questions: z.array(z.string()).min(2) }) });
  checkQuiz(shaped.object);
  const { embedding } = await embed({ model: workersAI.textEmbedding("@cf/baai/bge-base-en-v1.5"), value: "the sea", maxRetries: 0 });
  must(embedding.length === 768, "embedding", embedding.length);
}
