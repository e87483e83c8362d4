package evloop

import (
	"io"
	"net"
	"runtime"
	"sync"
	"syscall"
)

const (
	readSize      = 64 << 10 // bytes read from a connection at a time
	maxEvents     = 128      // events taken by one epoll_wait
	yieldInterval = 32       // waits after which the loop yields to Go's scheduler
)

// Loop waits for its connections by epoll(7).
type Loop struct {
	epollFD          int
	wakePipe         [2]int  // a byte in it ends epoll_wait
	conns            []*Conn // by file descriptor
	lastID           uint32  // of the connection added last; tells apart connections with the same descriptor
	buf              []byte
	hasNewGoroutines bool // Go was called since the last epoll_wait

	mu     sync.Mutex
	tasks  []func()
	closed bool // no task is accepted any more
	done   chan struct{}
}

// New starts a Loop. Close ends it.
func New() (*Loop, error) {
	epollFD, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	l := &Loop{epollFD: epollFD, buf: make([]byte, readSize), done: make(chan struct{})}
	if err := syscall.Pipe2(l.wakePipe[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		syscall.Close(epollFD)
		return nil, err
	}
	if err := l.control(syscall.EPOLL_CTL_ADD, l.wakePipe[0], syscall.EPOLLIN, 0); err != nil {
		l.closeDescriptors()
		return nil, err
	}
	go l.run()
	return l, nil
}

func (l *Loop) closeDescriptors() {
	syscall.Close(l.epollFD)
	syscall.Close(l.wakePipe[0])
	syscall.Close(l.wakePipe[1])
}

func (l *Loop) control(op, fd int, events, id uint32) error {
	return syscall.EpollCtl(l.epollFD, op, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(id)})
}

// Do queues f to run on the loop's goroutine and returns at once. It reports
// false, and f never runs, when the loop has been closed.
func (l *Loop) Do(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.tasks = append(l.tasks, f)
	if len(l.tasks) == 1 {
		_, _ = syscall.Write(l.wakePipe[1], []byte{1}) // if the pipe is full it has been woken already
	}
	return true
}

// Go runs f on a goroutine of its own and yields to it before the loop waits for
// events again. It is called on the loop's goroutine.
func (l *Loop) Go(f func()) {
	l.hasNewGoroutines = true
	go f()
}

// Close closes all connections and ends the loop. After it has returned no
// Handler is called. It must not be called on the loop's goroutine.
func (l *Loop) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		_, _ = syscall.Write(l.wakePipe[1], []byte{1})
	}
	l.mu.Unlock()
	<-l.done
}

func (l *Loop) run() {
	defer close(l.done)
	defer l.closeDescriptors()
	events := make([]syscall.EpollEvent, maxEvents)
	for waits := 1; ; waits++ {
		n, err := syscall.EpollWait(l.epollFD, events, -1)
		if err != nil && err != syscall.EINTR {
			panic("epoll_wait: " + err.Error()) // possible for an invalid descriptor only
		}
		for i := range max(n, 0) {
			l.dispatch(&events[i])
		}
		// New goroutines start here, before this thread blocks. Without new ones
		// the loop still yields now and then: the runtime's monitor takes a
		// goroutine that is never rescheduled for one that runs too long, and
		// wakes up thousands of times a second to preempt it.
		if l.hasNewGoroutines || waits%yieldInterval == 0 {
			l.hasNewGoroutines = false
			runtime.Gosched()
		}
	}
}

// dispatch passes one event to its connection's handler.
func (l *Loop) dispatch(e *syscall.EpollEvent) {
	if int(e.Fd) == l.wakePipe[0] {
		l.runTasks()
		return
	}
	c := l.conns[e.Fd]
	if c == nil || c.id != uint32(e.Pad) {
		return // closed by an earlier event of this wait
	}
	if e.Events&syscall.EPOLLOUT != 0 && c.flush() {
		c.handler.Drained(c)
	}
	if c.fd < 0 {
		return
	}
	switch {
	case e.Events&syscall.EPOLLIN != 0:
		l.read(c)
	case e.Events&(syscall.EPOLLHUP|syscall.EPOLLERR) != 0:
		c.fail(syscall.ECONNRESET)
	}
}

func (l *Loop) runTasks() {
	var b [64]byte
	_, _ = syscall.Read(l.wakePipe[0], b[:])
	l.mu.Lock()
	tasks, closed := l.tasks, l.closed
	l.tasks = nil
	l.mu.Unlock()
	for _, f := range tasks {
		f()
	}
	if !closed {
		return
	}
	for _, c := range l.conns {
		if c != nil {
			c.fail(net.ErrClosed)
		}
	}
	runtime.Goexit() // run's deferred calls clean up
}

func (l *Loop) read(c *Conn) {
	n, err := rawRead(c.fd, l.buf)
	switch {
	case n > 0:
		c.handler.Data(c, l.buf[:n])
	case err == 0:
		c.fail(io.EOF)
	case err != syscall.EAGAIN && err != syscall.EINTR:
		c.fail(err)
	}
}

// Attach moves nc into the loop and calls ready, which may be nil, on the loop's
// goroutine before anything is read. nc itself is closed in any case; the loop
// uses a duplicate of its descriptor. If the loop cannot add it, h.Closed is
// called with a nil Conn.
func (l *Loop) Attach(nc net.Conn, h Handler, ready func(*Conn)) error {
	fd, err := duplicateDescriptor(nc)
	nc.Close() // fd is a duplicate and stays open
	if err != nil {
		return err
	}
	added := l.Do(func() {
		c, err := l.add(fd, h)
		if err != nil {
			h.Closed(nil, err)
			return
		}
		if ready != nil {
			ready(c)
		}
	})
	if !added {
		syscall.Close(fd)
		return net.ErrClosed
	}
	return nil
}

// DialUnix connects to a unix socket. It is called on the loop's goroutine and
// does not block: a listener whose backlog is full is an error.
func (l *Loop) DialUnix(path string, h Handler) (*Conn, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	return l.add(fd, h)
}

func (l *Loop) add(fd int, h Handler) (*Conn, error) {
	l.lastID++
	c := &Conn{loop: l, fd: fd, id: l.lastID, handler: h}
	c.writable.L = &c.mu
	if err := l.control(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLIN, c.id); err != nil {
		syscall.Close(fd)
		return nil, err
	}
	for fd >= len(l.conns) {
		l.conns = append(l.conns, make([]*Conn, max(64, len(l.conns)))...)
	}
	l.conns[fd] = c
	return c, nil
}

// duplicateDescriptor duplicates the file descriptor of nc.
func duplicateDescriptor(nc net.Conn) (fd int, err error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return 0, ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno syscall.Errno
	err = raw.Control(func(source uintptr) {
		var duplicate uintptr
		duplicate, _, errno = syscall.Syscall(syscall.SYS_FCNTL, source, syscall.F_DUPFD_CLOEXEC, 0)
		fd = int(duplicate)
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return fd, err
}
