package main

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/sys/reexec"

	"github.com/c10kit/c10kit/internal/rawfork"
)

// On a terminal that never answers, the command neither asks it anything nor waits.
// The quickest of three starts is judged: this machine may be busy.
func TestMuteTerminal(t *testing.T) {
	bound := 500 * time.Millisecond
	if rawfork.Supported() != nil { // the race detector starts slowly; waiting for an answer takes 5 s
		bound = 3 * time.Second
	}
	quickest := time.Hour
	for range 3 {
		took, shown := onMuteTerminal(t, "version")
		if strings.Contains(shown, "\x1b") || !strings.Contains(shown, "c10kit") {
			t.Fatalf("on a terminal, c10kit version shows %q", shown)
		}
		quickest = min(quickest, took)
	}
	if quickest > bound {
		t.Errorf("c10kit version takes %v, want at most %v", quickest, bound)
	}
}

// onMuteTerminal runs the command on a pseudo-terminal (pts(4)) and returns what it
// showed and how long it took.
func onMuteTerminal(t *testing.T, args ...string) (took time.Duration, shown string) {
	t.Helper()
	master, slave := openPTY(t)
	cmd := exec.Command(reexec.Self())
	cmd.Args = append([]string{commandName}, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	// Libraries ask nobody in CI or on a terminal that they do not know.
	cmd.Env = append(os.Environ(), "CI=", "TERM=xterm-256color", "COLORTERM=", "COLORFGBG=")
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	if err := master.SetReadDeadline(begin.Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(master) // ends with EIO when the last descriptor of the slave is closed
	if os.IsTimeout(err) {
		_ = cmd.Process.Kill()
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %v", args, err)
	}
	return time.Since(begin), string(text)
}
