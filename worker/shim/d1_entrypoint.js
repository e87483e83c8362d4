// A D1 database as a Worker, which flint's service is not: ctx.props says which
// of its bindings. A binding that is an argument of RPC needs one, and so does
// one with the flag d1_binding_jsrpc: workerd's D1 module then calls query() in
// place of POST /query and /execute.
import { WorkerEntrypoint } from "cloudflare:workers";

const BOOKMARK = "X-Cf-D1-Session-Commit-Token";

export class D1 extends WorkerEntrypoint {
  fetch(request) {
    return this.env[this.ctx.props.database].fetch(request);
  }

  async query(request) {
    const wrong = fault(request);
    if (wrong) throw new TypeError(`D1's query() takes {queries: [{sql, params}], bookmark}: ${wrong}`);
    const response = await this.env[this.ctx.props.database].fetch("http://d1/query?resultsFormat=ROWS_AND_COLUMNS", {
      method: "POST",
      headers: request.bookmark ? { [BOOKMARK]: request.bookmark } : undefined,
      body: JSON.stringify(request.queries.map(({ sql, params }) => ({ sql, params }))),
    });
    const answer = await response.json();
    if (!Array.isArray(answer)) throw failure(answer.error);
    const out = { results: answer.map(({ meta, results }) => ({ meta, data: { kind: "raw", ...results } })) };
    const bookmark = response.headers.get(BOOKMARK);
    if (bookmark) out.bookmark = bookmark;
    return out;
  }
}

function failure(message) {
  const error = new Error(message);
  error.name = "D1_ERROR";
  return error;
}

// fault says what is wrong with a request, "" if nothing. The D1 module has
// looked at what bind() was given, and at nothing of a Worker's own query().
function fault(request) {
  if (!Array.isArray(request?.queries)) return `queries is ${kind(request?.queries)}, not an array`;
  if (request.bookmark !== undefined && typeof request.bookmark !== "string") return `bookmark is ${kind(request.bookmark)}, not a string`;
  for (const [i, q] of request.queries.entries()) {
    if (typeof q?.sql !== "string") return `queries[${i}].sql is ${kind(q?.sql)}, not a string`;
    if (q.params !== undefined && q.params !== null && !Array.isArray(q.params)) return `queries[${i}].params is ${kind(q.params)}, not an array`;
    const at = q.params?.findIndex((p) => !fits(p)) ?? -1;
    if (at >= 0) return `queries[${i}].params[${at}] is ${kind(q.params[at])}, not a string, a number, null or an array of bytes`;
  }
  return "";
}

const fits = (p) => p === null || typeof p === "string" || typeof p === "number" || (Array.isArray(p) && p.every((b) => typeof b === "number"));

const kind = (value) => (value === null ? "null" : typeof value === "object" ? `a value of type ${value.constructor?.name ?? "object"}` : `a value of type ${typeof value}`);
