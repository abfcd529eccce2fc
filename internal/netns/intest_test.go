package netns_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"
)

// outside is where a parent tells its child the namespace that it is in.
const outside = "C10KIT_NETNS_OUTSIDE"

// tellOutside must come before netns.Test.
func tellOutside(t *testing.T) {
	t.Helper()
	if os.Getenv(outside) != "" {
		return
	}
	name, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(outside, name)
}

// TestInside checks what Test promises: another namespace with every thread in it,
// lo up and alone, the sysctls set.
func TestInside(t *testing.T) {
	tellOutside(t)
	if !netns.Test(t, netns.Sysctls{
		"net.ipv4.ip_local_port_range": "40000 40009",
		"net.ipv4.tcp_max_syn_backlog": "77",
		"net.ipv4.tcp_tw_reuse":        "0",
		"net.core.somaxconn":           "33",
	}) {
		return
	}
	checkThreads(t, os.Getenv(outside))
	interfaces, err := net.Interfaces()
	if err != nil || len(interfaces) != 1 || interfaces[0].Name != "lo" || interfaces[0].Flags&net.FlagUp == 0 {
		t.Errorf("interfaces %v, error %v, expected lo alone, and up", interfaces, err)
	}
	for name, want := range map[string]string{"ipv4/tcp_max_syn_backlog": "77", "ipv4/tcp_tw_reuse": "0", "core/somaxconn": "33"} {
		if text, err := os.ReadFile("/proc/sys/net/" + name); err != nil || strings.TrimSpace(string(text)) != want {
			t.Errorf("sysctl %s is %q, error %v, expected %s", name, text, err, want)
		}
	}
	checkPortRange(t)
}

// checkThreads looks at every thread, some of which were made to exist.
func checkThreads(t *testing.T, notIn string) {
	release := make(chan struct{})
	started := make(chan struct{})
	for range 4 {
		go func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			started <- struct{}{}
			<-release
		}()
		<-started
	}
	defer close(release)
	names, err := filepath.Glob("/proc/self/task/*/ns/net")
	if err != nil || len(names) < 5 {
		t.Fatalf("%d threads, error %v, expected 5 or more", len(names), err)
	}
	for _, name := range names {
		if in, err := os.Readlink(name); err != nil || in == notIn {
			t.Errorf("%s is %s, error %v, expected another than the parent's", name, in, err)
		}
	}
}

// checkPortRange opens connections until the ten ports are used up.
func checkPortRange(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for i := range 11 {
		conn, err := net.Dial("tcp4", "127.0.0.1:8080")
		if err == nil {
			defer conn.Close()
		}
		switch {
		case i < 10 && err != nil:
			t.Fatalf("connection %d of 10: %v", i+1, err)
		case i == 10 && !errors.Is(err, unix.EADDRNOTAVAIL):
			t.Errorf("an eleventh connection with ten ports: error %v, expected EADDRNOTAVAIL", err)
		}
	}
}

// TestSubtest checks that a subtest finds itself again in the child.
func TestSubtest(t *testing.T) {
	for _, name := range []string{"plain", "with (odd) signs+.*"} {
		t.Run(name, func(t *testing.T) {
			tellOutside(t)
			if !netns.Test(t, nil) {
				return
			}
			checkThreads(t, os.Getenv(outside))
		})
	}
}

// TestUnprivileged runs TestInside as a user without any privilege, who needs a user
// namespace. The test binary lies in a directory that only root may enter, so it is
// executed through /proc/self/exe.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("is not root: TestInside itself is this test")
	}
	cmd := exec.Command(reexec.Self(), "-test.run=^TestInside$", "-test.v", "-test.count=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: false},
		Pdeathsig:  unix.SIGKILL,
	}
	cmd.Env = append(os.Environ(), "HOME=/", outside+"=")
	output, err := cmd.CombinedOutput()
	switch text := string(output); {
	case err != nil:
		t.Errorf("as user 65534: %v\n%s", err, text)
	case strings.Contains(text, "--- SKIP"):
		t.Skipf("as user 65534:\n%s", text)
	case !strings.Contains(text, "--- PASS: TestInside") || !strings.Contains(text, "in the namespace"):
		t.Errorf("as user 65534 the test did not run in a namespace:\n%s", text)
	}
}

// wanted is what TestAct does in the child; without it TestAct has nothing to do.
const wanted = "C10KIT_NETNS_ACT"

// TestAct is a part of TestOutcomes.
func TestAct(t *testing.T) {
	act := os.Getenv(wanted)
	if act == "" {
		t.Skip("acts for TestOutcomes")
	}
	if !netns.Test(t, nil) {
		return
	}
	switch act {
	case "pass":
		t.Log("passing along")
	case "fail":
		t.Error("failing along")
	case "late":
		t.Cleanup(func() { t.Error("failing late") })
	case "skip":
		t.Skip("skipping along")
	case "die 0":
		os.Exit(0)
	case "die 7":
		os.Exit(7)
	case "panic":
		panic("panicking along")
	}
}

// recorder is a test's *testing.T that fails nobody.
type recorder struct {
	name string
	said []string
}

func (r *recorder) Helper()         {}
func (r *recorder) Name() string    { return r.name }
func (r *recorder) Cleanup(func())  {}
func (r *recorder) Failed() bool    { return false }
func (r *recorder) Skipped() bool   { return false }
func (r *recorder) Log(args ...any) { r.said = append(r.said, "log "+fmt.Sprint(args...)) }
func (r *recorder) Skipf(format string, args ...any) {
	r.said = append(r.said, "skip "+fmt.Sprintf(format, args...))
	runtime.Goexit()
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = append(r.said, "fatal "+fmt.Sprintf(format, args...))
	runtime.Goexit()
}

// TestOutcomes checks that the child's result becomes the parent's.
func TestOutcomes(t *testing.T) {
	if err := netns.Supported(); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct{ act, name, begins, contains string }{
		{"pass", "TestAct", "log", "passing along"},
		{"fail", "TestAct", "fatal in the namespace: the test failed", "failing along"},
		{"late", "TestAct", "fatal in the namespace: the test failed", "failing late"},
		{"skip", "TestAct", "skip", "skipping along"},
		{"die 0", "TestAct", "fatal in the namespace: the child ended without running the test", ""},
		{"die 7", "TestAct", "fatal in the namespace: the child did not end the test: exit status 7", ""},
		{"panic", "TestAct", "fatal in the namespace", "panicking along"},
		{"pass", "TestThatIsNotThere", "fatal in the namespace: the child ended without running the test", ""},
	} {
		t.Run(c.act+" "+c.name, func(t *testing.T) {
			t.Setenv(wanted, c.act)
			r := &recorder{name: c.name}
			inside, done := true, make(chan struct{})
			go func() {
				defer close(done)
				inside = netns.Test(r, nil)
			}()
			<-done
			if len(r.said) != 1 || !strings.HasPrefix(r.said[0], c.begins) || !strings.Contains(r.said[0], c.contains) {
				t.Errorf("said %q, expected one text that begins with %q and contains %q", r.said, c.begins, c.contains)
			}
			if returned := !inside; returned != (c.begins == "log") {
				t.Errorf("returned to the test: %s, expected only when it passed", strconv.FormatBool(returned))
			}
		})
	}
}

// BenchmarkInNamespace has a line of its own in the output only if the child's is
// passed on.
func BenchmarkInNamespace(b *testing.B) {
	if !netns.Test(b, nil) {
		return
	}
	for b.Loop() {
		if _, err := os.Readlink("/proc/self/ns/net"); err != nil {
			b.Fatal(err)
		}
	}
}
