package probe

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHeadless: a server whose first thread has ended is found and measured like any
// other, and its end is noticed.
func TestHeadless(t *testing.T) {
	const addr = "127.0.9.42:45942"
	p := start(t, nil, "headless", addr)
	if zombie, err := (Proc{}).reader().stat(p.pid()); err != nil || zombie.State != 'Z' || zombie.Zombie() {
		t.Fatalf("%+v, %v: the test proves nothing", zombie, err)
	}
	at := netip.MustParseAddrPort(addr)
	if found, err := (Proc{}).Find(at); err != nil || found.PID != p.pid() {
		t.Errorf("Find: %v, %v; want %d", found, err, p.pid())
	}
	sockets, err := Proc{}.ListenersOf(p.pid(), at)
	if err != nil || len(sockets) != 1 || sockets[0].Addr != at {
		t.Errorf("ListenersOf: %v, %v", sockets, err)
	}
	if holds, err := (Proc{}).Holds(mustTree(t, Proc{}, p.pid()), sockets); !holds || err != nil {
		t.Errorf("Holds: %v, %v", holds, err)
	}
	s := newServer(t, Proc{}, p.pid(), nil)
	if m, err := s.Memory(); err != nil || m.PSS == 0 {
		t.Errorf("Memory: %+v, %v", m, err)
	}
	first := edge(t, s)
	p.tell("30")
	w := edge(t, s).Sub(first)
	if w.CPUErr != nil || w.CPU.Total() < 30*time.Millisecond {
		t.Errorf("CPU: %v, %v; want 30ms and more", w.CPU, w.CPUErr)
	}
	if w.SwitchesErr != nil || w.Switches.Voluntary == 0 || w.Switches.Lost != 0 {
		t.Errorf("switches: %+v, %v", w.Switches, w.SwitchesErr)
	}
	if w.DelayErr != nil || w.Threads < 2 {
		t.Errorf("%d threads, delay %v", w.Threads, w.DelayErr)
	}
	values := Values{}
	for _, source := range s.Sources() {
		if err := source.Read(values); err != nil {
			t.Errorf("%s: %v", source.Name, err)
		}
	}
	if values["procs"] != 1 || values["csw-vol"] != 0 {
		t.Errorf("%v", values)
	}
	p.in.Close()
	for range 2000 {
		if _, err = s.Tree(); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if !errors.Is(err, ErrGone) {
		t.Errorf("the server has ended: %v", err)
	}
	if _, err := (Proc{}).ListenersOf(p.pid(), at); !errors.Is(err, ErrGone) {
		t.Errorf("ListenersOf, when it has ended: %v", err)
	}
	if holds, err := (Proc{}).Holds(Tree{{PID: p.pid(), State: 'Z', Threads: 1}}, sockets); holds || err != nil {
		t.Errorf("Holds, when it has ended: %v, %v", holds, err)
	}
}

// TestHeadlessRecorded: the same files, whichever thread has ended.
func TestHeadlessRecorded(t *testing.T) {
	p := recorded(t, "children")
	want, err := p.Memory(mustTree(t, p, 100))
	if err != nil {
		t.Fatal(err)
	}
	for _, stat := range []string{"/100/stat", "/100/task/100/stat"} {
		text, err := os.ReadFile(p.Root + stat)
		if err != nil {
			t.Fatal(err)
		}
		dead := strings.Replace(string(text), "(a (b) S 7) S ", "(a (b) S 7) Z ", 1)
		if err := os.WriteFile(p.Root+stat, []byte(dead), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"fd", "smaps_rollup"} {
		if err := os.Rename(filepath.Join(p.Root, "100", name), filepath.Join(p.Root, "100/task/105", name)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := p.Memory(mustTree(t, p, 100)); err != nil || got != want {
		t.Errorf("Memory: %+v, %v; want %+v", got, err, want)
	}
	if found, err := p.Find(netip.MustParseAddrPort("127.0.0.1:8080")); err != nil || found.PID != 100 {
		t.Errorf("Find: %v, %v; want 100", found, err)
	}
}
