// Package outbound is the gate that every fetch() of a Worker passes. It is
// offline by default: a request goes to a mock, to a handler inside flint, to a
// cassette, to this machine, or to a host that the user allowed; everything
// else is refused at once with a reply that says how to allow it. A journal
// keeps each call.
//
// Bodies stream both ways, redirects and compressed bodies pass as they are,
// and WebSocket upgrades pass.
//
// # One call of fetch()
//
// globalOutbound of each Worker is the service outbound/<worker>.
// outbound.Gate.ServeBinding notes the call in the journal and decides in route, in this
// order:
//
//  1. mocks (mock_set.go finds, match.go compares, mock_answer.go answers);
//  2. what is inside flint: Emulator.inside (emulator/internal_routes.go) knows the routes of
//     Workers, Pages and public buckets. A route of the Worker's own zone counts only
//     with global_fetch_strictly_public, as on Cloudflare;
//  3. hosts that flint.toml names: replay (replay.go), record (record.go), allow
//     (forward.go);
//  4. the hosts of ai.Models.Providers; 5. this machine; 6. what a bare * lets
//     through.
//
// Everything else is answered 502 with the host and the line for flint.toml. connect() is
// refused. The service internet, which workerd would add by itself, is the same gate.
// workerd follows redirects itself, so each hop comes to the gate. Gate.Configure swaps
// the rules as a whole while requests go on; files of mocks and cassettes are read again
// when their size or time changed, at the next call.
//
// How a provider answers is the documentation of ai/providers.
package outbound
