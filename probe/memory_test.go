package probe

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestMemoryRecorded(t *testing.T) {
	p := recorded(t, "children")
	tree := mustTree(t, p, 100)
	m, err := p.Memory(tree)
	if want := (Memory{PSS: 3400 * 1024}); err != nil || m != want {
		t.Errorf("%+v, %v; want %+v, without the zombie", m, err, want)
	}
	if err := os.Remove(p.Root + "/101/smaps_rollup"); err != nil {
		t.Fatal(err)
	}
	_, err = p.Memory(tree)
	if err == nil || !strings.HasSuffix(err.Error(), "101/smaps_rollup: no such file or directory: it needs Linux 4.14 or newer") {
		t.Errorf("without smaps_rollup: %v", err)
	}
	if err := os.WriteFile(p.Root+"/101/smaps_rollup", []byte("[rollup]\nPss: many kB\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if m, err := p.Memory(tree); err == nil {
		t.Errorf("a file that is none: %+v", m)
	}
	if err := os.RemoveAll(p.Root + "/101"); err != nil {
		t.Fatal(err)
	}
	if m, err := p.Memory(tree); err != nil || m.PSS != 3000*1024 {
		t.Errorf("a process that has ended since: %+v, %v", m, err)
	}
}

// TestMemoryLive: what this process and its child hold is more than the child alone.
func TestMemoryLive(t *testing.T) {
	p := start(t, nil, "threads", "1")
	child, err := newServer(t, Proc{}, p.pid(), nil).Memory()
	if err != nil || child.PSS < 100<<10 {
		t.Errorf("a Go program holds %+v, %v", child, err)
	}
	both, err := newServer(t, Proc{}, os.Getpid(), nil).Memory()
	if err != nil || both.PSS <= child.PSS {
		t.Errorf("with its parent %+v, %v; alone %+v", both, err, child)
	}
}

// nobody makes a child another user's; only root can.
func nobody(t *testing.T) func(*exec.Cmd) {
	if os.Geteuid() != 0 {
		t.Skip("only root can start a process as another user")
	}
	return func(cmd *exec.Cmd) { cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534} }
}

// A foreign process is refused with the cure; permission is told apart from absence.
func TestExplain(t *testing.T) {
	err := explain(&fs.PathError{Op: "open", Path: "/proc/1/smaps_rollup", Err: syscall.EACCES})
	want := "open /proc/1/smaps_rollup: permission denied: run as the user of that process, or as root"
	if err.Error() != want || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want %s", err, want)
	}
}
