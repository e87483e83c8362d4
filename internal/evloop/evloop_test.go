//go:build linux

package evloop

import (
	"bytes"
	"errors"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// owner is a Handler made of functions; nil ones do nothing.
type owner struct {
	data    func(c *Conn, b []byte)
	drained func(c *Conn)
	closed  func(err error)
}

func (o owner) Data(c *Conn, b []byte) {
	if o.data != nil {
		o.data(c, b)
	}
}

func (o owner) Drained(c *Conn) {
	if o.drained != nil {
		o.drained(c)
	}
}

func (o owner) Closed(_ *Conn, err error) {
	if o.closed != nil {
		o.closed(err)
	}
}

func newLoop(t *testing.T) *Loop {
	t.Helper()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// pair returns both ends of a connection over loopback.
func pair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if far, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	_ = far.SetDeadline(time.Now().Add(20 * time.Second))
	return near, far
}

// attach puts near into the loop and waits for its Conn.
func attach(t *testing.T, l *Loop, near net.Conn, h Handler) *Conn {
	t.Helper()
	got := make(chan *Conn, 1)
	if err := l.Attach(near, h, func(c *Conn) { got <- c }); err != nil {
		t.Fatal(err)
	}
	return <-got
}

func echo(c *Conn, b []byte) { _, _ = c.Write(b) }

func TestEchoOnManyConnections(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	var all sync.WaitGroup
	for i := range 50 {
		near, far := pair(t)
		attach(t, l, near, owner{data: echo})
		all.Go(func() {
			for n := range 20 {
				sent := bytes.Repeat([]byte{byte(i), byte(n)}, 100+n)
				got := make([]byte, len(sent))
				if _, err := far.Write(sent); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, sent) {
					t.Errorf("connection %d: %v", i, err)
				}
			}
		})
	}
	all.Wait()
}

func TestWhatTheSystemDoesNotTakeIsSentLater(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := pair(t)
	drained := make(chan bool, 1)
	c := attach(t, l, near, owner{drained: func(*Conn) { drained <- true }})
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	if n, err := c.Write(sent); n != len(sent) || err != nil {
		t.Fatal(n, err)
	}
	if c.Pending() == 0 {
		t.Fatal("16 MiB went out at once")
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, sent) {
		t.Fatal("other bytes", err)
	}
	<-drained
	if n := c.Pending(); n != 0 {
		t.Errorf("%d bytes pending after Drained", n)
	}
}

func TestWriteWaitIsBounded(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := pair(t)
	c := attach(t, l, near, owner{})
	sent := bytes.Repeat([]byte("x"), 32<<20)
	done := make(chan error, 1)
	go func() { _, err := c.WriteWait(sent); done <- err }()
	got, most := 0, 0
	buf := make([]byte, 1<<20)
	for got < len(sent) {
		n, err := far.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got += n
		most = max(most, c.Pending())
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if most > 2*maxPending {
		t.Errorf("%d bytes were held at once", most)
	}
}

func TestWriteWaitEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := pair(t)
	closed := make(chan error, 1)
	c := attach(t, l, near, owner{closed: func(err error) { closed <- err }})
	done := make(chan error, 1)
	go func() { _, err := c.WriteWait(make([]byte, 64<<20)); done <- err }()
	far.Close()
	if err := <-done; err == nil {
		t.Error("64 MiB were written to nobody")
	}
	<-closed
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
}

func TestPeerHangsUp(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := pair(t)
	closed := make(chan error, 1)
	attach(t, l, near, owner{closed: func(err error) { closed <- err }})
	far.Close()
	if err := <-closed; err != io.EOF {
		t.Errorf("closed by %v, want EOF", err)
	}
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := pair(t)
	got := make(chan string, 10)
	c := attach(t, l, near, owner{data: func(_ *Conn, b []byte) { got <- string(b) }})
	on(l, c.Pause)
	io.WriteString(far, "early")
	on(l, func() {}) // a turn of the loop in which it could have been read
	select {
	case s := <-got:
		t.Fatalf("%q was read while paused", s)
	default:
	}
	on(l, c.Resume)
	if s := <-got; s != "early" {
		t.Errorf("read %q", s)
	}
}

// on runs f on the loop and waits for it.
func on(l *Loop, f func()) {
	done := make(chan bool)
	l.Do(func() { f(); close(done) })
	<-done
}

func TestDetachGivesTheConnectionAndWhatIsUnsent(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := pair(t)
	c := attach(t, l, near, owner{data: echo, closed: func(err error) { t.Error("closed", err) }})
	sent := bytes.Repeat([]byte("y"), 8<<20)
	if _, err := c.Write(sent); err != nil {
		t.Fatal(err)
	}
	var nc net.Conn
	var unsent []byte
	var err error
	on(l, func() { nc, unsent, err = c.Detach() })
	if err != nil || len(unsent) == 0 {
		t.Fatal(len(unsent), err)
	}
	defer nc.Close()
	go func() { _, _ = nc.Write(append(unsent, "end"...)) }()
	got := make([]byte, len(sent)+3)
	if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got[:len(sent)], sent) || string(got[len(sent):]) != "end" {
		t.Fatal("other bytes", err)
	}
	io.WriteString(far, "back")
	b := make([]byte, 4)
	if _, err := io.ReadFull(nc, b); err != nil || string(b) != "back" {
		t.Errorf("%q %v", b, err)
	}
	on(l, func() { _, _, err = c.Detach() })
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Detach: %v", err)
	}
}

func TestDialUnix(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "s")
	on(l, func() {
		if _, err := l.DialUnix(path, owner{}); err == nil {
			t.Error("connected to nobody")
		}
	})
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got := make(chan string, 1)
	on(l, func() {
		c, err := l.DialUnix(path, owner{data: func(c *Conn, b []byte) { got <- string(b); c.Close() }})
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = c.Write([]byte("hello"))
	})
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	b := make([]byte, 5)
	if _, err := io.ReadFull(far, b); err != nil || string(b) != "hello" {
		t.Fatal(string(b), err)
	}
	io.WriteString(far, "hi")
	if s := <-got; s != "hi" {
		t.Errorf("read %q", s)
	}
	if _, err := far.Read(b); err != io.EOF {
		t.Errorf("after Close: %v", err)
	}
}

// A descriptor's number comes again: an event for its last user must not reach
// the next one.
func TestDescriptorsAreUsedAgain(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	for range 200 {
		near, far := pair(t)
		c := attach(t, l, near, owner{data: echo})
		io.WriteString(far, "x")
		b := make([]byte, 1)
		if _, err := io.ReadFull(far, b); err != nil {
			t.Fatal(err)
		}
		on(l, c.Close)
		far.Close()
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	near, far := pair(t)
	var mu sync.Mutex
	var ended error
	attach(t, l, near, owner{closed: func(err error) { mu.Lock(); ended = err; mu.Unlock() }})
	l.Close()
	l.Close()
	mu.Lock()
	defer mu.Unlock()
	if !errors.Is(ended, net.ErrClosed) {
		t.Errorf("the connection ended with %v", ended)
	}
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer sees %v", err)
	}
	if l.Do(func() {}) {
		t.Error("a closed loop takes a task")
	}
	near, _ = pair(t)
	if err := l.Attach(near, owner{}, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Attach: %v", err)
	}
}
