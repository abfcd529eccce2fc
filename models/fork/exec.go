package fork

import (
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"syscall"

	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
)

// exec starts a worker for descriptor fd by fork and exec, as inetd does.
func (f *Forker) exec(slot *board.Slot, fd int) (pid int, err error) {
	config, err := json.Marshal(f.Env.Config)
	if err != nil {
		return 0, err
	}
	cmd := command(workerName, string(config), strconv.Itoa(f.Env.Board.Index(slot)))
	pid, err = syscall.ForkExec(reexec.Self(), cmd.Args, &syscall.ProcAttr{
		Env: os.Environ(),
		// The descriptors of the constants boardFD and listenerFD.
		Files: []uintptr{0, 1, 2, uintptr(f.Env.Board.Fd()), uintptr(fd)},
		Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL},
	})
	return pid, os.NewSyscallError("fork/exec", err)
}

// reapExec is rawfork's Reap for children that were executed.
func (f *Forker) reapExec() error {
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, &usage)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD), err == nil && pid == 0:
			return nil
		case err != nil:
			return os.NewSyscallError("wait4", err)
		}
		f.ended(pid, status, &usage)
	}
}
