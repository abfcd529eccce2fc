package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Sysctls are settings of a namespace by their names in sysctl(8)'s spelling, as in
// {"net.ipv4.ip_local_port_range": "40000 40099"}. Only net.* is taken: everything
// else is the machine's, and root would change it for all.
type Sysctls map[string]string

// check returns an error if a name is not that of a sysctl of a network namespace.
func (s Sysctls) check() error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		odd := func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-.", r))
		}
		if !strings.HasPrefix(name, "net.") || strings.Contains(name, "..") || strings.ContainsFunc(name, odd) {
			return fmt.Errorf("netns: sysctl %q: only names net.* belong to a network namespace", name)
		}
	}
	return nil
}

// write sets them, in the order of their names, in the namespace of the calling
// process; root is /proc/sys.
func (s Sysctls) write(root string) error {
	for _, name := range slices.Sorted(maps.Keys(s)) {
		path := filepath.Join(root, strings.ReplaceAll(name, ".", "/"))
		if err := writeExisting(path, s[name]); err != nil {
			return fmt.Errorf("netns: sysctl %s = %q: %w%s", name, s[name], err, sysctlCure(err))
		}
	}
	return nil
}

// writeExisting is os.WriteFile without O_CREATE, whose EACCES would hide that there
// is no such sysctl.
func writeExisting(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

func sysctlCure(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "; this kernel has no such sysctl, or keeps one for the whole machine and shows none in a namespace"
	case errors.Is(err, unix.EINVAL):
		return "; the kernel refuses this value"
	default:
		return cure("/proc", inSetup, err)
	}
}
