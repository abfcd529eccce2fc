package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models"
)

// manyDescriptors is as many as the default scoreboard has slots, and doctor opens.
const manyDescriptors = models.DefaultMaxConns

// tryDescriptors opens as many as a server with a full scoreboard has.
func tryDescriptors() finding {
	const what = "descriptors"
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return finding{what, stateNo, os.NewSyscallError("getrlimit", err).Error(), ""}
	}
	n, err := openMany(manyDescriptors)
	f := finding{What: what, State: stateOK, Found: fmt.Sprintf("%d opened, of at most %d", n, r.Max)}
	if err != nil {
		f.State, f.Found = stateLimited, fmt.Sprintf("%s; %v", f.Found, err)
		f.Cure = fmt.Sprintf("no more than about %d connections a process: raise ulimit -Hn (EMFILE) or sysctl fs.file-max (ENFILE)", n)
	}
	return f
}

// openMany opens up to n descriptors at a time and closes them again. It returns how many
// it could open, and why no more.
func openMany(n int) (opened int, err error) {
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("open", err)
	}
	fds := []int{null}
	for len(fds) < n && err == nil {
		var fd int
		if fd, err = unix.FcntlInt(uintptr(null), unix.F_DUPFD_CLOEXEC, 0); err == nil {
			fds = append(fds, fd)
		}
	}
	for _, fd := range fds {
		unix.Close(fd)
	}
	return len(fds), os.NewSyscallError("fcntl(F_DUPFD_CLOEXEC)", err)
}

// tryThreads says how many processes and threads there may be.
func tryThreads() finding {
	const what = "threads"
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NPROC, &r); err != nil {
		return limited(what, os.NewSyscallError("getrlimit", err))
	}
	most := uint64(math.MaxUint64)
	var found []string
	bound := func(name, value string) {
		if n, err := strconv.ParseUint(value, 10, 64); err == nil {
			most = min(most, n)
			found = append(found, name+" "+value)
		}
	}
	for _, name := range []string{"kernel/pid_max", "kernel/threads-max"} {
		value, _ := sys.Sysctl(name)
		bound(strings.TrimPrefix(name, "kernel/"), value)
	}
	bound("pids.max of its cgroup", pidsMax("/proc/self/cgroup", "/sys/fs/cgroup"))
	if os.Geteuid() != 0 && r.Cur < 1<<20 { // root is exempt, and RLIM_INFINITY is no number
		bound("ulimit -u", strconv.FormatUint(r.Cur, 10))
	}
	f := finding{What: what, State: stateOK, Found: strings.Join(found, ", ")}
	if most < 4096 {
		f.State = stateLimited
		f.Cure = "a process or thread per connection needs more: ulimit -u 16384, or docker run --pids-limit 16384"
	}
	return f
}

// pidsMax is the smallest bound that the cgroup of this process and those above it set on
// processes and threads, "" where none does: membership is the file of cgroups(7), and root
// where their file systems are mounted.
func pidsMax(membership, root string) string {
	text, err := os.ReadFile(membership)
	if err != nil {
		return ""
	}
	least := ""
	for line := range strings.Lines(string(text)) {
		controllers, path, ok := strings.Cut(strings.TrimSpace(line[strings.Index(line, ":")+1:]), ":")
		dir := root
		switch {
		case !ok || controllers != "" && controllers != "pids":
			continue
		case controllers == "pids": // version 1 has a hierarchy for it
			dir = filepath.Join(root, "pids")
		}
		for ; ; path = filepath.Dir(path) {
			value, err := os.ReadFile(filepath.Join(dir, path, "pids.max"))
			n, parseErr := strconv.ParseUint(strings.TrimSpace(string(value)), 10, 64)
			if old, oldErr := strconv.ParseUint(least, 10, 64); err == nil && parseErr == nil && (oldErr != nil || n < old) {
				least = strconv.FormatUint(n, 10)
			}
			if path == "/" || path == "." {
				break
			}
		}
	}
	return least
}
