package probe

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseStat(t *testing.T) {
	line := "42 (a) b (c d) S 7 1 1 0 -1 4 8 9 10 11 12 13 14 15 20 0 3 0 777 1 2"
	want := Process{
		PID: 42, Name: "a) b (c d", State: 'S', Parent: 7, Start: 777, Threads: 3,
		user: 120 * time.Millisecond, system: 130 * time.Millisecond,
		childUser: 140 * time.Millisecond, childSystem: 150 * time.Millisecond, childFaults: 9,
	}
	got, ok := parseStat([]byte(line))
	if d := cmp.Diff(want, got, cmp.AllowUnexported(Process{})); !ok || d != "" {
		t.Errorf("%v\n%s", ok, d)
	}
	for n := range len(line) - len("777 1 2") + 1 { // torn anywhere before its start time
		if p, ok := parseStat([]byte(line[:n])); ok {
			t.Fatalf("%q is taken for %+v", line[:n], p)
		}
	}
}

// Whatever a process calls itself, it is read as it was written.
func TestParseStatOfAnyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringN(0, 15, 15).Draw(t, "name")
		parent := rapid.IntRange(0, 1<<22).Draw(t, "parent")
		started := rapid.Uint64().Draw(t, "start")
		line := fmt.Sprintf("1 (%s) R %d 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0", name, parent, started)
		p, ok := parseStat([]byte(line))
		if !ok || p.Name != name || p.Parent != parent || p.Start != started || p.State != 'R' {
			t.Fatalf("%q: %+v, %v", line, p, ok)
		}
	})
}

func TestParseStatus(t *testing.T) {
	// A thread may call itself what it likes: the kernel escapes line ends.
	text := "Name:\tvoluntary_ctxt_switches:\t9\nState:\tZ (zombie)\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t34\nx86_Thread_features:\t\n"
	v, i, zombie, ok := parseStatus([]byte(text))
	if v != 12 || i != 34 || !zombie || !ok {
		t.Errorf("%d, %d, zombie %v, %v; want 12, 34, a zombie", v, i, zombie, ok)
	}
	for n := range len(text) - len("x86_Thread_features:\t\n") {
		if _, _, _, ok := parseStatus([]byte(text[:n])); ok {
			t.Errorf("a torn file is taken for whole: %q", text[:n])
		}
	}
	if _, _, zombie, _ := parseStatus([]byte("Name:\tx\nState:\tS (sleeping)\n")); zombie {
		t.Error("a sleeping thread is taken for a zombie")
	}
}

// TestNoGarbage: thousands of threads are read without allocating.
func TestNoGarbage(t *testing.T) {
	r := Proc{}.reader()
	one := task{pid: os.Getpid(), tid: os.Getpid()}
	if n := testing.AllocsPerRun(100, func() {
		if err := r.fill(&one); err != nil || !one.known {
			t.Fatal(err, one)
		}
	}); n != 0 {
		t.Errorf("%v allocations a thread, want 0", n)
	}
}

func TestList(t *testing.T) {
	root := t.TempDir()
	want := []int{}
	for i := range 500 { // more than a buffer holds
		want = append(want, i*7)
		if err := os.Mkdir(fmt.Sprintf("%s/%d", root, i*7), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"self", "12a", "a12", "1.2", "-1", "1 "} {
		if err := os.Mkdir(root+"/"+name, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Proc{root}.reader().file("").list(nil)
	slices.Sort(got)
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Errorf("%v\n%s", err, d)
	}
}

// A file longer than the buffer is read whole.
func TestReadLong(t *testing.T) {
	p := Proc{t.TempDir()}
	want := bytes.Repeat([]byte("0123456789"), 3000)
	if err := os.WriteFile(p.Root+"/long", want, 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := p.reader().file("long").read()
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
}
