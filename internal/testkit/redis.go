package testkit

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Redis is a redis-server for one test, in a temporary directory, on a free port of
// 127.0.0.1 and on a unix socket. It keeps its data from Stop to Start.
type Redis struct {
	Addr   string // 127.0.0.1:PORT
	Socket string // path of the unix socket

	server
}

// StartRedis starts a redis-server with additional arguments and stops it at the end
// of the test. Where none is installed the test is skipped.
func StartRedis(t testing.TB, more ...string) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		const skipped = "SKIPPED: redis-server is not installed, so nothing was tested on a real Redis (Debian package redis-server)"
		skipOnce.Do(func() { fmt.Fprintln(os.Stderr, skipped) })
		t.Skip(skipped)
	}
	dir := t.TempDir()
	r := &Redis{Addr: freeAddr(t), Socket: filepath.Join(dir, "s")}
	_, port, _ := net.SplitHostPort(r.Addr)
	r.command = append([]string{
		"redis-server",
		"--port", port, "--bind", "127.0.0.1", "--unixsocket", r.Socket, "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always",
	}, more...)
	r.readyText = "eady to accept connections"
	t.Cleanup(r.Stop)
	r.Start(t)
	return r
}

var skipOnce sync.Once

// freeAddr returns an address of 127.0.0.1 with a free port.
func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
