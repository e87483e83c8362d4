// Receives events from flint over HTTP and calls the Worker's handlers.
// One POST is one event; the reply is the handler's outcome as JSON.
export { D1 } from "./d1_entrypoint.js";

const decode = {
  text: (b) => b,
  json: (b) => b,
  bytes: (b) => bytes(b),
};

function bytes(base64) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function message({ id, timestamp, attempts, contentType, body }) {
  const m = { id, timestamp: new Date(timestamp), attempts };
  if (contentType === "v8") m.serializedBody = bytes(body);
  else m.body = decode[contentType](body);
  return m;
}

export default {
  async fetch(request, env) {
    const event = await request.json();
    const worker = env[event.worker];
    switch (event.type) {
      case "queue":
        return Response.json(await worker.queue(event.queue, event.messages.map(message), { metrics: metrics(event.metrics) }));
      case "scheduled":
        return Response.json(await worker.scheduled({ scheduledTime: new Date(event.scheduledTime), cron: event.cron }));
    }
    return new Response("unknown event " + event.type, { status: 400 });
  },
};

function metrics(m) {
  const out = { backlogCount: m.backlogCount, backlogBytes: m.backlogBytes };
  if (m.oldestMessageTimestamp) out.oldestMessageTimestamp = new Date(m.oldestMessageTimestamp);
  return out;
}
