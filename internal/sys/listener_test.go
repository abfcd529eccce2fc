package sys_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/c10kit/c10kit/internal/sys"
)

// TestPreferred is a table; probe/inetdiag holds the same choice against the kernel's
// (TestPreference).
func TestPreferred(t *testing.T) {
	// A listener is an address, with a v behind it where it has IPV6_V6ONLY.
	bound := func(l string) (netip.Addr, bool) {
		addr, v6Only := strings.CutSuffix(l, "v")
		return netip.MustParseAddr(addr), v6Only
	}
	everything := "127.0.0.1 0.0.0.0 ::ffff:127.0.0.3 ::1 :: ::v 127.0.0.1"
	for _, tc := range []struct{ all, to, want string }{
		{everything, "127.0.0.1", "127.0.0.1 127.0.0.1"},
		{everything, "127.0.0.2", "0.0.0.0"},
		{everything, "127.0.0.3", "::ffff:127.0.0.3"},
		{everything, "::ffff:127.0.0.2", "0.0.0.0"},
		{everything, "::1", "::1"},
		{everything, "::2", ":: ::v"},
		{everything, "fe80::1%eth0", ":: ::v"},
		{everything, "0.0.0.0", everything},
		{everything, "::", everything},
		{":: 0.0.0.0 127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{":: ::v", "127.0.0.1", "::"},
		{"::ffff:127.0.0.1 127.0.0.1", "127.0.0.1", "127.0.0.1"},
		{"::v", "127.0.0.1", ""},
		{"0.0.0.0", "::1", ""},
		{"127.0.0.2", "127.0.0.1", ""},
		{"", "127.0.0.1", ""},
	} {
		got := sys.Preferred(strings.Fields(tc.all), netip.MustParseAddr(tc.to), bound)
		if fmt.Sprint(got) != fmt.Sprint(strings.Fields(tc.want)) {
			t.Errorf("%s of %s: %v, want %s", tc.to, tc.all, got, tc.want)
		}
	}
}
