package evloop

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// maxPending is how many unsent bytes WriteWait leaves to the loop.
const maxPending = 256 << 10

var errEOF = io.EOF

// Conn is a connection of a Loop. Write, WriteWait and Pending may be called
// from any goroutine, everything else on the loop's.
type Conn struct {
	loop   *Loop
	id     uint32
	h      Handler
	paused bool

	mu   sync.Mutex
	room sync.Cond // for WriteWait and SendFile
	fd   int       // -1 once closed or detached
	out  []byte    // what could not be sent at once
	sent int       // how much of out has been sent since

	waiting bool // a goroutine awaits that the system takes more
}

// Write sends b; what the system does not take at once is kept and sent later.
// It never waits: whoever writes more than a little looks at Pending.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(b)
}

func (c *Conn) write(b []byte) (int, error) {
	if c.fd < 0 {
		return 0, net.ErrClosed
	}
	rest := b
	if len(c.out) == 0 {
		n, err := rawWrite(c.fd, b)
		if err != 0 {
			return n, err
		}
		rest = b[n:]
	}
	if len(rest) == 0 {
		return len(b), nil
	}
	first := len(c.out) == 0
	c.out = append(c.out, rest...)
	if first {
		c.interest()
	}
	return len(b), nil
}

// WriteWait is Write for a goroutine other than the loop's: it waits while
// more than 256 KiB are unsent.
func (c *Conn) WriteWait(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := 0
	for len(b) > 0 {
		part := b[:min(len(b), maxPending)]
		n, err := c.write(part)
		written += n
		if err != nil {
			return written, err
		}
		b = b[len(part):]
		for c.pending() > maxPending && c.fd >= 0 {
			c.room.Wait()
		}
	}
	return written, nil
}

// Pending is how many bytes wait to be sent.
func (c *Conn) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending()
}

func (c *Conn) pending() int { return len(c.out) - c.sent }

// flush sends what waits and reports whether that was all of it.
func (c *Conn) flush() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd >= 0 && c.waiting && len(c.out) == 0 {
		c.awaited()
	}
	if c.fd < 0 || len(c.out) == 0 {
		return false
	}
	n, err := rawWrite(c.fd, c.out[c.sent:])
	if err != 0 {
		return false // the event that follows tells
	}
	c.sent += n
	if c.pending() <= maxPending {
		c.room.Broadcast()
	}
	if c.pending() > 0 {
		return false
	}
	c.out, c.sent = nil, 0
	c.interest()
	return true
}

// interest tells the system what to wait for. It is called with mu held.
func (c *Conn) interest() {
	var events uint32
	if !c.paused {
		events = syscall.EPOLLIN
	}
	if len(c.out) > 0 || c.waiting {
		events |= syscall.EPOLLOUT
	}
	_ = c.loop.control(syscall.EPOLL_CTL_MOD, c.fd, events, c.id) // it is there: add put it
}

// Pause stops reading. A peer that hangs up meanwhile is seen after Resume.
func (c *Conn) Pause() { c.setPaused(true) }

// Resume goes on reading.
func (c *Conn) Resume() { c.setPaused(false) }

func (c *Conn) setPaused(paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd >= 0 && c.paused != paused {
		c.paused = paused
		c.interest()
	}
}

// take ends the loop's part in the connection and returns its descriptor and
// what was not sent; -1 when it had ended before.
func (c *Conn) take() (fd int, unsent []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fd, unsent = c.fd, c.out[c.sent:]
	if fd < 0 {
		return fd, nil
	}
	c.fd, c.out, c.sent = -1, nil, 0
	c.loop.conns[fd] = nil
	c.room.Broadcast()
	return fd, unsent
}

// Close closes the connection; what is unsent is dropped.
func (c *Conn) Close() {
	if fd, _ := c.take(); fd >= 0 {
		syscall.Close(fd) // epoll forgets it
	}
}

func (c *Conn) fail(err error) {
	if fd, _ := c.take(); fd >= 0 {
		syscall.Close(fd)
		c.h.Closed(c, err)
	}
}

// Detach gives the connection to a goroutine, with what was not sent yet.
func (c *Conn) Detach() (nc net.Conn, unsent []byte, err error) {
	fd, unsent := c.take()
	if fd < 0 {
		return nil, nil, net.ErrClosed
	}
	_ = c.loop.control(syscall.EPOLL_CTL_DEL, fd, 0, 0) // FileConn's duplicate would keep it alive
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	nc, err = net.FileConn(f)
	return nc, unsent, err
}

// rawRead and rawWrite do not tell Go's scheduler: on a socket that does not
// block they are over before it could do anything with the thread.
func rawRead(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}

// rawWrite writes what the system takes.
func rawWrite(fd int, b []byte) (int, syscall.Errno) {
	done := 0
	for done < len(b) {
		n, _, err := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[done])), uintptr(len(b)-done))
		switch err {
		case 0:
			done += int(n)
		case syscall.EINTR:
		case syscall.EAGAIN:
			return done, 0
		default:
			return done, err
		}
	}
	return done, 0
}
