package perf

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseTracepoint(t *testing.T) {
	format, err := os.ReadFile("testdata/sched_switch.format")
	if err != nil {
		t.Fatal(err)
	}
	got, err := parseTracepoint("372\n", format)
	if err != nil {
		t.Fatal(err)
	}
	want := &tracepoint{id: 372, comm: field{8, 16}, prevPid: field{24, 4}, state: field{32, 8}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tracepoint{}, field{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseTracepointRefuses(t *testing.T) {
	const good = "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\n" +
		"\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\n" +
		"\tfield:long prev_state;\toffset:32;\tsize:8;\n"
	if _, err := parseTracepoint("1", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ id, format string }{
		"no id":         {"", good},
		"a narrow pid":  {"1", good + "\tfield:short prev_pid;\toffset:24;\tsize:2;\n"},
		"no fields":     {"1", "name: sched_switch\n"},
		"no offset":     {"1", "\tfield:long prev_state;\tsize:8;\tsigned:1;\n"},
		"cut off":       {"1", "\tfield:long prev_state;\tofs"},
		"negative size": {"1", good + "\tfield:long x;\toffset:1;\tsize:-1;\n"},
		"no name":       {"1", good + "\tfield:;\toffset:1;\tsize:1;\n"},
	} {
		if got, err := parseTracepoint(c.id, []byte(c.format)); err == nil {
			t.Errorf("%s: taken as %+v", name, got)
		}
	}
}

func TestParseStat(t *testing.T) {
	for text, want := range map[string]struct {
		comm   string
		parent int32
	}{
		"7 (sh) S 5 7 7 0":          {"sh", 5},
		"7 (a) R (b) x) Z 12 7":     {"a) R (b) x", 12},
		"8 (kworker/u4:1-ev) I 2 0": {"kworker/u4:1-ev", 2},
	} {
		comm, parent, ok := parseStat([]byte(text))
		if !ok || parent != want.parent || string(comm[:len(want.comm)]) != want.comm || comm[len(want.comm)] != 0 {
			t.Errorf("%q: %q, %d, %v", text, comm, parent, ok)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // whatever it is, it is no panic
		parseStat(rapid.SliceOf(rapid.SampledFrom([]byte("() 1S"))).Draw(t, "stat"))
	})
}

func TestRingSize(t *testing.T) {
	for asked, want := range map[int]int{0: DefaultRing, 1: minRing, minRing: minRing, minRing + 1: 2 * minRing, 5 << 20: 8 << 20} {
		if got := ringSize(asked); got != want {
			t.Errorf("%d: %d, want %d", asked, got, want)
		}
	}
}
