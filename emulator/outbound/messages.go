package outbound

const refusedText = `flint refused fetch() to %s: it is offline unless a host is allowed.
To let Workers reach it, put this into flint.toml:

[outbound]
allow = [%q]

record = [%[2]q] instead keeps what it answers, for replay; a mock needs no network.
`

const refusedNoHost = "flint refused a fetch() that names no host.\n"

const failedText = "flint could not reach %s: %v\n"

const untrustedText = `flint reached %s and does not trust its certificate: %v
If a proxy or a test server of yours signed it, name the authority in flint.toml:

[outbound]
ca = "ca.pem"
`

const canceledText = "flint stopped the fetch() to %s: the Worker gave up, or flint is stopping.\n"

const connectText = "flint does not serve connect() (TCP sockets) of a Worker yet.\n"

const ownZoneText = `flint refused fetch() to %s, which is a route of the Worker's own zone.
Without the flag global_fetch_strictly_public Cloudflare sends such a fetch() past the Workers, to the zone's origin server; flint has none.
Add "global_fetch_strictly_public" to compatibility_flags, call the Worker through a service binding, or stand in for the origin:
a mock, or allow = [%q] under [outbound] in flint.toml.
`

const mockMissedText = "The mock %s (%s) is for this host and did not match: it differs in %s.\n"

const mockFileText = "flint cannot read the file of the mock %q: %s\n"

const (
	replayMissText   = "flint replays this host and has no recording of %s %s in %s.\n"
	replayEmptyText  = "The cassette is empty. Record it first: record = [%q] under [outbound] in flint.toml.\n"
	replayNearText   = "The nearest is %s %s; it differs in %s.\nRecord it again with record = [%q] under [outbound] in flint.toml, or change the cassette.\n"
	replayBrokenText = "flint cannot read the cassette %s: %v\n"
	replayLargeText  = "flint replays requests of up to %d bytes only.\n"
)
