package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/results"
)

// measuring waits until the run that cmd makes has a result, and returns its folder.
func measuring(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		files, _ := filepath.Glob(cmd.Dir + "/runs/*/results.txt")
		if len(files) == 0 {
			continue
		}
		if text, _ := os.ReadFile(files[0]); strings.Contains(string(text), "BenchmarkModels") {
			return filepath.Dir(files[0])
		}
	}
	t.Fatal("nothing was measured in 20 s")
	return ""
}

// closedRun checks that the run in dir was closed as an interrupted one and kept.
func closedRun(t *testing.T, dir string) {
	t.Helper()
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if m := run.Manifest; !m.Interrupted || m.End.IsZero() || len(run.Results) == 0 {
		t.Errorf("the run was not closed: interrupted %v, end %v, %d results", m.Interrupted, m.End, len(run.Results))
	}
}

const longRun = "compare reactor -c 4 -d 100ms --rounds 1000 --placement shared"

// A hang-up is an interrupt: the run is closed and kept, a server drains.
func TestHangUp(t *testing.T) {
	t.Run("compare", func(t *testing.T) {
		cmd, out, stderr := start(t, strings.Fields(longRun)...)
		dir := measuring(t, cmd)
		for range 2 { // the kernel and the shell may both send one
			if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("exit %d, want %d: %s", code, exitInterrupted, stderr)
		}
		closedRun(t, dir)
	})
	t.Run("serve", func(t *testing.T) {
		cmd, _ := serve(t, "prethread", "--workers", "2")
		if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after SIGHUP: %v", err)
		}
	})
	t.Run("terminal gone", func(t *testing.T) {
		p := newTerminal(t, 80, 24, strings.Fields(longRun)...)
		dir := measuring(t, p.cmd)
		p.slave.Close()
		p.master.Close()
		select {
		case <-p.ended:
		case <-time.After(20 * time.Second):
			t.Fatal("it did not end in 20 s")
		}
		if code := p.cmd.ProcessState.ExitCode(); code != exitInterrupted {
			t.Errorf("exit %d, want %d", code, exitInterrupted)
		}
		closedRun(t, dir)
	})
}

// Under nohup(1) SIGHUP is ignored, and stays so.
func TestNoHangUp(t *testing.T) {
	// Not signal.Ignore: there is no way back from it, and every later child would inherit it.
	cmd, out, stderr := begin(t, byShell(t, `trap "" HUP; exec `+commandName+` serve reactor --addr 127.0.0.1:0`))
	addr := listening(t, out, stderr)
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // a drain of no connection takes less
	if code, _, stderr := command(t, "load", "http://"+addr+"/plaintext", "-c", "1", "-n", "10"); code != exitOK {
		t.Errorf("load after SIGHUP: exit %d: %s", code, stderr)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}
