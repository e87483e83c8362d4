package evloop

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// SendFile sends the next n bytes of f without passing them through this
// process, and waits until the system has taken them. Like WriteWait it is for
// a goroutine other than the loop's. It returns errors.ErrUnsupported, before
// anything has been sent, for a file that cannot be sent so, and
// io.ErrUnexpectedEOF for one that ends before.
func (c *Conn) SendFile(f *os.File, n int64) (sent int64, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending() > 0 && c.fd >= 0 {
		c.room.Wait()
	}
	for sent < n {
		if c.fd < 0 {
			return sent, net.ErrClosed
		}
		var m int
		var errno error
		if err := raw.Control(func(from uintptr) {
			m, errno = syscall.Sendfile(c.fd, int(from), nil, int(min(n-sent, maxPending)))
		}); err != nil {
			return sent, err
		}
		switch {
		case m > 0:
			sent += int64(m)
		case errno == nil:
			return sent, io.ErrUnexpectedEOF
		case errors.Is(errno, syscall.EAGAIN):
			c.await()
		case errors.Is(errno, syscall.EINTR):
		case sent == 0 && (errors.Is(errno, syscall.EINVAL) || errors.Is(errno, syscall.ENOSYS)):
			return 0, errors.ErrUnsupported
		case errors.Is(errno, syscall.EPIPE) || errors.Is(errno, syscall.ECONNRESET):
			return sent, errno
		default:
			return sent, &fs.PathError{Op: "sendfile", Path: f.Name(), Err: errno}
		}
	}
	return sent, nil
}

// await waits until the system takes more, or the connection has ended. It is
// called with mu held and nothing pending.
func (c *Conn) await() {
	c.waiting = true
	c.interest()
	for c.waiting && c.fd >= 0 {
		c.room.Wait()
	}
}

// awaited ends an await. It is called with mu held.
func (c *Conn) awaited() {
	c.waiting = false
	c.interest()
	c.room.Broadcast()
}
