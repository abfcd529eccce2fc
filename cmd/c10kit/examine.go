package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/bench"
	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/probe"
	"github.com/c10kit/c10kit/probe/inetdiag"
	"github.com/c10kit/c10kit/probe/perf"
	"github.com/c10kit/c10kit/results"
)

const whatLoopback = "loopback"

// examine tries everything, one finding each.
func examine() []finding {
	return []finding{
		tryKernel(), tryCPUs(), tryLoopback(), tryDescriptors(), tryBacklog(), tryPorts(),
		tryThreads(), tryClock(), trySwitches(), trySockets(), tryNamespaces(), tryPerf(), tryUring(), tryCGO(), tryCompiler(),
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
	layout, err := bench.NewLayout(results.PlacementSplit)
	if err != nil {
		return finding{"CPUs", stateNo, err.Error(), ""}
	}
	return cpuFinding(layout)
}

// cpuFinding says what a layout that was to be split leaves to the server.
func cpuFinding(l bench.Layout) finding {
	f := finding{What: "CPUs", State: stateOK}
	if l.Placement != results.PlacementSplit {
		f.State, f.Found = stateLimited, fmt.Sprintf("1 for this process: %v", l.Server)
		f.Cure = "with 1 CPU server and load share it; allow 2 or more"
		return f
	}
	f.Found = fmt.Sprintf("%d for this process; placement split gives %v to the server, %v to the load", len(l.Server)+len(l.Load), l.Server, l.Load)
	if len(l.Server) == 1 {
		f.State, f.Cure = stateLimited, "multicore effects are not visible where the server has 1 CPU; allow 3 or more"
	}
	return f
}

// tryLoopback sends a byte through a connection of 127.0.0.0/8.
func tryLoopback() finding {
	begun := time.Now()
	if err := sendByte("127.16.1.1:0", time.Second); err != nil {
		return finding{whatLoopback, stateNo, err.Error(), "bring up the lo interface, ip link set lo up, and let no firewall drop 127.0.0.0/8"}
	}
	return finding{What: whatLoopback, State: stateOK, Found: fmt.Sprintf("127.16.1.1 connects and carries a byte in %v", time.Since(begun).Round(time.Microsecond))}
}

// sendByte listens at addr, connects to it, and sends itself a byte.
func sendByte(addr string, within time.Duration) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	defer l.Close()
	client, err := net.DialTimeout("tcp", l.Addr().String(), within)
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := l.Accept() // it is in the queue: connect(2) has returned
	if err != nil {
		return err
	}
	defer server.Close()
	if _, err := client.Write([]byte{'!'}); err != nil {
		return err
	}
	if err := server.SetReadDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err = server.Read(make([]byte, 1))
	return err
}

func tryBacklog() finding {
	n, err := sys.Sysctl("net/core/somaxconn")
	f := finding{What: "accept queue", State: stateOK, Found: "net.core.somaxconn = " + n}
	if err != nil {
		f.State, f.Found = stateLimited, err.Error()
	} else if len(n) < 4 {
		f.State, f.Cure = stateLimited, "bursts of connections will overflow it: sysctl net.core.somaxconn=4096"
	}
	return f
}

func tryPorts() finding {
	text, err := sys.Sysctl("net/ipv4/ip_local_port_range")
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

// tryNamespaces makes a network namespace, in a child that ends at once.
func tryNamespaces() finding {
	const what = "namespaces"
	if err := netns.Supported(); err != nil {
		return limited(what, err)
	}
	return finding{What: what, State: stateOK, Found: "a network namespace of one's own can be made"}
}

// tryPerf opens each kind of event. They are live series and a cross-check; what is
// published is counted without them.
func tryPerf() finding {
	level, err := sys.Sysctl("kernel/perf_event_paranoid")
	if err != nil {
		level = "not known"
	}
	return perfFinding(perf.Try(), level)
}

// perfFinding says what may be counted, and what not at this level of
// kernel.perf_event_paranoid.
func perfFinding(try perf.Support, level string) finding {
	f := finding{What: "perf events", State: stateOK}
	var can, cannot []string
	for _, k := range []struct {
		name string
		err  error
	}{
		{"context switches of a process", try.Thread},
		{"context switches of the machine", try.Machine},
		{"tracepoints", try.Tracepoint},
	} {
		if k.err == nil {
			can = append(can, k.name)
			continue
		}
		cannot = append(cannot, k.name)
		f.State = stateLimited
		var p *perf.Error
		if errors.As(k.err, &p) {
			f.Cure = "only the cross-check is lost; " + p.Cure
		}
	}
	var found []string
	if len(can) > 0 {
		found = append(found, strings.Join(can, ", "))
	}
	if len(cannot) > 0 {
		found = append(found, "not permitted: "+strings.Join(cannot, ", ")+" (kernel.perf_event_paranoid = "+level+")")
	}
	f.Found = strings.Join(found, "; ")
	return f
}

// trySockets asks the kernel for listening sockets, as TIME_WAITs are counted.
func trySockets() finding {
	const what = "sock_diag"
	d, err := inetdiag.Open()
	if err == nil {
		defer d.Close()
		_, err = d.Listeners(netip.MustParseAddrPort("127.0.0.1:1"))
	}
	if err != nil {
		return limited(what, err)
	}
	return finding{What: what, State: stateOK, Found: "the kernel lists TCP sockets by state and port"}
}

// trySwitches reads this process as a server is read.
func trySwitches() finding {
	const what = "switches"
	s, err := probe.NewServer(probe.Proc{}, os.Getpid(), nil)
	if err != nil {
		return limited(what, err)
	}
	first, err := s.Read()
	if err != nil {
		return limited(what, err)
	}
	second, err := s.Read()
	if err != nil {
		return limited(what, err)
	}
	w := second.Sub(first)
	switch {
	case w.SwitchesErr != nil:
		return limited(what, w.SwitchesErr)
	case w.DelayErr != nil:
		return limited(what, w.DelayErr)
	}
	return finding{
		What: what, State: stateOK,
		Found: fmt.Sprintf("context switches, CPU and waiting time of %d threads in %v", w.Threads, second.Took.Round(time.Microsecond)),
	}
}

// limited is a finding of an error, which names its cure itself.
func limited(what string, err error) finding {
	return finding{What: what, State: stateLimited, Found: strings.ReplaceAll(err.Error(), "\n", "; ")}
}

// tryUring asks for a ring of one entry.
func tryUring() finding {
	var params [120]byte // struct io_uring_params
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params)), 0)
	if errno != 0 {
		disabled, err := sys.Sysctl("kernel/io_uring_disabled")
		return finding{"io_uring", stateLimited, fmt.Sprintf("io_uring_setup: %v", errno), uringCure(errno, disabled, err)}
	}
	unix.Close(int(fd))
	return finding{What: "io_uring", State: stateOK, Found: "a ring can be made"}
}

// uringCure says what allows rings where errno is what one is refused with, and disabled is
// kernel.io_uring_disabled, which kernels before 6.6 have not (err).
func uringCure(errno unix.Errno, disabled string, err error) string {
	switch {
	case errno == unix.ENOSYS:
		return "it needs a kernel of 5.1 or newer, with CONFIG_IO_URING, and a container that allows it"
	case err == nil && disabled != "0":
		return "as root, sysctl kernel.io_uring_disabled=0 (now " + disabled + ")"
	case errno == unix.EPERM:
		return "a seccomp filter forbids it, as containers have it: start the container with --security-opt seccomp=unconfined"
	case errno == unix.ENOMEM:
		return "raise ulimit -l: before Linux 5.12 a ring is locked memory"
	}
	return ""
}

// tryCGO says how this program was built: it needs no C, and runs the same without.
func tryCGO() finding {
	f := finding{What: "cgo", State: stateOK, Found: "built without it, or not known"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "CGO_ENABLED" {
				f.Found = "built with CGO_ENABLED=" + s.Value + " (c10kit needs none)"
			}
		}
	}
	return f
}

func tryCompiler() finding {
	path, err := exec.LookPath("cc")
	if err != nil {
		return finding{"C compiler", stateLimited, "no cc", "only the comparison with the C floor is lost; install gcc or clang"}
	}
	return finding{What: "C compiler", State: stateOK, Found: path + " (for the C floor; c10kit itself needs none)"}
}
