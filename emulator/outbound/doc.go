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
//  1. mocks (mocks.go finds, match.go compares, mockanswer.go answers);
//  2. what is inside flint: Emulator.inside (emulator/inside.go) knows the routes of
//     Workers, Pages and public buckets. A route of the Worker's own zone counts only
//     with global_fetch_strictly_public, as on Cloudflare;
//  3. hosts that flint.toml names: replay (replay.go), record (record.go), allow
//     (connect.go);
//  4. the hosts of ai.Models.Providers; 5. this machine; 6. what a bare * lets
//     through.
//
// Everything else is answered 502 with the host and the line for flint.toml. connect() is
// refused. The service internet, which workerd would add by itself, is the same gate.
// workerd follows redirects itself, so each hop comes to the gate. Gate.Configure swaps
// the rules as a whole while requests go on; files of mocks and cassettes are read again
// when their size or time changed, at the next call.
//
// A provider is a table of calls (ai/openai.go, anthropic.go, deepseek.go, openrouter.go,
// workersai.go, gateway.go). Each turns its request into the inputs of a chat completion,
// provider.ask gives them to the engine, and the answer goes back in the provider's own
// shape.
package outbound
