package netns_test

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/netns"
	"golang.org/x/sys/unix"
)

// TestCommand runs programs that know nothing of this package.
func TestCommand(t *testing.T) {
	if err := netns.Supported(); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		name    string
		sysctls netns.Sysctls
		argv    []string
		out     string
		talk    string
		status  int
	}{
		{"sysctl", netns.Sysctls{"net.core.somaxconn": "99"}, []string{"cat", "/proc/sys/net/core/somaxconn"}, "99", "", 0},
		{"arguments", nil, []string{"echo", "a b", ""}, "a b", "", 0},
		{"status", nil, []string{"sh", "-c", "exit 7"}, "", "", 7},
		{"no such program", nil, []string{"c10kit-no-such-program"}, "", "not found", 3},
		{"no such sysctl", netns.Sysctls{"net.ipv4.tcp_no_such": "1"}, []string{"true"}, "", "no such sysctl", 3},
		{"bad value", netns.Sysctls{"net.ipv4.tcp_tw_reuse": "many"}, []string{"true"}, "", "refuses this value", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			cmd, err := netns.Command(t.Context(), c.sysctls, c.argv[0], c.argv[1:]...)
			if err != nil {
				t.Fatal(err)
			}
			var out, talk bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &talk
			err = cmd.Run()
			if cmd.ProcessState == nil {
				t.Fatalf("it was not started: %v", err)
			}
			if status := cmd.ProcessState.ExitCode(); status != c.status {
				t.Errorf("exit status %d, error %v, expected %d", status, err, c.status)
			}
			if strings.TrimSpace(out.String()) != c.out || !strings.Contains(talk.String(), c.talk) {
				t.Errorf("output %q and %q, expected %q and %q in the second", &out, &talk, c.out, c.talk)
			}
		})
	}
}

// TestCommandCancelled checks that a cancelled context ends the command.
func TestCommandCancelled(t *testing.T) {
	if err := netns.Supported(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cmd, err := netns.Command(ctx, nil, "sleep", "1000")
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil { // on a slow machine the context would else be over before it
		t.Fatal(err)
	}
	cancel()
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) && !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, expected a killed command", err)
	}
	if err := unix.Kill(cmd.Process.Pid, 0); err == nil {
		t.Error("the command is still there")
	}
}

// TestForeignSysctls checks that nothing of the machine can be set.
func TestForeignSysctls(t *testing.T) {
	for _, name := range []string{"kernel.hostname", "vm.overcommit_memory", "net", "net.", "net../kernel", "net.ipv4/../../vm", "net..x", ""} {
		cmd, err := netns.Command(t.Context(), netns.Sysctls{name: "1"}, "true")
		if name == "net." { // stays a directory, which the kernel refuses
			continue
		}
		if err == nil {
			t.Errorf("sysctl %q was taken: %v", name, cmd.Args)
		}
	}
}
