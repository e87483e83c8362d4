package evloop

import (
	"net"
	"runtime"
	"sync"
	"syscall"
)

const (
	readSize  = 64 << 10 // bytes taken from a connection at a time
	maxEvents = 128      // connections served between two waits
	maxTurns  = 32       // waits between two looks of Go's scheduler
)

// Loop waits for its connections by epoll(7).
type Loop struct {
	ep    int
	wake  [2]int  // a pipe: a byte in it ends the wait
	conns []*Conn // by file descriptor
	count uint32  // of connections ever, to tell a descriptor's users apart
	buf   []byte
	began bool // Go was called since the last wait

	mu     sync.Mutex
	tasks  []func()
	closed bool // no more tasks
	done   chan struct{}
}

// New starts a Loop. Close ends it.
func New() (*Loop, error) {
	ep, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	l := &Loop{ep: ep, buf: make([]byte, readSize), done: make(chan struct{})}
	if err := syscall.Pipe2(l.wake[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		syscall.Close(ep)
		return nil, err
	}
	if err := l.control(syscall.EPOLL_CTL_ADD, l.wake[0], syscall.EPOLLIN, 0); err != nil {
		l.free()
		return nil, err
	}
	go l.run()
	return l, nil
}

func (l *Loop) free() {
	syscall.Close(l.ep)
	syscall.Close(l.wake[0])
	syscall.Close(l.wake[1])
}

func (l *Loop) control(op, fd int, events, id uint32) error {
	return syscall.EpollCtl(l.ep, op, fd, &syscall.EpollEvent{Events: events, Fd: int32(fd), Pad: int32(id)})
}

// Do runs f on the loop's goroutine, soon. It reports false, and f does not
// run, when the loop has been closed.
func (l *Loop) Do(f func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.tasks = append(l.tasks, f)
	if len(l.tasks) == 1 {
		_, _ = syscall.Write(l.wake[1], []byte{1}) // a full pipe wakes as well
	}
	return true
}

// Go runs f on a goroutine of its own; the loop lets it begin before it waits
// again. It is called on the loop's goroutine.
func (l *Loop) Go(f func()) {
	l.began = true
	go f()
}

// Close closes all connections and ends the loop. It returns when no Handler
// is called any more. It must not be called on the loop's goroutine.
func (l *Loop) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		_, _ = syscall.Write(l.wake[1], []byte{1})
	}
	l.mu.Unlock()
	<-l.done
}

func (l *Loop) run() {
	defer close(l.done)
	defer l.free()
	events := make([]syscall.EpollEvent, maxEvents)
	for turn := 1; ; turn++ {
		n, err := syscall.EpollWait(l.ep, events, -1)
		if err != nil && err != syscall.EINTR {
			panic("epoll_wait: " + err.Error()) // only a closed or wrong descriptor
		}
		for i := range max(n, 0) {
			l.serve(&events[i])
		}
		// What began runs here, before this thread waits. Without that, now and
		// then all the same: of a goroutine that is never seen to begin anew the
		// runtime's monitor thinks that it runs for too long, and wakes up
		// thousands of times a second to take its place away.
		if l.began || turn%maxTurns == 0 {
			l.began = false
			runtime.Gosched()
		}
	}
}

// serve takes one event.
func (l *Loop) serve(e *syscall.EpollEvent) {
	if int(e.Fd) == l.wake[0] {
		l.runTasks()
		return
	}
	c := l.conns[e.Fd]
	if c == nil || c.id != uint32(e.Pad) {
		return // closed by an event before this one
	}
	if e.Events&syscall.EPOLLOUT != 0 && c.flush() {
		c.h.Drained(c)
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
	_, _ = syscall.Read(l.wake[0], b[:])
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
	runtime.Goexit() // the deferred calls of run clean up
}

func (l *Loop) read(c *Conn) {
	n, err := rawRead(c.fd, l.buf)
	switch {
	case n > 0:
		c.h.Data(c, l.buf[:n])
	case err == 0:
		c.fail(errEOF)
	case err != syscall.EAGAIN && err != syscall.EINTR:
		c.fail(err)
	}
}

// Attach takes a connection over and calls ready with it on the loop's
// goroutine, before anything is read. After an error nc is closed.
func (l *Loop) Attach(nc net.Conn, h Handler, ready func(*Conn)) error {
	fd, err := descriptor(nc)
	nc.Close() // fd is a duplicate
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
// does not wait: a listener whose queue is full is an error.
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
	l.count++
	c := &Conn{loop: l, fd: fd, id: l.count, h: h}
	c.room.L = &c.mu
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

// descriptor duplicates the file descriptor of nc.
func descriptor(nc net.Conn) (fd int, err error) {
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return 0, ErrUnsupported
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, err
	}
	var errno syscall.Errno
	err = raw.Control(func(old uintptr) {
		var r uintptr
		r, _, errno = syscall.Syscall(syscall.SYS_FCNTL, old, syscall.F_DUPFD_CLOEXEC, 0)
		fd = int(r)
	})
	if err == nil && errno != 0 {
		err = errno
	}
	return fd, err
}
