package testkit

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
)

// Child is a command that runs the test binary again, with env (NAME=value) beside
// the environment of this process and its stderr. What the child does is for the
// package's TestMain to decide, by env.
func Child(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	return cmd
}

// KillWhen starts cmd and calls read with each line that it prints, until it has
// ended. When read reports true, cmd is killed (SIGKILL); lines that are then still
// in the pipe are read as well, because cmd had printed them before it died.
func KillWhen(t testing.TB, cmd *exec.Cmd, read func(line string) (kill bool)) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if read(lines.Text()) {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // it was killed
}
