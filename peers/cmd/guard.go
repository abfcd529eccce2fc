package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/quiet"
)

// guardName is argv[0] of the guard, by which it is told from the command in a tree.
const guardName = "c10kit-guard"

// Descriptors that the guard inherits. Its standard output and error are the command's.
const (
	lifelineFD = 3 // read: a byte is a signal to send to the command, SIGKILL to kill everything
	reportFD   = 4 // written: a report in JSON when the command runs, and one when it has ended
	folderFD   = 5 // the lock of {dir}, held as long as the guard lives
)

// order is what the guard is told: argv[1].
type order struct {
	Argv []string `json:"argv"` // of the command, the path of the program first
	Dir  string   `json:"dir"`  // to remove when everything has ended
}

// report is what the guard tells. One of the fields is set.
type report struct {
	Pid    int                `json:"pid,omitempty"`
	Ended  bool               `json:"ended,omitempty"`
	Status syscall.WaitStatus `json:"status,omitempty"` // with Ended
	Error  string             `json:"error,omitempty"`
}

func init() { reexec.Register(guardName, guard) }

// guard is the main function of the guard.
func guard() {
	quiet.All()
	runtime.LockOSThread() // PDEATHSIG of the command is about the thread that forks: prctl(2)
	if err := runGuard(os.Args[1:]); err != nil {
		tell(report{Error: err.Error()})
		os.Exit(1)
	}
	os.Exit(0)
}

func runGuard(args []string) error {
	var o order
	if len(args) != 1 {
		return fmt.Errorf("%s: %d arguments, want an order", guardName, len(args))
	}
	if err := json.Unmarshal([]byte(args[0]), &o); err != nil {
		return fmt.Errorf("%s: %w", guardName, err)
	}
	for _, fd := range []int{lifelineFD, reportFD, folderFD} {
		unix.CloseOnExec(fd)
	}
	if err := errors.Join(subreaper(), raiseFiles()); err != nil {
		return err
	}
	pid, err := syscall.ForkExec(o.Argv[0], o.Argv, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return fmt.Errorf("starting %s: %w", o.Argv[0], os.NewSyscallError("fork/exec", err))
	}
	tell(report{Pid: pid})
	t := newTree(pid)
	go obey(t)
	var status syscall.WaitStatus
	err = t.wait(func(s syscall.WaitStatus) { status = s })
	// Here and not in the server, which may be killed at any moment.
	if err := errors.Join(err, os.RemoveAll(o.Dir)); err != nil {
		return err
	}
	tell(report{Ended: true, Status: status})
	return nil
}

// obey sends what comes on the lifeline. Its end is that of the server.
func obey(t *tree) {
	lifeline := os.NewFile(lifelineFD, "lifeline")
	word := make([]byte, 1)
	for {
		if n, err := lifeline.Read(word); n == 0 || err != nil {
			t.killAll()
			return
		}
		if s := syscall.Signal(word[0]); s != syscall.SIGKILL {
			t.signal(s)
		} else {
			go t.killAll()
		}
	}
}

// tell writes a report. A server that is gone is noticed by obey.
func tell(r report) {
	line, err := json.Marshal(r)
	if err != nil {
		line = []byte(`{"error":"a report that JSON cannot hold"}`)
	}
	_, _ = unix.Write(reportFD, append(line, '\n'))
}

// files is how many descriptors a command may have, where the hard limit allows it: as
// many as models.DefaultMaxConns and some for each. Not more: there are programs that
// close every number up to the limit.
const files = 65536

// raiseFiles gives the command what c10kit's own servers have: the Go runtime raises
// its own soft limit to the hard one at the start and takes that back for children,
// unless the program sets the limit itself.
func raiseFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Cur = min(limit.Max, files)
	return os.NewSyscallError("setrlimit", syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
}
