// Package child starts programs that must not outlive this one: a kill -9 of
// the parent ends them too. It knows nothing of what it starts.
//
// On Linux the kernel sends the death signal when the *thread* that started
// the child ends, so that thread is kept for the child's life. Elsewhere there
// is no such signal; whoever starts a long-lived child must be able to end a
// leftover at its next start.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Start starts cmd in a process group of its own, so that Ctrl-C in a terminal
// reaches only the parent, and has the kernel send it death when the parent
// ends. The channel yields what cmd.Wait returned, once.
func Start(cmd *exec.Cmd, death syscall.Signal) (<-chan error, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	signalOnParentDeath(cmd.SysProcAttr, death)

	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return ended, nil
}
