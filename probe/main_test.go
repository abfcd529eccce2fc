package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

// headless needs the first thread of the process, on which an init function is.
func init() {
	if os.Args[0] == "headless" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	reexec.Register("sleeper", sleeper)
	reexec.Register("threads", threads)
	reexec.Register("burner", burner)
	reexec.Register("short-lived", shortLived)
	reexec.Register("parent", parent)
	reexec.Register("finder", finder)
	reexec.Register("headless", headless)
	if reexec.Init() {
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// recorded unpacks a recorded tree, a txtar archive. A file in a folder fd becomes a link.
func recorded(t *testing.T, name string) Proc {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, file := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n-- ")[1:] {
		name, data, _ := strings.Cut(file, " --\n")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if filepath.Base(filepath.Dir(path)) == "fd" {
			err = os.Symlink(strings.TrimSpace(data), path)
		} else {
			err = os.WriteFile(path, []byte(data+"\n"), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return Proc{Root: root}
}

// peer is a child of the test that answers line by line.
type peer struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader

	line string // heard last
}

// start re-executes the test binary as the registered function and waits for its
// first line.
func start(t *testing.T, edit func(*exec.Cmd), name string, args ...string) *peer {
	t.Helper()
	cmd := reexec.Command(append([]string{name}, args...)...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if edit != nil {
		edit(cmd)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		p.in.Close()
		if p.cmd.ProcessState == nil {
			if err := p.cmd.Wait(); err != nil {
				t.Error(err)
			}
		}
	})
	p.hear()
	return p
}

func (p *peer) pid() int { return p.cmd.Process.Pid }

// hear returns the numbers on the next line that the child prints.
func (p *peer) hear() []int {
	p.t.Helper()
	var err error
	if p.line, err = p.out.ReadString('\n'); err != nil {
		p.t.Fatalf("the child says %q: %v", p.line, err)
	}
	var numbers []int
	for word := range strings.FieldsSeq(p.line) {
		if n, err := strconv.Atoi(word); err == nil {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

// tell sends a line and returns the answer.
func (p *peer) tell(line string) []int {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, line); err != nil {
		p.t.Fatal(err)
	}
	return p.hear()
}

// commands calls f with the first number of each line of stdin until it ends.
func commands(f func(n int)) {
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		n, _ := strconv.Atoi(lines.Text())
		f(n)
	}
}

func usageOf(who int) *unix.Rusage {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		panic(err)
	}
	return &u
}

// nap blocks in the kernel: one voluntary switch.
func nap() { _ = unix.Nanosleep(&unix.Timespec{Nsec: 100_000}, nil) }

// sleeper is one locked thread that blocks in read(2). To a line N it answers with its
// thread, and its switches by getrusage(2) after it has slept N times; to -1 by ending
// a second thread. Not by raw system calls: the runtime would take a thread that blocks in
// one for one that computes too long, and send it signals, each of which switches it.
func sleeper() {
	runtime.LockOSThread()
	end, second := make(chan bool), 0
	go func() {
		runtime.LockOSThread() // and its thread ends with it
		second = unix.Gettid()
		end <- true
		<-end
	}()
	<-end
	line := make([]byte, 64)
	for say := "ready"; ; {
		out := append([]byte(say), '\n')
		_, _ = unix.Write(1, out)
		n, _ := unix.Read(0, line)
		if n <= 0 {
			os.Exit(0)
		}
		naps, _ := strconv.Atoi(strings.TrimSpace(string(line[:n])))
		if naps < 0 {
			end <- true
			for i := 0; i < 20_000 && unix.Tgkill(os.Getpid(), second, 0) == nil; i++ {
				nap()
			}
		}
		for range naps {
			nap()
		}
		u := usageOf(unix.RUSAGE_THREAD)
		say = fmt.Sprint(unix.Gettid(), u.Nvcsw, u.Nivcsw)
	}
}

// quiet waits until a thread sleeps in its system call.
func quiet(t *testing.T, pid, tid int) {
	t.Helper()
	r := Proc{}.reader()
	for range 2000 {
		text, err := r.task(pid, tid, "stat").read()
		if p, ok := parseStat(text); err == nil && ok && p.State == 'S' {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("thread %d does not come to rest", tid)
}

// burn uses the processor for a time, by its own clock.
func burn(d time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin, _ := threadCPU()
	for now := begin; now-begin < d; now, _ = threadCPU() {
	}
}

// burner burns as many milliseconds as each line says. With an argument it burns
// that much at once, from a process of its own whose parent ends.
func burner() {
	if len(os.Args) > 2 { // the one in the middle
		cmd := reexec.Command("burner", os.Args[1])
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = nil // it is to outlive its parent
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		os.Exit(0)
	}
	if len(os.Args) > 1 {
		n, _ := strconv.Atoi(os.Args[1])
		burn(time.Duration(n) * time.Millisecond)
	}
	commands(func(n int) {
		burn(time.Duration(n) * time.Millisecond)
		fmt.Println("done")
	})
	os.Exit(0)
}

// shortLived burns, to a line N, a millisecond in each of N threads that end, to -N N of
// them in threads that stay.
func shortLived() {
	work := make(chan bool)
	for range 3 {
		go func() {
			runtime.LockOSThread()
			for range work {
				burn(time.Millisecond)
				work <- true
			}
		}()
	}
	commands(func(n int) {
		for range n {
			ended := make(chan int)
			go func() {
				runtime.LockOSThread() // and its thread ends with it
				burn(time.Millisecond)
				ended <- unix.Gettid()
			}()
			tid := <-ended
			// The main thread, if it was that one, stays, for ever idle.
			for i := 0; tid != os.Getpid() && i < 20_000 && unix.Tgkill(os.Getpid(), tid, 0) == nil; i++ {
				nap()
			}
		}
		for range -n {
			work <- true
			<-work
		}
		fmt.Println("done")
	})
	os.Exit(0)
}

// parent starts a burner of N milliseconds to a line N, a grandchild whose own parent
// ends for -N, and waits for it to a line 0. It answers with the CPU time in
// microseconds that wait4(2) told of all children so far.
func parent() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		panic(err)
	}
	var in io.WriteCloser
	var used int64
	wait := func() {
		var u syscall.Rusage
		if _, err := syscall.Wait4(-1, nil, 0, &u); err != nil {
			panic(err)
		}
		used += u.Utime.Nano()/1000 + u.Stime.Nano()/1000
	}
	commands(func(n int) {
		if n == 0 {
			in.Close()
			wait()
			fmt.Println(used)
			return
		}
		args := []string{"burner", strconv.Itoa(max(n, -n))}
		if n < 0 {
			args = append(args, "middle")
		}
		cmd := reexec.Command(args...)
		cmd.Stderr = os.Stderr
		r, w, _ := os.Pipe()
		cmd.Stdin, in = r, w
		from, to, _ := os.Pipe()
		cmd.Stdout = to
		if err := cmd.Start(); err != nil {
			panic(err)
		}
		r.Close()
		to.Close()
		if n < 0 {
			wait()
		}
		if _, err := bufio.NewReader(from).ReadString('\n'); err != nil {
			panic(err)
		}
		fmt.Println(used)
	})
	os.Exit(0)
}

// finder looks for the server at an address and prints what it finds.
func finder() {
	p, err := Proc{}.Find(netip.MustParseAddrPort(os.Args[1]))
	fmt.Println(p.PID, err)
	os.Exit(0)
}

// threads blocks N threads for good.
func threads() {
	n, _ := strconv.Atoi(os.Args[1])
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		panic(err)
	}
	for range n {
		go func() {
			runtime.LockOSThread()
			var b [1]byte
			_, _ = syscall.Read(fds[0], b[:])
		}()
	}
	for {
		if entries, _ := os.ReadDir("/proc/self/task"); len(entries) > n {
			break
		}
		time.Sleep(time.Millisecond)
	}
	commands(func(int) {})
	os.Exit(0)
}

// headless is a server on the address of its argument whose first thread ends, as in a C
// program whose main function calls pthread_exit(3). It burns what each line says.
func headless() {
	l, err := listen(os.Args[1])
	if err != nil {
		panic(err)
	}
	go func() {
		for r := (Proc{}).reader(); ; time.Sleep(time.Millisecond) {
			if p, err := r.stat(os.Getpid()); err == nil && p.State == 'Z' {
				break
			}
		}
		commands(func(n int) {
			burn(time.Duration(n) * time.Millisecond)
			fmt.Println("done")
		})
		l.Close()
		os.Exit(0)
	}()
	_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // exit(2): of the calling thread alone
}

// listen is net.Listen with SO_REUSEPORT.
func listen(addr string) (net.Listener, error) {
	config := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		control := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return errors.Join(control, err)
	}}
	return config.Listen(context.Background(), "tcp", addr)
}
