package outbound

const refusedText = `flint refused fetch() to %s: it is offline unless a host is allowed.
To let Workers reach it, put this into flint.toml and start again:

[outbound]
allow = [%q]
`

const refusedNoHost = "flint refused a fetch() that names no host.\n"

const failedText = "flint could not reach %s: %v\n"

const canceledText = "flint stopped the fetch() to %s: the Worker gave up, or flint is stopping.\n"

const connectText = "flint does not serve connect() (TCP sockets) of a Worker yet.\n"
