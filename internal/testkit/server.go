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

// server is a program that a test starts and stops. Its data is kept from Stop to
// Start.
type server struct {
	command   []string
	env       []string // in addition to this process's
	readyText string   // part of the line of output that it prints when it is ready

	cmd   *exec.Cmd
	guard io.Closer // kills the server unless it is closed
}

// Start starts the server, also again after Stop, and waits until it is ready.
func (s *server) Start(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command(s.command[0], s.command[1:]...)
	s.cmd.Env = append(os.Environ(), s.env...)
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.cmd.Stderr = s.cmd.Stdout
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		fmt.Fprintln(&output, lines.Text())
		if strings.Contains(lines.Text(), s.readyText) {
			break
		}
	}
	if !strings.Contains(output.String(), s.readyText) {
		t.Fatalf("%s did not start: %s", s.command[0], output.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
	s.startGuard(t)
}

// startGuard starts a process that kills the server when this process ends without
// stopping it.
func (s *server) startGuard(t testing.TB) {
	t.Helper()
	process := exec.Command("sh", "-c", "read line || kill -9 "+strconv.Itoa(s.cmd.Process.Pid))
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	s.guard = guardProcess{in, process}
}

type guardProcess struct {
	in      io.WriteCloser
	process *exec.Cmd
}

// Close ends the guard without killing the server.
func (g guardProcess) Close() error {
	_, _ = io.WriteString(g.in, "done\n")
	_ = g.in.Close()
	return g.process.Wait()
}

// Stop kills the server and waits for its end.
func (s *server) Stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	if s.guard != nil {
		_ = s.guard.Close()
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // "signal: killed"
	s.cmd = nil
}

// Pause suspends the server until Resume. Its sockets stay open.
func (s *server) Pause() error { return s.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *server) Resume() error { return s.cmd.Process.Signal(syscall.SIGCONT) }
