package netns

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// stage is where a new namespace was refused.
type stage int

const (
	inClone stage = iota // clone(2) itself, or the mapping of the user
	inSetup              // the namespace is there, and does not obey its owner
)

// cure says why namespaces may be refused on this machine and what allows them, as
// the end of a sentence; proc is /proc. It looks at the switches that
// distributions and containers have for it, and names those that are set.
func cure(proc string, at stage, err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EUSERS):
		return "; the limit on namespaces is reached: as root, sysctl -w user.max_user_namespaces=10000 user.max_net_namespaces=10000"
	case errors.Is(err, unix.EROFS):
		return "; /proc/sys is mounted read-only, as containers have it: run outside the container, or start it with --privileged"
	case errors.Is(err, unix.EINVAL) && at == inClone:
		return "; the kernel is built without CONFIG_NET_NS or CONFIG_USER_NS"
	case !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EACCES):
		return ""
	}
	var ways []string
	if sysctl(proc, "kernel/unprivileged_userns_clone") == "0" {
		ways = append(ways, "as root, sysctl -w kernel.unprivileged_userns_clone=1")
	}
	if sysctl(proc, "kernel/apparmor_restrict_unprivileged_userns") == "1" {
		ways = append(ways, "as root, sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")
	}
	if sysctl(proc, "user/max_user_namespaces") == "0" {
		ways = append(ways, "as root, sysctl -w user.max_user_namespaces=10000")
	}
	if filtered(proc) {
		ways = append(ways, "a seccomp filter is on this process, as containers have it: "+
			"start the container with --security-opt seccomp=unconfined or --cap-add SYS_ADMIN")
	}
	if len(ways) == 0 {
		return "; no switch is known that forbids it here (a chroot or a security module may): run as root outside of containers"
	}
	return "; to allow it: " + strings.Join(ways, "; ") + "; or run as root"
}

// sysctl returns a setting's text, empty if the kernel has none of that name.
func sysctl(proc, name string) string {
	text, err := os.ReadFile(filepath.Join(proc, "sys", name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// filtered reports whether this process runs under a seccomp filter (proc(5):
// Seccomp 2 in status).
func filtered(proc string) bool {
	text, err := os.ReadFile(filepath.Join(proc, "self", "status"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "Seccomp:"); found {
			return strings.TrimSpace(value) == "2"
		}
	}
	return false
}
