const attempt = async (f) => {
  try {
    return await f();
  } catch (e) {
    return `${e.name}: ${e.message}`;
  }
};

const tests = {
  async types(queue) {
    await queue.send("a text", { contentType: "text" });
    await queue.send({ a: [1, null] });
    await queue.send(new Uint8Array([0, 255]), { contentType: "bytes" });
    await queue.send(new Map([["k", new Date(5)]]), { contentType: "v8" });
    const { metadata } = await queue.sendBatch([
      { body: "batched" },
      { body: new Set([1n]), contentType: "v8" },
      { body: "later", contentType: "text", delaySeconds: 60 },
    ]);
    return metadata;
  },
  async metrics(queue) {
    return queue.metrics();
  },
  async errors(queue) {
    const big = "x".repeat(128001);
    const send = (body, options) => attempt(() => queue.send(body, options));
    const batch = (messages, options) => attempt(() => queue.sendBatch(messages, options));
    return [
      await send(undefined),
      await send(1, { contentType: "text" }),
      await send(1, { contentType: "nope" }),
      await send(big, { contentType: "text" }),
      await send(1, { delaySeconds: 86401 }),
      await send(1, { delaySeconds: -1 }),
      await batch([]),
      await batch(Array(101).fill({ body: 1 })),
      await batch([{ body: big, contentType: "text" }]),
      await batch(Array(3).fill({ body: "x".repeat(100000), contentType: "text" })),
      await batch([{ body: 1 }], { delaySeconds: 86401 }),
      await batch([{ body: 1, delaySeconds: 86401 }]),
    ];
  },
};

let seen = [];

export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    if (name === "seen") return Response.json(seen.splice(0));
    return Response.json((await attempt(() => tests[name](env.QUEUE))) ?? null);
  },
  async queue(batch) {
    const show = (x) =>
      x instanceof Map ? `Map ${[...x].map(([k, v]) => `${k}=${v.toISOString()}`)}`
      : x instanceof Set ? `Set ${[...x]}`
      : x instanceof Uint8Array ? `bytes ${x}`
      : JSON.stringify(x);
    seen.push(batch.messages.map((m) => `${show(m.body)}/${m.attempts}`).join(" "));
    const [first, second] = batch.messages;
    if (first.body === "endless") {
      first.ack();
      if (first.attempts === 1) await new Promise((done) => setTimeout(done, 3600_000));
      return;
    }
    if (first.attempts === 1) {
      first.ack();
      second.retry({ delaySeconds: 20 });
      throw new Error("thrown after ack");
    }
  },
};
