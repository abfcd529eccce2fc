package fork

import (
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/board"
)

func init() {
	if len(os.Args) > 0 && os.Args[0] == workerName {
		// The worker's thread is the main one, its process's leader: of a worker that was
		// killed no other can be read (board.ReadZombie).
		runtime.LockOSThread()
	}
}

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
		d, err := reapOne(func(pid int) *board.Slot { return f.children[pid].slot })
		if errors.Is(err, unix.ECHILD) || err == nil && d.pid == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		f.Env.Board.ReapedZombie(f.children[d.pid].slot, &d.usage, d.zombie)
		f.ended(d.pid, d.status)
	}
}

// dead is a child process of several threads that was reaped.
type dead struct {
	pid    int // 0: none has ended
	status syscall.WaitStatus
	usage  syscall.Rusage
	zombie board.Zombie
}

// reapOne reaps any child that has ended, and waits for none; ECHILD is that there is no
// child. slotOf finds its slot: before wait4(2) takes it away, its worker's thread can
// still be read.
func reapOne(slotOf func(pid int) *board.Slot) (d dead, err error) {
	if d.pid, err = ended(unix.P_ALL, 0, unix.WNOHANG); err != nil || d.pid == 0 {
		return d, err
	}
	d.zombie = board.ReadZombie(slotOf(d.pid), d.pid)
	for {
		_, err = syscall.Wait4(d.pid, &d.status, 0, &d.usage)
		switch {
		case err == nil:
			return d, nil
		case !errors.Is(err, unix.EINTR):
			return dead{}, os.NewSyscallError("wait4", err)
		}
	}
}

// ended returns a child that has ended, leaving it a zombie: waitid(2) with WNOWAIT.
// With WNOHANG, 0 is that none has.
func ended(kind, id, options int) (pid int, err error) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(kind, id, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("waitid", err)
		default:
			// siginfo_t of a 64-bit Linux: si_pid follows three numbers and a gap.
			return int(*(*int32)(unsafe.Add(unsafe.Pointer(&info), 16))), nil
		}
	}
}
