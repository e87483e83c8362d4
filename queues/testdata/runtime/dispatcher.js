// Runs a batch in the Worker USER and answers with what the runtime reports.
const decode = {
  text: (b) => new TextDecoder().decode(b),
  json: (b) => JSON.parse(new TextDecoder().decode(b)),
  bytes: (b) => b,
};

export default {
  async fetch(request, env) {
    const { queue, messages, metrics } = await request.json();
    const batch = messages.map(({ id, timestamp, attempts, type, body }) => {
      const raw = Uint8Array.from(atob(body), (c) => c.charCodeAt(0));
      const message = { id, timestamp: new Date(timestamp), attempts };
      return type === "v8" ? { ...message, serializedBody: raw } : { ...message, body: decode[type](raw) };
    });
    return Response.json(await env.USER.queue(queue, batch, { metrics }));
  },
};
