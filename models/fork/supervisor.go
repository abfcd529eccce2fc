package fork

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
)

// Names, argv[0], of the re-executed processes.
const (
	forkerName = "c10kit-forker"
	workerName = "c10kit-worker"
)

// Descriptors that a forker inherits. A worker has its connection or the listener
// at the place of the listener.
const (
	boardFD    = 3
	listenerFD = 4
	pipeFD     = 5
)

// A process that lived this long was healthy: its successor starts without delay.
const healthy = time.Second

// Back-off of the successors of those that did not.
const (
	firstBackoff = 10 * time.Millisecond
	lastBackoff  = time.Second
)

func nextBackoff(last time.Duration) time.Duration {
	return min(max(2*last, firstBackoff), lastBackoff)
}

// Server is the supervisor of a model that forks: a models.Server that runs in
// ordinary Go and starts the forker.
// It is a models.Starter: ready when its first forker runs.
type Server struct {
	env   *models.Env
	once  sync.Once
	ready chan struct{} // closed by once
}

// NewServer is the New of such a model.
func NewServer(env *models.Env) (models.Server, error) {
	return &Server{env: env, ready: make(chan struct{})}, nil
}

// Listening implements models.Starter.
func (s *Server) Listening() <-chan struct{} { return s.ready }

// isReady reports whether a forker has ever run.
func (s *Server) isReady() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

// Serve implements models.Server: it keeps a forker running until a drain is over.
// The process must have no children but those of the server: it becomes the one that
// workers of a dead forker are left to (PR_SET_CHILD_SUBREAPER), for an init that does
// not reap, as in many containers, would keep them as zombies.
func (s *Server) Serve() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	backoff := time.Duration(0)
	for {
		begun := time.Now()
		err := s.runForker()
		s.reapOrphans()
		s.clearBoard()
		switch {
		case s.draining(), !s.isReady(): // one that cannot even start will not the next time
			return err
		case time.Since(begun) >= healthy:
			backoff = 0
		}
		backoff = nextBackoff(backoff)
		fmt.Fprintf(os.Stderr, "c10kit: the forking process ended (%v); starting it again in %v\n", err, backoff)
		select {
		case <-s.env.Draining():
			return nil
		case <-time.After(backoff):
		}
	}
}

func (s *Server) draining() bool { return s.env.Board.Draining().Load() != 0 }

// runForker starts a forker and waits for its end. Its pipe is closed when a drain
// begins.
func (s *Server) runForker() error {
	config, err := json.Marshal(s.env.Config)
	if err != nil {
		return err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer read.Close()
	defer write.Close()
	scores, err := dupFile(s.env.Board.Fd(), board.Name)
	if err != nil {
		return err
	}
	defer scores.Close()
	listener, err := dupFile(s.env.Listener.FD, "listener")
	if err != nil {
		return err
	}
	defer listener.Close()

	cmd := command(forkerName, string(config))
	cmd.ExtraFiles = []*os.File{scores, listener, read}
	before := s.totals()
	ended := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // PDEATHSIG is about the thread that forks: prctl(2)
		defer runtime.UnlockOSThread()
		ended <- s.liveForker(cmd, before)
	}()
	select {
	case err := <-ended:
		return err
	case <-s.env.Draining():
		write.Close()
		return <-ended
	}
}

// liveForker starts a forker, waits for its end, and books it.
func (s *Server) liveForker(cmd *exec.Cmd, before forkerTotals) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	s.once.Do(func() { close(s.ready) })
	// Its worker is the main thread, which can be read as long as it is a zombie. Where
	// waitid fails, nothing is known of it; Wait says why.
	pid := cmd.Process.Pid
	var z board.Zombie
	if _, err := ended(unix.P_PID, pid, 0); err == nil {
		z = board.ReadZombie(s.slotOf(pid), pid)
	}
	err := cmd.Wait()
	s.bookForker(cmd, z, before)
	return err
}

// orphansTime bounds reapOrphans; PDEATHSIG has killed them already.
const orphansTime = time.Second

// reapOrphans takes the workers off the system's hands that a dead forker has left,
// and books what they used.
func (s *Server) reapOrphans() {
	several := registered[s.env.Config.Model].executes(s.env.Config.Variant)
	for end := time.Now().Add(orphansTime); ; {
		d, err := reapOne(s.slotOf)
		switch {
		case d.pid > 0 && several:
			s.env.Board.ReapedZombie(s.slotOf(d.pid), &d.usage, d.zombie)
		case d.pid > 0:
			s.env.Board.Reaped(s.slotOf(d.pid), &d.usage)
		case err != nil || time.Now().After(end): // ECHILD: that was all
			return
		default:
			time.Sleep(time.Millisecond)
		}
	}
}

// slotOf returns the slot of the worker whose process is pid, nil if it has none.
func (s *Server) slotOf(pid int) *board.Slot {
	slots := s.env.Board.Slots()
	for i := range slots {
		if slot := &slots[i]; slot.Generation()&1 != 0 && slot.Pid() == pid {
			return slot
		}
	}
	return nil
}

// bookForker books a forker that has died. What wait4 says that it used has that of
// the children in it that it had reaped, which is on the board already.
func (s *Server) bookForker(cmd *exec.Cmd, z board.Zombie, before forkerTotals) {
	if cmd.ProcessState == nil { // Wait has failed
		return
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return
	}
	own, reaped := *usage, s.totals()
	less := func(all syscall.Timeval, children time.Duration) syscall.Timeval {
		return syscall.NsecToTimeval(max(0, all.Nano()-int64(children)))
	}
	own.Utime = less(own.Utime, reaped.user-before.user)
	own.Stime = less(own.Stime, reaped.sys-before.sys)
	own.Nvcsw -= int64(reaped.voluntary - before.voluntary)
	own.Nivcsw -= int64(reaped.involuntary - before.involuntary)
	// The rest of executed children, of both kinds, was taken off the voluntary ones: their
	// sum is right, and their division is that of z.
	own.Nivcsw, own.Nvcsw = own.Nivcsw+min(0, own.Nvcsw), max(0, own.Nvcsw)
	own.Nvcsw, own.Nivcsw = max(0, own.Nvcsw+min(0, own.Nivcsw)), max(0, own.Nivcsw)
	s.env.Board.ReapedZombie(s.slotOf(cmd.Process.Pid), &own, z)
}

// forkerTotals are what the board says of ended workers, at the start of a forker or
// at its end.
type forkerTotals struct {
	user, sys              time.Duration
	voluntary, involuntary uint64
}

func (s *Server) totals() (t forkerTotals) {
	t.user, t.sys = s.env.Board.CPU()
	w := s.env.Board.Switches()
	t.voluntary, t.involuntary = w.Voluntary+w.Rest, w.Involuntary
	return t
}

// clearBoard ends the slots of workers that a dead forker can no longer end. Their
// last counts are kept.
func (s *Server) clearBoard() {
	slots := s.env.Board.Slots()
	for i := range slots {
		if slot := &slots[i]; slot.Generation()&1 != 0 {
			s.env.Board.Bury(slot)
		}
	}
}

// command is a re-executed process of this program that dies with the thread that
// starts it. argv[1] is the pid of its parent.
func command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(reexec.Self())
	cmd.Args = append([]string{name, fmt.Sprint(os.Getpid())}, args...)
	cmd.Stderr = os.Stderr
	// A group of its own: Ctrl-C is for the supervisor, who drains.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	return cmd
}

func dupFile(fd int, name string) (*os.File, error) {
	dup, err := syscall.Dup(fd)
	if err != nil {
		return nil, os.NewSyscallError("dup", err)
	}
	syscall.CloseOnExec(dup)
	return os.NewFile(uintptr(dup), name), nil
}
