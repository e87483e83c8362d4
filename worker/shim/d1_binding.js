// D1's API for Workers, in place of workerd's own, which spends a fifth of a
// call on spans that nobody reads here, on URL and Headers objects and on rows
// that JavaScript makes objects of: docs/RATIONALE.md has the figures. It answers
// the same (conformance/cases/d1), but does not speak RPC, which D1 does with the
// flag d1_binding_jsrpc: such bindings keep workerd's.

const BOOKMARK = "x-cf-d1-session-commit-token";
const FIRST_PRIMARY = "first-primary";
const FIRST_UNCONSTRAINED = "first-unconstrained";

const OBJECTS = "/query?resultsFormat=ARRAY_OF_OBJECTS"; // rows as all(), first() and batch() give them
const ROWS = "/query?resultsFormat=ROWS_AND_COLUMNS"; // as raw() does

class D1DatabaseSession {
  #fetcher;
  #position; // a bookmark or a constraint; null asks for the primary and keeps no bookmark

  constructor(fetcher, position) {
    this.#fetcher = fetcher;
    this.#position = position;
  }

  prepare(query) {
    return new D1PreparedStatement(this, query);
  }

  async batch(statements) {
    const queries = statements.map((s) => s.statement);
    const results = await this._sendOrThrow(OBJECTS, queries, statements.map((s) => s.params));
    return results.map(withResults);
  }

  getBookmark() {
    return this.#position === FIRST_PRIMARY || this.#position === FIRST_UNCONSTRAINED ? null : this.#position;
  }

  // Queries of one session may run at once: the newest bookmark stays.
  _updateBookmark(bookmark) {
    const known = this.getBookmark();
    if (known === null || known.localeCompare(bookmark) < 0) this.#position = bookmark;
    return this.getBookmark();
  }

  async _wrappedFetch(url, init) {
    if (this.#position === null) return this.#fetcher.fetch(url, init);
    const response = await this.#fetcher.fetch(url, { ...init, headers: { [BOOKMARK]: this.#position } });
    const bookmark = response.headers.get(BOOKMARK)?.trim();
    if (bookmark) this._updateBookmark(bookmark);
    return response;
  }

  async _send(path, query, params) {
    const body = JSON.stringify(Array.isArray(query) ? query.map((sql, i) => ({ sql, params: params[i] })) : { sql: query, params });
    const response = await this._wrappedFetch("http://d1" + path, { method: "POST", body });
    try {
      const answer = parse(await response.text());
      return Array.isArray(answer) ? answer.map(result) : result(answer);
    } catch (e) {
      throw failure("D1_ERROR", e.cause?.message || e.message || "Something went wrong");
    }
  }

  async _sendOrThrow(path, query, params) {
    const results = await this._send(path, query, params);
    const first = firstOf(results);
    if (!first.success) throw failure("D1_ERROR", first.error);
    return results;
  }

  async _queryOrThrow() {
    throw needsRPC();
  }
}

// The session of what is called on the database itself.
class D1DatabaseSessionAlwaysPrimary extends D1DatabaseSession {
  async exec(query) {
    if (typeof query !== "string") spanText(query);
    const lines = query.trim().split("\n");
    const answer = await this._send("/execute?resultsFormat=NONE", lines, []);
    const results = Array.isArray(answer) ? answer : [answer];
    let duration = 0;
    for (const [i, r] of results.entries()) {
      if (!r.success) throw failure("D1_EXEC_ERROR", `Error in line ${i + 1}: ${lines[i]}: ${r.error || "Something went wrong"}`);
      duration += r.meta.duration;
    }
    return { count: results.length, duration };
  }

  async dump() {
    const response = await this._wrappedFetch("http://d1/dump", { method: "POST" });
    if (response.status === 200) return response.arrayBuffer();
    throw new Error(`D1_DUMP_ERROR: Status + ${response.status}`, { cause: new Error(`Status ${response.status}`) });
  }
}

class D1PreparedStatement {
  #dbSession;
  statement;
  params;

  constructor(dbSession, statement, params) {
    this.#dbSession = dbSession;
    this.statement = statement;
    this.params = params || [];
  }

  bind(...values) {
    return new D1PreparedStatement(this.#dbSession, this.statement, values.map(parameter));
  }

  async first(colName) {
    const [row = null] = withResults(await this.#ask(OBJECTS)).results;
    if (row === null || colName === undefined) return row;
    const value = row[colName];
    if (value === undefined) throw new Error(`D1_COLUMN_NOTFOUND: Column not found (${colName})`, { cause: new Error("Column not found") });
    return value;
  }

  async run() {
    return this.#ask("/execute?resultsFormat=NONE");
  }

  async all() {
    return withResults(await this.#ask(OBJECTS));
  }

  async raw(options) {
    const { results } = await this.#ask(ROWS);
    if (!results) return [];
    return options?.columnNames ? [results.columns, ...results.rows] : results.rows;
  }

  async #ask(path) {
    if (typeof this.statement !== "string") spanText(this.statement);
    return firstOf(await this.#dbSession._sendOrThrow(path, this.statement, this.params));
  }
}

// parameter is a value as it is sent: binary data becomes an array of bytes.
function parameter(value) {
  const type = typeof value;
  if (type === "number" || type === "string" || value === null) return value;
  if (type === "boolean") return value ? 1 : 0;
  if (Array.isArray(value) && value.every((b) => typeof b == "number" && b >= 0 && b < 256)) return value;
  if (value instanceof ArrayBuffer) return Array.from(new Uint8Array(value));
  if (ArrayBuffer.isView(value)) return Array.from(value);
  throw failure("D1_TYPE_ERROR", `Type '${type}' not supported for value '${value}'`);
}

// spanText throws what workerd's spans throw of a statement that is no text.
function spanText(statement) {
  if (typeof statement === "bigint") return +statement;
  return typeof statement === "symbol" ? `${statement}` : "";
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`Failed to parse body as JSON, got: ${text}`);
  }
}

// result is what one statement of an answer comes to.
function result(answer) {
  if (answer.error) return { success: false, error: answer.error };
  const out = { success: true, meta: answer.meta };
  if ("results" in answer) out.results = answer.results;
  return out;
}

function withResults(result) {
  result.results ??= [];
  return result;
}

const firstOf = (results) => (Array.isArray(results) ? results[0] : results);

// failure is an error whose stack begins with its caller.
function failure(kind, message) {
  const cause = new Error(message);
  const error = new Error(`${kind}: ${message}`, { cause });
  Error.captureStackTrace(cause, failure);
  Error.captureStackTrace(error, failure);
  return error;
}

const needsRPC = () =>
  new Error("D1_ERROR: D1Database.query() requires the d1_binding_jsrpc compatibility flag. Enable d1_binding_jsrpc before calling query().");

// Instance gives its fields to an object that is there.
class Instance {
  constructor(object) {
    return object;
  }
}

// D1Database is workerd's own with other methods: that object can be an argument
// of RPC, none of ours can.
class D1Database extends Instance {
  #fetcher;
  #alwaysPrimarySession;

  constructor({ database, fetcher }) {
    super(database);
    this.#fetcher = fetcher;
    this.#alwaysPrimarySession = new D1DatabaseSessionAlwaysPrimary(fetcher, null);
  }

  prepare(query) {
    return new D1PreparedStatement(this.#alwaysPrimarySession, query);
  }

  async batch(statements) {
    return this.#alwaysPrimarySession.batch(statements);
  }

  async exec(query) {
    return this.#alwaysPrimarySession.exec(query);
  }

  withSession(constraintOrBookmark) {
    constraintOrBookmark = constraintOrBookmark?.trim();
    return new D1DatabaseSession(this.#fetcher, constraintOrBookmark || FIRST_UNCONSTRAINED);
  }

  async query(request) {
    throw needsRPC();
  }

  async dump() {
    return this.#alwaysPrimarySession.dump();
  }
}

const can = (ours, theirs) => Object.getOwnPropertyNames(Object.getPrototypeOf(theirs)).every((name) => name in ours.prototype);

// A workerd whose D1 can do what this one cannot keeps its own.
export default function (env) {
  const { database } = env;
  if (!can(D1Database, database) || !can(D1DatabaseSession, database.withSession()) || !can(D1PreparedStatement, database.prepare(""))) return database;
  Object.setPrototypeOf(D1Database.prototype, Object.getPrototypeOf(Object.getPrototypeOf(database)));
  return Object.setPrototypeOf(new D1Database(env), D1Database.prototype);
}
