package sys

import (
	"os"
	"strings"
)

// Sysctl reads a setting of the kernel by its path below /proc/sys, such as
// "net/core/somaxconn", with one blank between its fields; see proc_sys(5). The error
// names the file: an older kernel, or a namespace, may not have it.
func Sysctl(name string) (string, error) {
	text, err := os.ReadFile("/proc/sys/" + name)
	return strings.Join(strings.Fields(string(text)), " "), err
}
