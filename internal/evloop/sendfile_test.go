//go:build linux

package evloop

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func file(t *testing.T, content []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// unixPair is pair over a unix socket.
func unixPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if far, err = net.Dial("unix", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	_ = far.SetDeadline(time.Now().Add(20 * time.Second))
	return near, far
}

func TestSendFile(t *testing.T) {
	t.Parallel()
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = byte(i ^ i>>8 ^ i>>16)
	}
	for name, dial := range map[string]func(*testing.T) (net.Conn, net.Conn){"tcp": pair, "unix": unixPair} {
		near, far := dial(t)
		c := attach(t, newLoop(t), near, owner{data: echo})
		f := file(t, content)
		if _, err := f.Seek(10, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		go func() {
			_, err := c.WriteWait([]byte("before"))
			n, serr := c.SendFile(f, int64(len(content)-20))
			if n != int64(len(content)-20) {
				serr = errors.Join(serr, io.ErrShortWrite)
			}
			_, werr := c.WriteWait([]byte("after"))
			sent <- errors.Join(err, serr, werr)
		}()
		want := append(append([]byte("before"), content[10:len(content)-10]...), "after"...)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(far, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: another content, %v", name, err)
		}
		if err := <-sent; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, _ = far.Write([]byte("echo")) // the loop still has it
		if _, err := io.ReadFull(far, got[:4]); err != nil || string(got[:4]) != "echo" {
			t.Errorf("%s: %q %v", name, got[:4], err)
		}
	}
}

func TestSendFileEndsWithTheFileOrTheConnection(t *testing.T) {
	t.Parallel()
	near, _ := pair(t)
	c := attach(t, newLoop(t), near, owner{})
	if n, err := c.SendFile(file(t, []byte("few")), 10); n != 3 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
	near, far := unixPair(t)
	c = attach(t, newLoop(t), near, owner{})
	sent := make(chan error, 1)
	go func() {
		_, err := c.SendFile(file(t, make([]byte, 8<<20)), 8<<20)
		sent <- err
	}()
	if _, err := io.ReadFull(far, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	far.Close()
	if err := <-sent; err == nil {
		t.Error("all of it went to a peer that hung up")
	}
}

func TestSendFileEndsWithTheLoop(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	near, far := unixPair(t)
	c := attach(t, l, near, owner{})
	sent := make(chan error, 1)
	go func() {
		_, err := c.SendFile(file(t, make([]byte, 8<<20)), 8<<20)
		sent <- err
	}()
	if _, err := io.ReadFull(far, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := <-sent; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
