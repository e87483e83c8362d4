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

func tempFile(t *testing.T, content []byte) *os.File {
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
func unixPair(t *testing.T) (local, peer net.Conn) {
	t.Helper()
	ln, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if peer, err = net.Dial("unix", ln.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if local, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	_ = peer.SetDeadline(time.Now().Add(20 * time.Second))
	return local, peer
}

func TestSendFile(t *testing.T) {
	t.Parallel()
	content := make([]byte, 3<<20)
	for i := range content {
		content[i] = byte(i ^ i>>8 ^ i>>16)
	}
	for name, dial := range map[string]func(*testing.T) (net.Conn, net.Conn){"tcp": tcpPair, "unix": unixPair} {
		local, peer := dial(t)
		c := attach(t, newLoop(t), local, handlerFuncs{data: echo})
		f := tempFile(t, content)
		if _, err := f.Seek(10, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		sent := make(chan error, 1)
		go func() {
			_, err := c.WriteWait([]byte("before"))
			n, sendErr := c.SendFile(f, int64(len(content)-20))
			if n != int64(len(content)-20) {
				sendErr = errors.Join(sendErr, io.ErrShortWrite)
			}
			_, writeErr := c.WriteWait([]byte("after"))
			sent <- errors.Join(err, sendErr, writeErr)
		}()
		want := append(append([]byte("before"), content[10:len(content)-10]...), "after"...)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: another content, %v", name, err)
		}
		if err := <-sent; err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, _ = peer.Write([]byte("echo")) // the connection is still in the loop
		if _, err := io.ReadFull(peer, got[:4]); err != nil || string(got[:4]) != "echo" {
			t.Errorf("%s: %q %v", name, got[:4], err)
		}
	}
}

func TestSendFileEndsWithTheFileOrTheConnection(t *testing.T) {
	t.Parallel()
	local, _ := tcpPair(t)
	c := attach(t, newLoop(t), local, handlerFuncs{})
	if n, err := c.SendFile(tempFile(t, []byte("few")), 10); n != 3 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
	local, peer := unixPair(t)
	c = attach(t, newLoop(t), local, handlerFuncs{})
	sent := make(chan error, 1)
	go func() {
		_, err := c.SendFile(tempFile(t, make([]byte, 8<<20)), 8<<20)
		sent <- err
	}()
	if _, err := io.ReadFull(peer, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	if err := <-sent; err == nil {
		t.Error("all of it went to a peer that hung up")
	}
}

func TestSendFileEndsWithTheLoop(t *testing.T) {
	t.Parallel()
	l := newLoop(t)
	local, peer := unixPair(t)
	c := attach(t, l, local, handlerFuncs{})
	sent := make(chan error, 1)
	go func() {
		_, err := c.SendFile(tempFile(t, make([]byte, 8<<20)), 8<<20)
		sent <- err
	}()
	if _, err := io.ReadFull(peer, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := <-sent; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
