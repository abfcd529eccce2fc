package perf

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// tool is perf(1), started disabled and switched on by its own control pipe, so that its window is known to be open
// before the work begins.
type tool struct {
	cmd          *exec.Cmd
	control, ack *os.File
	said         bytes.Buffer
}

func startTool(t *testing.T, args ...string) *tool {
	t.Helper()
	path, err := exec.LookPath("perf")
	if err != nil {
		t.Skip("no perf(1) to compare with: ", err)
	}
	controlRead, control, err1 := os.Pipe()
	ack, ackWrite, err2 := os.Pipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	p := &tool{cmd: exec.Command(path, args...), control: control, ack: ack}
	p.cmd.ExtraFiles = []*os.File{controlRead, ackWrite} // descriptors 3 and 4
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	// perf mounts tracefs and leaves it mounted: let it do so in a mount namespace of its own.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Skip("perf(1) does not start: ", err)
	}
	controlRead.Close()
	ackWrite.Close()
	t.Cleanup(func() {
		control.Close()
		ack.Close()
		_ = p.cmd.Process.Kill() // ended already as a rule
	})
	p.tell(t, "enable")
	return p
}

func (p *tool) tell(t *testing.T, command string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.control, command); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(p.ack).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "ack") {
		_ = p.cmd.Wait()
		t.Skipf("this perf(1) has no control pipe: %q, %v, %s", line, err, p.said.String())
	}
}

func (p *tool) stop(t *testing.T) {
	t.Helper()
	p.tell(t, "disable")
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	// perf record ends by the signal that stopped it: its status says nothing, its file does.
	_ = p.cmd.Wait()
}

func within(got, want uint64, percent float64) bool {
	difference := float64(got) - float64(want)
	return difference*100 <= percent*float64(want) && -difference*100 <= percent*float64(want)
}

// TestPerfStat: perf stat -e context-switches -p PID, on the same work.
func TestPerfStat(t *testing.T) {
	needCounter(t)
	child := start(t, "perf-sleepers", "20", "100")
	out := filepath.Join(t.TempDir(), "stat.csv")
	p := startTool(t, "stat", "-x,", "-o", out, "-e", "context-switches", "-D", "-1", "--control", "fd:3,4",
		"-p", strconv.Itoa(child.pid))
	c, err := NewCounter(child.pid)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	before := counted(t, c)
	child.work(t)
	got := counted(t, c)[ContextSwitches] - before[ContextSwitches]
	p.stop(t)
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^(\d+),,context-switches`).FindSubmatch(text)
	if line == nil {
		t.Fatalf("perf stat said %s", text)
	}
	want, _ := strconv.ParseUint(string(line[1]), 10, 64)
	t.Logf("counter %d, perf stat %d", got, want)
	if want < 2000 || !within(got, want, 1) {
		t.Errorf("counter %d, perf stat %d", got, want)
	}
}

// TestPerfRecord: perf record -a -e sched:sched_switch, on the same work, thread by thread.
func TestPerfRecord(t *testing.T) {
	needTrace(t)
	child := start(t, "perf-sleepers", "20", "100")
	data := filepath.Join(t.TempDir(), "perf.data")
	p := startTool(t, "record", "-a", "-m", "1024", "-e", "sched:sched_switch", "-o", data, "-D", "-1", "--control", "fd:3,4")
	var said []usage
	counts := traced(t, Options{Roots: []int{child.pid}}, func() { said = child.work(t) })
	p.stop(t)
	script, err := exec.Command("perf", "script", "-i", data, "-F", "trace").Output()
	if err != nil {
		t.Fatalf("perf script: %v", err)
	}
	want := map[int]Switches{}
	switches := regexp.MustCompile(`prev_pid=(\d+) .*prev_state=(\S+)`)
	for _, line := range switches.FindAllSubmatch(script, -1) {
		tid, _ := strconv.Atoi(string(line[1]))
		one := Switches{Voluntary: 1}
		if line[2][0] == 'R' {
			one = Switches{Involuntary: 1}
		}
		want[tid] = want[tid].Plus(one)
	}
	byTid := map[int]Switches{}
	for _, thread := range counts.Threads {
		byTid[thread.Tid] = byTid[thread.Tid].Plus(thread.Switches)
	}
	var ours, theirs Switches
	for _, u := range said {
		if byTid[u.id] != want[u.id] {
			t.Errorf("thread %d: %+v, perf record %+v", u.id, byTid[u.id], want[u.id])
		}
		ours, theirs = ours.Plus(byTid[u.id]), theirs.Plus(want[u.id])
	}
	t.Logf("trace %+v, perf record %+v", ours, theirs)
	if theirs.Voluntary < 2000 || !within(ours.Voluntary, theirs.Voluntary, 1) {
		t.Errorf("trace %+v, perf record %+v", ours, theirs)
	}
}
