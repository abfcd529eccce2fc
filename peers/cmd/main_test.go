package cmd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models/modeltest"
)

// actEnv makes this binary a foreign server of the given behaviour: those that no
// installed program has.
const actEnv = "C10KIT_TEST_ACT"

// The act headless needs the first thread of the process, on which an init function is.
func init() {
	if os.Getenv(actEnv) == "headless" {
		runtime.LockOSThread()
	}
}

func TestMain(m *testing.M) {
	switch act := os.Getenv(actEnv); act {
	case "":
	case "headless": // it serves with other threads, and the first one ends
		go perform(act)
		_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // exit(2): of the calling thread alone
	default:
		perform(act)
	}
	modeltest.Main(m)
}

// acting is the spec of a foreign server: this binary with a behaviour.
func acting(t *testing.T, act string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return "cmd:env " + actEnv + "=" + act + " '" + self + "' {host} {port}"
}

// perform is a program with the given behaviour.
func perform(act string) {
	if err := play(act); err != nil {
		fmt.Println(err)
		os.Exit(5)
	}
	os.Exit(0)
}

// play serves until SIGTERM.
func play(act string) error {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGTERM)
	defer stop()
	switch act {
	case "deaf": // to SIGTERM
		stop()
		signal.Ignore(unix.SIGTERM)
		ctx = context.Background()
	case "silent": // never listens
		fmt.Println("thinking about it")
		<-ctx.Done()
		return nil
	case "member": // of a family: a session of its own, deaf, and no listener
		signal.Ignore(unix.SIGTERM)
		_, _ = unix.Setsid() // fails in a group's leader
		time.Sleep(time.Minute)
		return nil
	case "family":
		if err := beget(); err != nil {
			return err
		}
	case "crash": // on SIGTERM
		stop()
		ctx = context.Background()
		term := make(chan os.Signal, 1)
		signal.Notify(term, unix.SIGTERM)
		go func() {
			<-term
			os.Exit(7)
		}()
	}
	l, err := listenAs(ctx, act)
	if err != nil {
		return err
	}
	fmt.Println("serving")
	s := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, helloText) })}
	go func() {
		<-ctx.Done()
		l.Close()
	}()
	if err := s.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// listenAs listens with SO_REUSEADDR, as net does, unless the act is about doing
// without.
func listenAs(ctx context.Context, act string) (net.Listener, error) {
	config := net.ListenConfig{}
	if act == "stern" || act == "reuseport" {
		config.Control = func(_, _ string, raw syscall.RawConn) error {
			return raw.Control(func(fd uintptr) {
				_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
				if act == "reuseport" {
					_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
				}
			})
		}
	}
	return config.Listen(ctx, "tcp", net.JoinHostPort(os.Args[1], os.Args[2]))
}

// beget starts children and grandchildren that outlive what they came from.
func beget() error {
	for range 3 {
		child := exec.Command("/proc/self/exe")
		child.Env = append(os.Environ(), actEnv+"=member")
		if err := child.Start(); err != nil {
			return err
		}
	}
	return exec.Command("sh", "-c", "trap '' TERM; (setsid sleep 60 >/dev/null 2>&1 &) ; (sleep 60 >/dev/null 2>&1 &)").Run()
}

// ended reports whether a process is gone, or dead and not reaped: by an init that does
// not do that, as in many containers.
func ended(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}
