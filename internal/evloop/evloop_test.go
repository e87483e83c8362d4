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

// handlerFuncs is a Handler made of functions. Those that are nil do nothing.
type handlerFuncs struct {
	data    func(c *Conn, b []byte)
	drained func(c *Conn)
	closed  func(err error)
}

func (o handlerFuncs) Data(c *Conn, b []byte) {
	if o.data != nil {
		o.data(c, b)
	}
}

func (o handlerFuncs) Drained(c *Conn) {
	if o.drained != nil {
		o.drained(c)
	}
}

func (o handlerFuncs) Closed(_ *Conn, err error) {
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

// tcpPair returns both ends of a TCP connection over loopback.
func tcpPair(t *testing.T) (local, peer net.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if peer, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if local, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	_ = peer.SetDeadline(time.Now().Add(20 * time.Second))
	return local, peer
}

// attach attaches local to the loop and waits for its Conn.
func attach(t *testing.T, l *Loop, local net.Conn, h Handler) *Conn {
	t.Helper()
	got := make(chan *Conn, 1)
	if err := l.Attach(local, h, func(c *Conn) { got <- c }); err != nil {
		t.Fatal(err)
	}
	return <-got
}

func echo(c *Conn, b []byte) { _, _ = c.Write(b) }

func TestEchoOnManyConnections(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	var peers sync.WaitGroup
	for i := range 50 {
		local, peer := tcpPair(t)
		attach(t, l, local, handlerFuncs{data: echo})
		peers.Go(func() {
			for n := range 20 {
				sent := bytes.Repeat([]byte{byte(i), byte(n)}, 100+n)
				got := make([]byte, len(sent))
				if _, err := peer.Write(sent); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, sent) {
					t.Errorf("connection %d: %v", i, err)
				}
			}
		})
	}
	peers.Wait()
}

func TestWriteKeepsWhatTheSocketDoesNotTake(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	local, peer := tcpPair(t)
	drained := make(chan bool, 1)
	c := attach(t, l, local, handlerFuncs{drained: func(*Conn) { drained <- true }})
	sent := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	if n, err := c.Write(sent); n != len(sent) || err != nil {
		t.Fatal(n, err)
	}
	if c.Pending() == 0 {
		t.Fatal("16 MiB went out at once")
	}
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, sent) {
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
	local, peer := tcpPair(t)
	c := attach(t, l, local, handlerFuncs{})
	sent := bytes.Repeat([]byte("x"), 32<<20)
	done := make(chan error, 1)
	go func() { _, err := c.WriteWait(sent); done <- err }()
	got, maxSeen := 0, 0
	buf := make([]byte, 1<<20)
	for got < len(sent) {
		n, err := peer.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got += n
		maxSeen = max(maxSeen, c.Pending())
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if maxSeen > 2*maxPending {
		t.Errorf("%d bytes were held at once", maxSeen)
	}
}

func TestWriteWaitEndsWithTheConnection(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	local, peer := tcpPair(t)
	closed := make(chan error, 1)
	c := attach(t, l, local, handlerFuncs{closed: func(err error) { closed <- err }})
	done := make(chan error, 1)
	go func() { _, err := c.WriteWait(make([]byte, 64<<20)); done <- err }()
	peer.Close()
	if err := <-done; err == nil {
		t.Error("64 MiB were written after the peer hung up")
	}
	<-closed
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
}

func TestPeerHangsUp(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	local, peer := tcpPair(t)
	closed := make(chan error, 1)
	attach(t, l, local, handlerFuncs{closed: func(err error) { closed <- err }})
	peer.Close()
	if err := <-closed; err != io.EOF {
		t.Errorf("closed by %v, want EOF", err)
	}
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	local, peer := tcpPair(t)
	got := make(chan string, 10)
	c := attach(t, l, local, handlerFuncs{data: func(_ *Conn, b []byte) { got <- string(b) }})
	runOn(l, c.Pause)
	io.WriteString(peer, "early")
	runOn(l, func() {}) // by now the loop could have read it
	select {
	case s := <-got:
		t.Fatalf("%q was read while paused", s)
	default:
	}
	runOn(l, c.Resume)
	if s := <-got; s != "early" {
		t.Errorf("read %q", s)
	}
}

// runOn runs f on the loop and waits for it.
func runOn(l *Loop, f func()) {
	done := make(chan bool)
	l.Do(func() { f(); close(done) })
	<-done
}

func TestDetachReturnsTheConnectionAndUnsentBytes(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	local, peer := tcpPair(t)
	c := attach(t, l, local, handlerFuncs{data: echo, closed: func(err error) { t.Error("closed", err) }})
	sent := bytes.Repeat([]byte("y"), 8<<20)
	if _, err := c.Write(sent); err != nil {
		t.Fatal(err)
	}
	var nc net.Conn
	var unsent []byte
	var err error
	runOn(l, func() { nc, unsent, err = c.Detach() })
	if err != nil || len(unsent) == 0 {
		t.Fatal(len(unsent), err)
	}
	defer nc.Close()
	go func() { _, _ = nc.Write(append(unsent, "end"...)) }()
	got := make([]byte, len(sent)+3)
	if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got[:len(sent)], sent) || string(got[len(sent):]) != "end" {
		t.Fatal("other bytes", err)
	}
	io.WriteString(peer, "back")
	b := make([]byte, 4)
	if _, err := io.ReadFull(nc, b); err != nil || string(b) != "back" {
		t.Errorf("%q %v", b, err)
	}
	runOn(l, func() { _, _, err = c.Detach() })
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("a second Detach: %v", err)
	}
}

func TestDialUnix(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	path := filepath.Join(t.TempDir(), "s")
	runOn(l, func() {
		if _, err := l.DialUnix(path, handlerFuncs{}); err == nil {
			t.Error("connected without a listener")
		}
	})
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	got := make(chan string, 1)
	runOn(l, func() {
		c, err := l.DialUnix(path, handlerFuncs{data: func(c *Conn, b []byte) { got <- string(b); c.Close() }})
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = c.Write([]byte("hello"))
	})
	peer, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	b := make([]byte, 5)
	if _, err := io.ReadFull(peer, b); err != nil || string(b) != "hello" {
		t.Fatal(string(b), err)
	}
	io.WriteString(peer, "hi")
	if s := <-got; s != "hi" {
		t.Errorf("read %q", s)
	}
	if _, err := peer.Read(b); err != io.EOF {
		t.Errorf("after Close: %v", err)
	}
}

// The system reuses descriptor numbers: a late event of a closed connection must
// not reach the next one.
func TestEventOfAReusedDescriptorIsIgnored(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	for range 200 {
		local, peer := tcpPair(t)
		c := attach(t, l, local, handlerFuncs{data: echo})
		io.WriteString(peer, "x")
		b := make([]byte, 1)
		if _, err := io.ReadFull(peer, b); err != nil {
			t.Fatal(err)
		}
		runOn(l, c.Close)
		peer.Close()
	}
}

func TestCloseEndsEverything(t *testing.T) {
	t.Parallel()
	l, err := New()
	if err != nil {
		t.Fatal(err)
	}
	local, peer := tcpPair(t)
	var mu sync.Mutex
	var closeErr error
	attach(t, l, local, handlerFuncs{closed: func(err error) { mu.Lock(); closeErr = err; mu.Unlock() }})
	l.Close()
	l.Close()
	mu.Lock()
	defer mu.Unlock()
	if !errors.Is(closeErr, net.ErrClosed) {
		t.Errorf("the connection ended with %v", closeErr)
	}
	if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the peer sees %v", err)
	}
	if l.Do(func() {}) {
		t.Error("a closed loop takes a task")
	}
	local, _ = tcpPair(t)
	if err := l.Attach(local, handlerFuncs{}, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Attach: %v", err)
	}
}
