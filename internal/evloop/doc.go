// Package evloop serves many connections from one goroutine that waits for all
// of them with epoll(7).
//
// A goroutine for each connection, Go's usual way, costs two wake-ups and a
// failed read for each message. Under load a Loop reads the messages of all ready
// connections after one system call. The connections of clients, those to
// workerd and most of those from workerd are in one Loop.
//
// A Loop calls each connection's Handler on its own goroutine, so a handler must
// not block: it writes with Conn.Write, which keeps what the socket does not
// take, and stops a fast sender with Conn.Pause. Work that blocks runs on a
// goroutine started by Loop.Go, which answers with Conn.WriteWait or
// Conn.SendFile; Conn.Detach hands a whole connection to a goroutine.
//
// The package knows no HTTP. It exists on Linux; elsewhere New returns
// ErrUnsupported and callers serve each connection on a goroutine.
package evloop
