//go:build !linux

package workerd

import (
	"fmt"
	"os/exec"
	"syscall"
)

// startBound starts cmd and a guard beside it: a shell that blocks on a pipe
// which only flint holds open, and kills the child when the pipe closes. So
// the child dies with flint, even by kill -9, on systems without a
// parent-death signal.
func startBound(cmd *exec.Cmd) (release func(), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	guard := exec.Command("/bin/sh", "-c", fmt.Sprintf("read _; kill -9 %d 2>/dev/null", cmd.Process.Pid))
	guard.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := guard.StdinPipe()
	if err == nil {
		err = guard.Start()
	}
	if err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("start the guard of workerd: %w", err)
	}
	return func() {
		_ = guard.Process.Kill() // before the pipe closes: the pid may be another's by now
		_ = guard.Wait()
		_ = pipe.Close()
	}, nil
}
