package inetdiag

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// explain adds to an error of the kernel what can be done about it.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if cure := cure(err); cure != "" {
		return fmt.Errorf("inetdiag: %w; %s", err, cure)
	}
	return fmt.Errorf("inetdiag: %w", err)
}

func cure(err error) string {
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EPROTONOSUPPORT):
		return "the kernel has no inet_diag for TCP: as root, modprobe -a inet_diag tcp_diag; " +
			"a kernel without CONFIG_INET_DIAG, and gVisor, cannot do it"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.EAFNOSUPPORT), errors.Is(err, unix.ENOSYS):
		return "a sandbox forbids netlink here: start a container with --security-opt seccomp=unconfined, " +
			"add AF_NETLINK to RestrictAddressFamilies= of a systemd unit, or run outside"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "no descriptor is left: raise ulimit -n"
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP):
		return "the kernel does not understand the question: Linux 3.3 or newer is needed"
	}
	return ""
}
