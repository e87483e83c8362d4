package evloop

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"syscall"
)

// SendFile sends the next n bytes of f by sendfile(2), without copying them
// through this process, and blocks until the socket has taken them. Like
// WriteWait it is for a goroutine other than the loop's. It returns
// errors.ErrUnsupported, before anything has been sent, for a file that
// sendfile(2) cannot read, and io.ErrUnexpectedEOF for one that is shorter.
func (c *Conn) SendFile(f *os.File, n int64) (sent int64, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.pending() > 0 && c.fd >= 0 {
		c.writable.Wait()
	}
	for sent < n {
		if c.fd < 0 {
			return sent, net.ErrClosed
		}
		var written int
		var errno error
		if err := raw.Control(func(source uintptr) {
			written, errno = syscall.Sendfile(c.fd, int(source), nil, int(min(n-sent, maxPending)))
		}); err != nil {
			return sent, err
		}
		switch {
		case written > 0:
			sent += int64(written)
		case errno == nil:
			return sent, io.ErrUnexpectedEOF
		case errors.Is(errno, syscall.EAGAIN):
			c.waitWritable()
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

// waitWritable blocks until the socket takes more or the connection has ended.
// It is called with mu held and no output pending.
func (c *Conn) waitWritable() {
	c.awaitsWritable = true
	c.updateInterest()
	for c.awaitsWritable && c.fd >= 0 {
		c.writable.Wait()
	}
}

// signalWritable ends waitWritable. It is called with mu held.
func (c *Conn) signalWritable() {
	c.awaitsWritable = false
	c.updateInterest()
	c.writable.Broadcast()
}
