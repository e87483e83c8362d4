package workerd

import (
	"os/exec"
	"syscall"
)

// startBound starts cmd so that the kernel kills it when flint dies, even by
// kill -9. The calling thread must live as long as the child.
func startBound(cmd *exec.Cmd) (release func(), err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Setpgid:   true, // Ctrl-C goes to flint alone, which stops the child in order
	}
	return func() {}, cmd.Start()
}
