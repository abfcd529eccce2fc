package results

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestMetricsAreTheContract: the units of the design's section 5, in its order, and
// those that docs/adr/0014-more-figures.md adds.
func TestMetricsAreTheContract(t *testing.T) {
	const design = "req/s conn/s p50-ns p90-ns p99-ns p99.9-ns max-ns cpu-ns/req user-ns/req sys-ns/req " +
		"csw-vol/req csw-invol/req csw-error/req csw-runtime/req wakeups/req timed-wakeups/req eagains/req allocs/req tw-server tw-client tw-standing-server " +
		"tw-standing-client pss-bytes threads procs errors overflows accept-queue retransmits"
	var names []string
	for _, i := range Metrics() {
		names = append(names, string(i.Metric))
		if i.What == "" || i.Better != Higher && i.Better != Lower {
			t.Errorf("%s: %+v", i.Metric, i)
		}
		if got, ok := i.Metric.Info(); !ok || got != i {
			t.Errorf("%s: Info is %+v, %v", i.Metric, got, ok)
		}
		if ns := strings.HasSuffix(strings.TrimSuffix(string(i.Metric), "/req"), "-ns"); ns != (i.Scale == ScaleTime) {
			t.Errorf("%s has scale %v", i.Metric, i.Scale)
		}
	}
	if got := strings.Join(names, " "); got != design {
		t.Errorf("metrics\n%s, want\n%s", got, design)
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		metric Metric
		v      float64
		want   string
	}{
		{ReqPerSec, 0, "0"},
		{ReqPerSec, 63, "63"},
		{ReqPerSec, 999, "999"},
		{ReqPerSec, 999.4, "999"},
		{ReqPerSec, 999.5, "1.00k"},
		{ReqPerSec, 1000, "1.00k"},
		{ReqPerSec, 9994, "9.99k"},
		{ReqPerSec, 9996, "10.0k"},
		{ReqPerSec, 12345, "12.3k"},
		{ReqPerSec, 99960, "100k"},
		{ReqPerSec, 999499, "999k"},
		{ReqPerSec, 999500, "1.00M"},
		{ReqPerSec, 2.5e15, "2500T"},
		{CswVoluntary, 2.04, "2.04"},
		{CswVoluntary, 17, "17"},
		{CswVoluntary, 0.9996, "1.00"},
		{Allocs, 0.001, "0.001"},
		{Allocs, 0.123456, "0.123"},
		{Allocs, 0.0000123, "1.23e-05"},
		{P50, 0, "0"},
		{P50, 850, "850 ns"},
		{P50, 850e3, "850 µs"},
		{P50, 1.2351e6, "1.24 ms"},
		{P50, 999.6e3, "1.00 ms"},
		{P50, 949e6, "949 ms"},
		{P50, 12e9, "12.0 s"},
		{P50, 4000e9, "4000 s"},
		{PSS, 512, "512 B"},
		{PSS, 13926, "13.6 KiB"},
		{PSS, 1000 * 1024, "0.977 MiB"},
		{"furlongs", 1500, "1.50k"},
		{ReqPerSec, -1500, "-1.50k"},
	} {
		if got := c.metric.Format(c.v); got != c.want {
			t.Errorf("%s of %v is %q, want %q", c.metric, c.v, got, c.want)
		}
	}
}

// TestFormatWidth: no figure of a sane size is wider than tables expect.
func TestFormatWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(1e-3, 9e11).Draw(t, "v")
		for _, s := range []Scale{ScaleCount, ScaleTime, ScaleBytes} {
			number, _, _ := strings.Cut(s.Format(v), " ")
			if n := len(number); n > 8 || v >= 1 && n > 5 {
				t.Fatalf("%v is %q", v, s.Format(v))
			}
		}
	})
}
