// The entry module that flint puts around a Worker. It costs one promise a
// request until something throws; then the exception is printed in order with
// console.* and the response carries it to the front.
import * as user from "flint:main";
export * from "flint:main";
/* flint:default */

const TOKEN = "flint:token";
const WORKER = "flint:worker";
const main = user.default;

// How a Worker without a queue() handler answers a batch: a delay that no
// handler can ask for. flint reads it (events.go) and keeps the messages.
const noQueueHandler = (batch) => batch.retryAll({ delaySeconds: 2147483647 });

function describe(error, handler) {
  const isError = error instanceof Error || (typeof error?.stack === "string" && typeof error?.message === "string");
  const causes = [];
  for (let c = isError ? error.cause : undefined; c !== undefined && c !== null && causes.length < 5; c = c.cause) {
    causes.push(String(c?.stack ?? c));
  }
  return {
    worker: WORKER,
    handler,
    name: isError ? String(error.name) : "Error",
    message: isError ? String(error.message) : String(error),
    stack: isError ? String(error.stack) : "",
    causes,
  };
}

function report(error, handler) {
  const what = JSON.stringify(describe(error, handler));
  console.error(TOKEN + what);
  return what;
}

function failed(error) {
  return new Response(report(error, "fetch"), { status: 500, headers: { "X-Flint-Exception": TOKEN } });
}

function rethrowing(handler) {
  return async function (arg, env, ctx) {
    watch(ctx);
    try {
      return await main[handler](arg, env, ctx);
    } catch (error) {
      report(error, handler);
      throw error;
    }
  };
}

function wrapObject() {
  const entry = {
    // Not async: it would cost each request a promise and two turns more.
    fetch(request, env, ctx) {
      watch(ctx);
      try {
        const response = main.fetch(request, env, ctx);
        return typeof response?.then === "function" ? response.then(undefined, failed) : response;
      } catch (error) {
        return failed(error);
      }
    },
  };
  if (typeof main?.fetch !== "function") {
    entry.fetch = () => failed(new TypeError("The Worker has no fetch() handler: export default { async fetch(request, env, ctx) { … } }"));
  }
  for (const handler of ["queue", "scheduled", "email", "tail", "trace"]) {
    if (typeof main?.[handler] === "function") entry[handler] = rethrowing(handler);
  }
  entry.queue ??= noQueueHandler;
  return entry;
}

function wrapClass() {
  const entry = class extends main {
    constructor(ctx, env) {
      watch(ctx);
      super(ctx, env);
    }
    async fetch(request) {
      try {
        return await super.fetch(request);
      } catch (error) {
        return failed(error);
      }
    }
  };
  if (typeof main.prototype.queue !== "function") entry.prototype.queue = noQueueHandler;
  for (const handler of ["queue", "scheduled", "email", "tail"]) {
    if (typeof main.prototype[handler] !== "function") continue;
    entry.prototype[handler] = async function (arg) {
      try {
        return await main.prototype[handler].call(this, arg);
      } catch (error) {
        report(error, handler);
        throw error;
      }
    };
  }
  return entry;
}

export const __flint_entry = typeof main === "function" ? wrapClass() : wrapObject();

// What fails after the response was sent is seen nowhere else. The class of ctx
// has no global name, so it is met at the first event. ctx.exports is one object
// for all events: the entrypoint of this module is taken out of it there.
let watching = false;
function watch(ctx) {
  if (watching || !ctx) return;
  watching = true;
  if (ctx.exports) delete ctx.exports.__flint_entry;
  const prototype = Object.getPrototypeOf(ctx);
  const waitUntil = prototype.waitUntil;
  prototype.waitUntil = function (promise) {
    const watched = Promise.resolve(promise).catch((error) => {
      report(error, "waitUntil");
      throw error;
    });
    return waitUntil.call(this, watched);
  };
}
addEventListener("unhandledrejection", (event) => report(event.reason, "promise"));
