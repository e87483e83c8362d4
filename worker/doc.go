// Package worker runs Workers: it bundles them, writes workerd's
// configuration, supervises the process, hands requests and events to it, and
// turns its output into logs. One Runtime is one workerd process that runs all
// Workers of a project.
//
// # One reload
//
// emulator/watch.go watches the folders of all files that the bundle was made from. After
// 5 ms without another change it calls Runtime.Reload:
//
//  1. buildAll: each Worker's esbuild session bundles again, knowing what did not
//     change. After a build error the old code goes on and the error is printed. If
//     the hash of everything that runs is the same, nothing happens.
//  2. replace without Durable Objects: a new workerd starts in <run>/N+1 beside the
//     old one. When all its sockets listen, setCurrent sends new requests there. The
//     old one gets 5 seconds for its requests (generation.drain) and is killed.
//  3. replace with Durable Objects (or an inspector): two processes must never open
//     the same object storage. setCurrent(nil) makes acquire hold new requests, the
//     old process drains and is killed, then the new one starts and the held requests
//     go on. A request is held for 30 seconds at most. WebSockets do not hold a reload
//     up; they end with the old process.
//  4. If the new code does not start, restore brings the last good code back.
//
// A generation has as many processes as --isolates asks for, each with the same modules
// and sockets of its own; one where Durable Objects or the inspector's port cannot be
// shared. They start, reload and restart together.
//
// A changed Wrangler file is read again first (reloadConfig). New, removed or renamed
// Workers, and settings of flint.toml such as ports, need a restart of flint; flint says
// so. [outbound] (Gate.Configure) and [[r2.notifications]] are taken over.
//
// # One crash
//
// A workerd ends on its own: Runtime.supervise sees Process.Exited, logs the reason, takes
// the generation out of use and starts the same builds again, at once the first time, then
// after 100 ms, doubling to 5 s; after a minute of good running it begins anew. A request
// under way fails with a CrashError, which front.WriteError writes as a 502. crashed waits
// up to 250 ms until the exit is certain, so that the next request waits for the
// successor.
//
// flint ends, however: on Linux the kernel kills workerd (Pdeathsig, with the thread that
// started it kept alive). Elsewhere a small shell blocks on a pipe that only flint holds
// and kills the child when it closes.
package worker
