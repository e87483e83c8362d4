using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "dispatcher", worker = (
      modules = [(name = "dispatcher.js", esModule = embed "dispatcher.js")],
      compatibilityDate = "2026-04-01",
      compatibilityFlags = ["service_binding_extra_handlers"],
      bindings = [(name = "USER", service = "new")],
    )),
    (name = "new", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-04-01",
      bindings = [(name = "QUEUE", queue = "q:analytics")],
    )),
    (name = "old", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2024-01-01",
      bindings = [(name = "QUEUE", queue = "q:analytics")],
    )),
    (name = "q:analytics", external = (address = "unix:SOCKET", http = (
      injectRequestHeaders = [(name = "X-Flint-Binding", value = "queues/analytics?delay=0")],
    ))),
  ],
  sockets = [
    (name = "dispatcher", address = "127.0.0.1:0", http = (), service = "dispatcher"),
    (name = "new", address = "127.0.0.1:0", http = (), service = "new"),
    (name = "old", address = "127.0.0.1:0", http = (), service = "old"),
  ],
);
