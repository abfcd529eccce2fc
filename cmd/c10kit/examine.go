package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
)

const whatLoopback = "loopback"

// examine tries everything, one finding each.
func examine() []finding {
	return []finding{
		tryKernel(), tryCPUs(), tryLoopback(), tryDescriptors(), tryBacklog(), tryPorts(),
		tryClock(), tryNamespaces(), tryPerf(), tryUring(), tryCompiler(),
	}
}

func tryKernel() finding {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return finding{"kernel", stateNo, os.NewSyscallError("uname", err).Error(), ""}
	}
	return finding{What: "kernel", State: stateOK, Found: "Linux " + unix.ByteSliceToString(u.Release[:]) + " " + runtime.GOARCH}
}

func tryCPUs() finding {
	cpus, err := sys.AllowedCPUs()
	if err != nil {
		return finding{"CPUs", stateNo, err.Error(), ""}
	}
	f := finding{What: "CPUs", State: stateOK, Found: fmt.Sprintf("%d for this process: %v", len(cpus), cpus)}
	switch {
	case len(cpus) == 1:
		f.State, f.Cure = stateLimited, "with 1 CPU server and load share it; allow 2 or more"
	case len(cpus) < 4:
		f.State, f.Cure = stateLimited, "placement split leaves the server 1 CPU: multicore effects are not visible below 4"
	}
	return f
}

// tryLoopback sends a byte through a connection of 127.0.0.0/8.
func tryLoopback() finding {
	no := func(err error) finding {
		return finding{whatLoopback, stateNo, err.Error(), "bring up the lo interface: ip link set lo up"}
	}
	l, err := net.Listen("tcp", "127.16.1.1:0")
	if err != nil {
		return no(err)
	}
	defer l.Close()
	begun := time.Now()
	c, err := net.DialTimeout("tcp", l.Addr().String(), time.Second)
	if err != nil {
		return no(err)
	}
	defer c.Close()
	return finding{What: whatLoopback, State: stateOK, Found: fmt.Sprintf("127.16.1.1 connects in %v", time.Since(begun).Round(time.Microsecond))}
}

func tryDescriptors() finding {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return finding{"descriptors", stateNo, os.NewSyscallError("getrlimit", err).Error(), ""}
	}
	f := finding{What: "descriptors", State: stateOK, Found: fmt.Sprintf("%d of at most %d", r.Cur, r.Max)}
	if r.Max < 16384 {
		f.State = stateLimited
		f.Cure = fmt.Sprintf("no more than about %d connections a process: raise ulimit -Hn", r.Max)
	}
	return f
}

func tryBacklog() finding {
	n, err := readSysctl("net/core/somaxconn")
	f := finding{What: "accept queue", State: stateOK, Found: "net.core.somaxconn = " + n}
	if err != nil {
		f.State, f.Found = stateLimited, err.Error()
	} else if len(n) < 4 {
		f.State, f.Cure = stateLimited, "bursts of connections will overflow it: sysctl net.core.somaxconn=4096"
	}
	return f
}

func tryPorts() finding {
	text, err := readSysctl("net/ipv4/ip_local_port_range")
	if err != nil {
		return finding{"ports", stateLimited, err.Error(), ""}
	}
	var from, to int
	if _, err := fmt.Sscan(text, &from, &to); err != nil {
		return finding{"ports", stateLimited, "net.ipv4.ip_local_port_range = " + text, ""}
	}
	return finding{
		What: "ports", State: stateOK,
		Found: fmt.Sprintf("%d ephemeral ports for each pair of addresses; load --sources 127.0.1.0/28 gives 16 times as many", to-from+1),
	}
}

func tryClock() finding {
	source, err := os.ReadFile("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	name := strings.TrimSpace(string(source))
	if err != nil {
		name = "unknown"
	}
	const n = 10000
	begun := time.Now()
	for range n {
		_ = time.Since(begun)
	}
	each := time.Since(begun) / n
	f := finding{What: "clock", State: stateOK, Found: fmt.Sprintf("%s, %v a reading", name, each)}
	if each > 300*time.Nanosecond {
		f.State, f.Cure = stateLimited, "the clock is not read in user space: latencies carry its cost; boot with tsc or kvm-clock"
	}
	return f
}

// tryNamespaces makes a user and network namespace, in a child that ends at once.
func tryNamespaces() finding {
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET}
	if err := cmd.Run(); err != nil {
		return finding{
			"namespaces", stateLimited, fmt.Sprintf("no user and network namespace: %v", err),
			"sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000, on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0; in a container run with --security-opt seccomp=unconfined",
		}
	}
	return finding{What: "namespaces", State: stateOK, Found: "user and network namespaces can be made"}
}

// tryPerf counts this thread's context switches with perf_event_open.
func tryPerf() finding {
	level, _ := readSysctl("kernel/perf_event_paranoid")
	attr := unix.PerfEventAttr{
		Type:   unix.PERF_TYPE_SOFTWARE,
		Config: unix.PERF_COUNT_SW_CONTEXT_SWITCHES,
		Size:   uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
	}
	fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return finding{
			"perf events", stateLimited, fmt.Sprintf("perf_event_open: %v (kernel.perf_event_paranoid = %s)", err, level),
			"only a cross-check is lost; to allow it run as root or sysctl kernel.perf_event_paranoid=1",
		}
	}
	unix.Close(fd)
	return finding{What: "perf events", State: stateOK, Found: "software events can be counted"}
}

// tryUring asks for a ring of one entry.
func tryUring() finding {
	var params [120]byte // struct io_uring_params
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		cure := "sysctl kernel.io_uring_disabled=0"
		if errors.Is(errno, unix.ENOSYS) {
			cure = "it needs a kernel of 5.1 or newer, and a container that allows it"
		}
		return finding{"io_uring", stateLimited, fmt.Sprintf("io_uring_setup: %v", errno), cure}
	}
	unix.Close(int(fd))
	return finding{What: "io_uring", State: stateOK, Found: "a ring can be made"}
}

func tryCompiler() finding {
	path, err := exec.LookPath("cc")
	if err != nil {
		return finding{"C compiler", stateLimited, "no cc", "only the comparison with the C floor is lost; install gcc or clang"}
	}
	return finding{What: "C compiler", State: stateOK, Found: path + " (for the C floor; c10kit itself needs none)"}
}

func readSysctl(name string) (string, error) {
	text, err := os.ReadFile("/proc/sys/" + name)
	return strings.Join(strings.Fields(string(text)), " "), err
}
