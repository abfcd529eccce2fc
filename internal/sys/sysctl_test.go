package sys

import (
	"strings"
	"testing"
)

func TestSysctl(t *testing.T) {
	ports, err := Sysctl("net/ipv4/ip_local_port_range") // the kernel puts a tab between the two
	if err != nil || len(strings.Split(ports, " ")) != 2 || strings.ContainsAny(ports, "\t\n") {
		t.Errorf("%q, %v", ports, err)
	}
	if v, err := Sysctl("net/ipv4/nonesuch"); err == nil || v != "" || !strings.Contains(err.Error(), "/proc/sys/net/ipv4/nonesuch") {
		t.Errorf("%q, %v", v, err)
	}
}
