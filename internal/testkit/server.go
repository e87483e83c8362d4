package testkit

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// server is a program that a test starts and ends. It keeps its data from Stop
// to Start.
type server struct {
	command []string
	env     []string // besides this process's
	ready   string   // is in the line on its stdout that says that it answers

	cmd  *exec.Cmd
	hold io.Closer // while it is open the server lives
}

// Start starts the server again after Stop and waits until it answers.
func (r *server) Start(t testing.TB) {
	t.Helper()
	r.cmd = exec.Command(r.command[0], r.command[1:]...)
	r.cmd.Env = append(os.Environ(), r.env...)
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.cmd.Stderr = r.cmd.Stdout
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(&said, lines.Text())
		if strings.Contains(lines.Text(), r.ready) {
			break
		}
	}
	if !strings.Contains(said.String(), r.ready) {
		t.Fatalf("%s did not start: %s", r.command[0], said.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
	r.guard(t)
}

// guard kills the server when this process ends without stopping it.
func (r *server) guard(t testing.TB) {
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
func (r *server) Stop() {
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
func (r *server) Pause() error { return r.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (r *server) Resume() error { return r.cmd.Process.Signal(syscall.SIGCONT) }
