package netns

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"github.com/moby/sys/reexec"
	"golang.org/x/sys/unix"
)

// Command returns a command that will run name with its arguments in a new network
// namespace, lo up and the sysctls set. The caller owns it as one of exec.Command:
// sets its files and environment, starts and waits. Cancelling ctx kills it.
//
// If the namespace cannot be entered, Start fails; if it cannot be set up, the
// reason is on the command's standard error and its exit status is 3. [Supported]
// tells beforehand, with the cure.
//
// The command is killed when the thread that started it ends, so that nothing is
// left behind when this process is killed (PR_SET_PDEATHSIG(2const)). Go ends a
// thread only with a goroutine that exits locked to it: a caller in a program that
// does so holds runtime.LockOSThread from Start to Wait.
func Command(ctx context.Context, sysctls Sysctls, name string, args ...string) (*exec.Cmd, error) {
	return command(ctx, sysctls, append([]string{name}, args...)...)
}

func command(ctx context.Context, sysctls Sysctls, argv ...string) (*exec.Cmd, error) {
	if err := sysctls.check(); err != nil {
		return nil, err
	}
	settings, err := json.Marshal(sysctls)
	if err != nil {
		return nil, fmt.Errorf("netns: sysctls: %w", err)
	}
	cmd := exec.CommandContext(ctx, reexec.Self())
	cmd.Args = append([]string{childName, string(settings)}, argv...)
	cmd.SysProcAttr = attributes(hasSysAdmin())
	return cmd, nil
}

// attributes asks for the namespaces. In a user namespace this user is root, and
// setgroups(2) is given up for it (user_namespaces(7)).
func attributes(privileged bool) *syscall.SysProcAttr {
	if privileged {
		return &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: unix.SIGKILL}
	}
	return &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   unix.SIGKILL,
	}
}

// hasSysAdmin reports whether clone(2) will grant CLONE_NEWNET without a user
// namespace. Root of a container often has not got CAP_SYS_ADMIN.
func hasSysAdmin() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if unix.Capget(&header, &sets[0]) != nil {
		return false
	}
	return sets[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

// Supported tries to make a namespace as [Command] does, and returns nil if that
// works. Otherwise the error has the system call and its errno, and says how the
// machine can be made to allow it. It starts one process and costs some
// milliseconds; it is safe for concurrent use.
func Supported() error {
	runtime.LockOSThread() // Pdeathsig: see Command
	defer runtime.UnlockOSThread()
	cmd, err := command(context.Background(), nil)
	if err != nil {
		return err
	}
	var talk bytes.Buffer
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("netns: new network namespace: %w%s", err, cure("/proc", inClone, err))
	}
	if err := cmd.Wait(); err != nil {
		return refusal(err, strings.TrimSpace(talk.String()))
	}
	return nil
}

// refused is what a trial child said before it ended, with the errno that its exit
// status carried.
type refused struct {
	text  string
	cause error
}

func (r *refused) Error() string { return r.text }
func (r *refused) Unwrap() error { return r.cause }

func refusal(err error, text string) error {
	var exit *exec.ExitError
	if text == "" || !errors.As(err, &exit) || exit.ExitCode() <= 0 {
		return fmt.Errorf("netns: the child in the new namespace ended: %w: %s", err, text)
	}
	return &refused{text: text, cause: unix.Errno(exit.ExitCode())}
}
