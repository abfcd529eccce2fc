package netns

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/unix"
)

// childName is argv[0] of the process that enters the namespace. Its argv[1] is the
// Sysctls as JSON, the rest is the command; without one it only tries.
const childName = "c10kit-netns"

// exitRefused is the status of a child that could not set up its namespace: 3, as
// everywhere in c10kit, means that the machine cannot do it.
const exitRefused = 3

// init is a re-executed child's whole life, up to its execve. moby's reexec.Init
// would have to be called by every main and TestMain; see the package comment.
func init() {
	if len(os.Args) < 2 || os.Args[0] != childName {
		return
	}
	err := enter(os.Args[1], os.Args[2:])
	if err == nil {
		os.Exit(0) // nothing to execute: it was a trial, and it went well
	}
	fmt.Fprintln(os.Stderr, err)
	var errno unix.Errno
	if len(os.Args) == 2 && errors.As(err, &errno) {
		os.Exit(int(errno)) // Supported reads it; errno of Linux fit an exit status
	}
	os.Exit(exitRefused)
}

// enter sets the namespace up and becomes the command. It returns nil only if there
// is none.
func enter(settings string, command []string) error {
	var sysctls Sysctls
	if err := json.Unmarshal([]byte(settings), &sysctls); err != nil {
		return fmt.Errorf("netns: sysctls of the child: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("netns: bring up lo: %w%s", err, cure("/proc", inSetup, err))
	}
	if err := sysctls.write("/proc/sys"); err != nil {
		return err
	}
	if len(command) == 0 {
		return nil
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("netns: %w", err)
	}
	return fmt.Errorf("netns: execute %s: %w", path, os.NewSyscallError("execve", unix.Exec(path, command, os.Environ())))
}

// loopbackUp sets IFF_UP on lo (netdevice(7)): a new namespace has that one
// interface, and it is down. The kernel adds 127.0.0.1/8 and ::1 by itself.
func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return os.NewSyscallError("ioctl SIOCSIFFLAGS", unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request))
}
