package netstat

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func openReader(t testing.TB, proc string) *Reader {
	t.Helper()
	r, err := Open(proc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func read(t testing.TB, proc string) Values {
	t.Helper()
	v, err := openReader(t, proc).Read()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// got puts the values that are there under their names.
func got(v Values) map[string]int64 {
	values := map[string]int64{}
	for c := range counters {
		if value, ok := v.Get(c); ok {
			values[c.String()] = value
		}
	}
	return values
}

// missingOf returns the counters that were not read, in their order.
func missingOf(v Values) (missing []Counter) {
	for c := range counters {
		if _, ok := v.Get(c); !ok {
			missing = append(missing, c)
		}
	}
	return missing
}

// TestRecorded reads a short recording: a kernel without one of the counters, whose groups
// of no interest have a value beyond int64.
func TestRecorded(t *testing.T) {
	v := read(t, "testdata/linux-5.10")
	want := map[string]int64{
		"TcpExt.TW": 300, "TcpExt.TWRecycled": 4, "TcpExt.TWKilled": 5, "TcpExt.ListenOverflows": 6,
		"Tcp.OutSegs": 26, "Tcp.RetransSegs": 27,
	}
	if diff := cmp.Diff(want, got(v)); diff != "" {
		t.Errorf("- written, + read:\n%s", diff)
	}
	missing := missingOf(v)
	if !slices.Equal(missing, []Counter{TCPTimeWaitOverflow}) {
		t.Errorf("missing %v, expected TcpExt.TCPTimeWaitOverflow", missing)
	}
	window := v.Sub(v)
	if n, err := window.TimeWaitsCreated(); err == nil || !strings.Contains(err.Error(), "5.10.0-28-amd64 is older than 5.18") {
		t.Errorf("%d TIME_WAITs made, error %v, expected a refusal that names the kernel", n, err)
	}
}

// TestThisKernel checks that a kernel of today, recorded and alive, has every counter.
func TestThisKernel(t *testing.T) {
	for _, proc := range []string{"testdata/linux-6.18", "/proc"} {
		v := read(t, proc)
		if missing := missingOf(v); len(missing) > 0 {
			t.Errorf("%s: missing %v", proc, missing)
		}
	}
}

// TestSub checks differences: a counter does not fall, and what is missing on either side
// stays missing.
func TestSub(t *testing.T) {
	var before, after Values
	before.set(OutSegs, 10)
	after.set(OutSegs, 17)
	before.set(RetransSegs, 5) // another namespace's
	after.set(RetransSegs, 4)
	before.set(TW, 1)
	after.set(TWKilled, 1)
	if diff := cmp.Diff(map[string]int64{"Tcp.OutSegs": 7}, got(after.Sub(before))); diff != "" {
		t.Errorf("- expected, + difference:\n%s", diff)
	}
	var none Values
	if n := len(missingOf(none)); n != int(counters) {
		t.Errorf("the zero Values miss %d counters, expected all %d", n, counters)
	}
}

// writeProc makes a /proc of one file and what Open wants besides.
func writeProc(t *testing.T, name, text string) (proc string) {
	t.Helper()
	proc = t.TempDir()
	path := filepath.Join(proc, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
	return proc
}

// TestBrokenFiles checks that strange files are told by name and do not become
// numbers.
func TestBrokenFiles(t *testing.T) {
	for _, c := range []struct{ name, file, text, err string }{
		{"fewer values", "net/netstat", "TcpExt: TW TWKilled\nTcpExt: 1\n", "not as many names as values"},
		{"more values", "net/netstat", "TcpExt: TW\nTcpExt: 1 2\n", "not as many names as values"},
		{"cut off between the lines", "net/netstat", "TcpExt: TW\n", "not followed by its values"},
		{"groups that do not match", "net/snmp", "Tcp: OutSegs\nUdp: 1\n", "not followed by its values"},
		{"no number", "net/snmp", "Tcp: OutSegs\nTcp: many\n", `Tcp.OutSegs is "many"`},
		{"beyond int64", "net/snmp", "Tcp: OutSegs\nTcp: 18446744073709551615\n", "expected a number"},
		{"only a sign", "net/snmp", "Tcp: OutSegs\nTcp: -\n", "expected a number"},
		{"no colon", "net/snmp", "Tcp OutSegs\nTcp: 1\n", "not followed by its values"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := openReader(t, writeProc(t, c.file, c.text)).Read()
			if err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), c.file) {
				t.Errorf("error %v, values %v, expected %q and the file's name", err, got(v), c.err)
			}
		})
	}
}

// TestOneBrokenFile checks that the other files are read all the same.
func TestOneBrokenFile(t *testing.T) {
	proc := writeProc(t, "net/netstat", "TcpExt: TW\n")
	if err := os.WriteFile(filepath.Join(proc, "net/snmp"), []byte("Tcp: OutSegs\nTcp: 5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	v, err := openReader(t, proc).Read()
	if n, ok := v.Get(OutSegs); err == nil || !ok || n != 5 {
		t.Errorf("%d segments, %v, error %v, expected 5 with an error about netstat", n, ok, err)
	}
}

// TestNothing checks folders without any of the files.
func TestNothing(t *testing.T) {
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "net/snmp") {
		t.Errorf("error %v, expected one that names the files", err)
	}
}

// TestThread checks that the counters are those of the thread that opens them, wherever the
// rest of the process is.
func TestThread(t *testing.T) {
	var ours, alone Values
	var err error
	done := make(chan struct{})
	go func() { // its thread ends with it
		defer close(done)
		runtime.LockOSThread()
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return
		}
		var r *Reader
		if r, err = Open("/proc"); err != nil {
			return
		}
		defer r.Close()
		alone, err = r.Read()
	}()
	<-done
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		t.Skip("no network namespace for a thread: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	server, client := pair(t, l, 0)
	defer server.Close()
	defer client.Close()
	ours = read(t, "/proc")
	n, ok1 := ours.Get(OutSegs)
	zero, ok2 := alone.Get(OutSegs)
	if !ok1 || !ok2 || n == 0 || zero != 0 {
		t.Errorf("%d segments here (read: %v), %d where nobody is (read: %v)", n, ok1, zero, ok2)
	}
}

// TestLongFile checks that a file longer than the buffer is read whole.
func TestLongFile(t *testing.T) {
	names, values := "TcpExt:", "TcpExt:"
	for range 9000 {
		names += " Filler"
		values += " 123"
	}
	v := read(t, writeProc(t, "net/netstat", names+" TW\n"+values+" 77\n"))
	if n, ok := v.Get(TW); !ok || n != 77 {
		t.Errorf("TW behind 100 KB: %d, %v, expected 77", n, ok)
	}
}

// TestAllocations checks that a reading allocates nothing.
func TestAllocations(t *testing.T) {
	r := openReader(t, "/proc")
	n := testing.AllocsPerRun(100, func() {
		if _, err := r.Read(); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a reading, expected 0", n)
	}
}

// TestReleases checks which kernels count a TIME_WAIT when it is made.
func TestReleases(t *testing.T) {
	for release, want := range map[string]bool{
		"6.18.44": true, "5.18.0-rc1": true, "5.18": true, "5.19+": true, "10.0": true,
		"5.17.15": false, "4.19.0": false, "5.": false, "": false, "strange": false, "5.x": false,
	} {
		if countsWhenMade(release) != want {
			t.Errorf("Linux %q: expected %v", release, want)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	r := openReader(b, "/proc")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Read(); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParse checks that no text makes the parser panic, and that what it takes for a
// number is one that stands in the text.
func FuzzParse(f *testing.F) {
	for i, path := range paths {
		text, err := os.ReadFile(filepath.Join("testdata/linux-6.18", path))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), text)
	}
	f.Fuzz(func(t *testing.T, from byte, text []byte) {
		var v Values
		_ = parse(&v, source(from%byte(sources)), text)
		for c := range counters {
			if _, ok := v.Get(c); ok && (table[c].from != source(from%byte(sources)) || !strings.Contains(string(text), table[c].name)) {
				t.Errorf("%v was read from a text that has it not", c)
			}
		}
	})
}
