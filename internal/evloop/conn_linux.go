package evloop

import (
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

// maxPending is how many unsent bytes a connection may have before WriteWait
// blocks, and the most that SendFile sends in one system call.
const maxPending = 256 << 10

// Conn is a connection of a Loop. Write and Pending may be called from any
// goroutine, WriteWait and SendFile from any but the loop's, everything else on
// the loop's.
type Conn struct {
	loop    *Loop
	id      uint32 // unique in the loop; fd numbers are reused
	handler Handler
	paused  bool

	mu       sync.Mutex
	writable sync.Cond // signals WriteWait and SendFile that they may go on
	fd       int       // -1 once closed or detached
	out      []byte    // output that the socket did not take at once
	outSent  int       // bytes of out that have been sent since

	awaitsWritable bool // SendFile waits for room in the socket's buffer
}

// Write sends b. What the socket does not take at once is kept and sent later.
// It never blocks: a caller that writes much bounds the memory by Pending.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.write(b)
}

func (c *Conn) write(b []byte) (int, error) {
	if c.fd < 0 {
		return 0, net.ErrClosed
	}
	remaining := b
	if len(c.out) == 0 {
		n, err := rawWrite(c.fd, b)
		if err != 0 {
			return n, err
		}
		remaining = b[n:]
	}
	if len(remaining) == 0 {
		return len(b), nil
	}
	wasEmpty := len(c.out) == 0
	c.out = append(c.out, remaining...)
	if wasEmpty {
		c.updateInterest()
	}
	return len(b), nil
}

// WriteWait is Write for a goroutine other than the loop's: it blocks while
// more than 256 KiB are unsent.
func (c *Conn) WriteWait(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := 0
	for len(b) > 0 {
		chunk := b[:min(len(b), maxPending)]
		n, err := c.write(chunk)
		written += n
		if err != nil {
			return written, err
		}
		b = b[len(chunk):]
		for c.pending() > maxPending && c.fd >= 0 {
			c.writable.Wait()
		}
	}
	return written, nil
}

// Pending is how many bytes have been written and not sent yet.
func (c *Conn) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending()
}

func (c *Conn) pending() int { return len(c.out) - c.outSent }

// flush sends unsent output after the socket became writable and reports
// whether all of it has been sent.
func (c *Conn) flush() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd >= 0 && c.awaitsWritable && len(c.out) == 0 {
		c.signalWritable()
	}
	if c.fd < 0 || len(c.out) == 0 {
		return false
	}
	n, err := rawWrite(c.fd, c.out[c.outSent:])
	if err != 0 {
		return false // the error event that follows closes the connection
	}
	c.outSent += n
	if c.pending() <= maxPending {
		c.writable.Broadcast()
	}
	if c.pending() > 0 {
		return false
	}
	c.out, c.outSent = nil, 0
	c.updateInterest()
	return true
}

// updateInterest tells epoll which events to wait for. It is called with mu
// held.
func (c *Conn) updateInterest() {
	var events uint32
	if !c.paused {
		events = syscall.EPOLLIN
	}
	if len(c.out) > 0 || c.awaitsWritable {
		events |= syscall.EPOLLOUT
	}
	_ = c.loop.control(syscall.EPOLL_CTL_MOD, c.fd, events, c.id) // cannot fail: add registered fd
}

// Pause stops reading. That the peer hangs up meanwhile is noticed after
// Resume.
func (c *Conn) Pause() { c.setPaused(true) }

// Resume ends a Pause.
func (c *Conn) Resume() { c.setPaused(false) }

func (c *Conn) setPaused(paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fd >= 0 && c.paused != paused {
		c.paused = paused
		c.updateInterest()
	}
}

// unregister removes the connection from the loop. It returns its descriptor and
// its unsent output; -1 when it was closed or detached before.
func (c *Conn) unregister() (fd int, unsent []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fd, unsent = c.fd, c.out[c.outSent:]
	if fd < 0 {
		return fd, nil
	}
	c.fd, c.out, c.outSent = -1, nil, 0
	c.loop.conns[fd] = nil
	c.writable.Broadcast()
	return fd, unsent
}

// Close closes the connection and drops its unsent output. Handler.Closed is
// not called.
func (c *Conn) Close() {
	if fd, _ := c.unregister(); fd >= 0 {
		syscall.Close(fd) // which also removes it from epoll
	}
}

// fail closes the connection and tells its handler why.
func (c *Conn) fail(err error) {
	if fd, _ := c.unregister(); fd >= 0 {
		syscall.Close(fd)
		c.handler.Closed(c, err)
	}
}

// Detach removes the connection from the loop without closing it, for a caller
// that goes on with it on a goroutine. unsent is output that the caller must
// send first. Handler.Closed is not called. After Close, or a second time, it
// fails with net.ErrClosed.
func (c *Conn) Detach() (nc net.Conn, unsent []byte, err error) {
	fd, unsent := c.unregister()
	if fd < 0 {
		return nil, nil, net.ErrClosed
	}
	_ = c.loop.control(syscall.EPOLL_CTL_DEL, fd, 0, 0) // FileConn duplicates fd, which would keep the registration alive
	f := os.NewFile(uintptr(fd), "")
	defer f.Close()
	nc, err = net.FileConn(f)
	return nc, unsent, err
}

// rawRead and rawWrite do not announce the system call to Go's scheduler: on a
// non-blocking socket the call returns before another goroutine could use the
// thread.
func rawRead(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if err != 0 {
		return 0, err
	}
	return int(n), 0
}

// rawWrite writes as much as the socket takes.
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
