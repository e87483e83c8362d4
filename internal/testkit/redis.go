package testkit

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Redis is a redis-server of a test's own, in a temporary directory, on a free
// port of 127.0.0.1 and a unix socket. It keeps its data from Stop to Start.
type Redis struct {
	Addr   string // 127.0.0.1:PORT
	Socket string // path of the unix socket

	args []string
	cmd  *exec.Cmd
	hold io.Closer // while it is open the server lives
}

// StartRedis starts a redis-server with more arguments than the usual, and stops
// it at the end of the test. Where there is none the test is skipped.
func StartRedis(t testing.TB, more ...string) *Redis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		const skipped = "SKIPPED: redis-server is not installed, so nothing was tested on a real Redis (Debian package redis-server)"
		sayOnce.Do(func() { fmt.Fprintln(os.Stderr, skipped) })
		t.Skip(skipped)
	}
	dir := t.TempDir()
	r := &Redis{Addr: freeAddr(t), Socket: filepath.Join(dir, "s")}
	_, port, _ := net.SplitHostPort(r.Addr)
	r.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--unixsocket", r.Socket, "--dir", dir,
		"--save", "", "--appendonly", "yes", "--appendfsync", "always",
	}, more...)
	t.Cleanup(r.Stop)
	r.Start(t)
	return r
}

var sayOnce sync.Once

func freeAddr(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// Start starts the server again after Stop and waits until it answers.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	r.cmd = exec.Command("redis-server", r.args...)
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), "eady to accept connections") {
			break
		}
	}
	if !strings.Contains(said.String(), "eady to accept connections") {
		t.Fatalf("redis-server did not start: %s", said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
	r.guard(t)
}

// guard kills the server when this process ends without stopping it.
func (r *Redis) guard(t testing.TB) {
	t.Helper()
	guard := exec.Command("sh", "-c", "read line || kill -9 "+strconv.Itoa(r.cmd.Process.Pid))
	in, err := guard.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := guard.Start(); err != nil {
		t.Fatal(err)
	}
	r.hold = stopGuard{in, guard}
}

type stopGuard struct {
	in    io.WriteCloser
	guard *exec.Cmd
}

// Close ends the guard without its doing anything.
func (g stopGuard) Close() error {
	_, _ = io.WriteString(g.in, "done\n")
	_ = g.in.Close()
	return g.guard.Wait()
}

// Stop kills the server and waits for its end.
func (r *Redis) Stop() {
	if r.cmd == nil || r.cmd.Process == nil {
		return
	}
	if r.hold != nil {
		_ = r.hold.Close()
	}
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait() // "signal: killed"
	r.cmd = nil
}

// Pause keeps the server from answering, while its sockets stay, until Resume.
func (r *Redis) Pause() error { return r.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (r *Redis) Resume() error { return r.cmd.Process.Signal(syscall.SIGCONT) }
