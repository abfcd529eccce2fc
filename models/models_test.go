package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a model that only exists.
type server struct{}

func (server) Serve() error { return nil }

func newServer(*models.Env) (models.Server, error) { return server{}, nil }

func variant(name string, t models.Traits) models.Variant {
	return models.Variant{Name: name, Traits: t}
}

func init() {
	for _, m := range []*models.Model{
		{Name: "pool", Variants: []models.Variant{variant("accept", models.Traits{Kind: models.Pool}), variant("mutex", models.Traits{Kind: models.Pool})}},
		{Name: "one", Variants: []models.Variant{variant(models.NoVariant, models.Traits{Kind: models.Serial, MaxWorkers: 1})}},
		{Name: "loops", Variants: []models.Variant{variant("many", models.Traits{Kind: models.Events}), variant("single", models.Traits{Kind: models.Events, MaxWorkers: 1})}},
	} {
		m.New = newServer
		models.Register(m)
	}
}

func find(t *testing.T, spec string) (*models.Model, models.Variant) {
	t.Helper()
	m, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	return m, v
}

func TestDefaults(t *testing.T) {
	m, _ := find(t, "pool")
	got := models.Config{}.WithDefaults(m)
	want := models.Config{
		Model: "pool", Variant: "accept", Addr: "127.0.0.1:8080", App: "http", Workers: 64,
		MaxBody: 1 << 20, MaxConns: 16384, Backlog: 4096,
		HeaderTimeout: 10 * time.Second, BodyTimeout: 30 * time.Second, RequestTimeout: 5 * time.Minute,
		IdleTimeout: time.Minute, LingerTimeout: 2 * time.Second, Drain: 5 * time.Second,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("defaults:\n%+v, want\n%+v", got, want)
	}
	if err := got.Check(); err != nil {
		t.Errorf("the defaults are refused: %v", err)
	}
	wantLimits := stage.Limits{
		Header: 10 * time.Second, Body: 30 * time.Second, Request: 5 * time.Minute, Idle: time.Minute,
		Linger: 2 * time.Second, MaxBody: 1 << 20,
	}
	if l := got.Limits(); l != wantLimits {
		t.Errorf("limits %+v, want %+v", l, wantLimits)
	}
	for _, tc := range []struct {
		spec string
		cpus []int
		want int
	}{
		{"one", nil, 1},
		{"loops:many", nil, runtime.NumCPU()},
		{"loops:many", []int{0, 1, 2}, 3},
		{"loops:single", []int{0, 1, 2}, 1},
		{"pool", []int{0}, 64},
	} {
		m, v := find(t, tc.spec)
		if got := (models.Config{Variant: v.Name, CPUs: tc.cpus}).WithDefaults(m).Workers; got != tc.want {
			t.Errorf("%s on processors %v gets %d workers, want %d", tc.spec, tc.cpus, got, tc.want)
		}
	}
}

// TestDefaultsKeepWhatIsSet: and a configuration survives its way to a child.
func TestDefaultsKeepWhatIsSet(t *testing.T) {
	m, _ := find(t, "pool")
	want := models.Config{
		Model: "pool", Variant: "mutex", Addr: "[::1]:1", App: "echo", Workers: 3, CPUs: []int{1}, Copy: true, Lab: true,
		MaxBody: 4, MaxConns: 5, Backlog: 6, HeaderTimeout: 7, BodyTimeout: 8, RequestTimeout: 9, IdleTimeout: 10,
		LingerTimeout: 11, Drain: 12,
	}
	got := want.WithDefaults(m)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("changed to %+v from %+v", got, want)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var back models.Config
	if err := json.Unmarshal(text, &back); err != nil || fmt.Sprint(back) != fmt.Sprint(want) {
		t.Errorf("through JSON it became %+v (%v), was %+v", back, err, want)
	}
}

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(*models.Config)
		want string
	}{
		{"fine", func(*models.Config) {}, ""},
		{"model", func(c *models.Config) { c.Model = "nix" }, `no model "nix"; there are loops, one, pool`},
		{"variant", func(c *models.Config) { c.Variant = "nix" }, `pool has no variant "nix"; there are accept, mutex`},
		{"workers", func(c *models.Config) { c.Workers = -1 }, "-1 workers: at least 1 is needed"},
		{"too many workers", func(c *models.Config) { c.Model, c.Variant, c.Workers = "loops", "single", 2 }, "2 workers: loops has at most 1"},
		{"slots", func(c *models.Config) { c.MaxConns = -1 }, "--max-conns -1: at least 1 is needed"},
		{"workers and slots", func(c *models.Config) { c.Workers, c.MaxConns = 9, 8 }, "9 workers need as many slots: raise --max-conns from 8"},
		{"body", func(c *models.Config) { c.MaxBody = -1 }, "--max-body -1: must not be negative"},
		{"backlog", func(c *models.Config) { c.Backlog = -1 }, "--backlog -1: at least 1 is needed"},
		{"header", func(c *models.Config) { c.HeaderTimeout = -1 }, "--header-timeout -1ns: must not be negative"},
		{"body time", func(c *models.Config) { c.BodyTimeout = -1 }, "body timeout -1ns: must not be negative"},
		{"request", func(c *models.Config) { c.RequestTimeout = -1 }, "request timeout -1ns: must not be negative"},
		{"idle", func(c *models.Config) { c.IdleTimeout = -1 }, "--idle-timeout -1ns: must not be negative"},
		{"linger", func(c *models.Config) { c.LingerTimeout = -1 }, "linger timeout -1ns: must not be negative"},
		{"drain", func(c *models.Config) { c.Drain = -time.Second }, "--drain -1s: must not be negative"},
		{"app", func(c *models.Config) { c.App = "nix" }, `no app "nix"; there are [echo http unp]`},
		{"address", func(c *models.Config) { c.Addr = "nix" }, `address "nix": no host and port` + addrHint},
	} {
		m, _ := find(t, "pool")
		c := models.Config{}.WithDefaults(m)
		tc.edit(&c)
		got := ""
		if err := c.Check(); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
}

const addrHint = " (want HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080)"

func TestFindAndSpec(t *testing.T) {
	for _, tc := range []struct{ spec, model, variant, spelled, want string }{
		{spec: "pool", model: "pool", variant: "accept", spelled: "pool"},
		{spec: "pool:", model: "pool", variant: "accept", spelled: "pool"},
		{spec: "pool:accept", model: "pool", variant: "accept", spelled: "pool"},
		{spec: "pool:mutex", model: "pool", variant: "mutex", spelled: "pool:mutex"},
		{spec: "one", model: "one", variant: models.NoVariant, spelled: "one"},
		{spec: "one:", model: "one", variant: models.NoVariant, spelled: "one"},
		{spec: "", want: `no model ""; there are loops, one, pool`},
		{spec: "pools", want: `no model "pools"; there are loops, one, pool`},
		{spec: "one:two", want: `one has no variants, so no "two"`},
		{spec: "pool:accept:x", want: `pool has no variant "accept:x"; there are accept, mutex`},
	} {
		m, v, err := models.Find(tc.spec)
		if err != nil {
			if err.Error() != tc.want {
				t.Errorf("Find(%q): %v, want %s", tc.spec, err, tc.want)
			}
			continue
		}
		if m.Name != tc.model || v.Name != tc.variant || models.Spec(m, v.Name) != tc.spelled {
			t.Errorf("Find(%q) is %s:%s, spelled %s", tc.spec, m.Name, v.Name, models.Spec(m, v.Name))
		}
	}
	var names []string
	for _, m := range models.All() {
		names = append(names, m.Name)
	}
	if got := strings.Join(names, " "); got != "loops one pool" {
		t.Errorf("All: %s", got)
	}
}

func TestRegisterMisuse(t *testing.T) {
	one := []models.Variant{{Name: models.NoVariant}}
	for _, tc := range []struct {
		m    *models.Model
		want string
	}{
		{&models.Model{Variants: one, New: newServer}, `models: Register: bad name ""`},
		{&models.Model{Name: "a:b", Variants: one, New: newServer}, `models: Register: bad name "a:b"`},
		{&models.Model{Name: "a b", Variants: one, New: newServer}, `models: Register: bad name "a b"`},
		{&models.Model{Name: "a/b", Variants: one, New: newServer}, `models: Register: bad name "a/b"`},
		{&models.Model{Name: "a", New: newServer}, "models: Register: a has no variant or no New"},
		{&models.Model{Name: "a", Variants: one}, "models: Register: a has no variant or no New"},
		{&models.Model{Name: "pool", Variants: one, New: newServer}, "models: Register: pool is registered twice"},
	} {
		func() {
			defer func() {
				if got := recover(); got != tc.want {
					t.Errorf("panics with %v, want %s", got, tc.want)
				}
			}()
			models.Register(tc.m)
		}()
	}
}

// TestGomaxprocs is the table of design.md, section 2.
func TestGomaxprocs(t *testing.T) {
	for _, tc := range []struct {
		name    string
		traits  models.Traits
		workers int
		want    int
	}{
		{"an event model: loops + 2", models.Traits{Kind: models.Events}, 1, 3},
		{"an event model: loops + 2", models.Traits{Kind: models.Events}, 8, 10},
		{"a pool: at least 64, + 2", models.Traits{Kind: models.Pool}, 1, 66},
		{"a pool: at least 64, + 2", models.Traits{Kind: models.Pool}, 64, 66},
		{"a pool: workers + 2", models.Traits{Kind: models.Pool}, 100, 102},
		{"a pool: at most 256, + 2", models.Traits{Kind: models.Pool}, 1000, 258},
		{"tpc: 66, whatever the number", models.Traits{Kind: models.PerConnection}, 1, 66},
		{"tpc: 66, whatever the number", models.Traits{Kind: models.PerConnection}, 10_000, 66},
		{"a forking process: 1", models.Traits{Kind: models.Pool, Forks: true}, 64, 1},
		{"a forking process: 1", models.Traits{Kind: models.PerConnection, Forks: true}, 64, 1},
		{"one thread, and 2", models.Traits{Kind: models.Serial}, 1, 3},
	} {
		if got := tc.traits.Gomaxprocs(tc.workers); got != tc.want {
			t.Errorf("%s: %d workers run under %d, want %d", tc.name, tc.workers, got, tc.want)
		}
	}
	for kind, want := range map[models.Kind]int{models.Serial: 1, models.Pool: 7, models.PerConnection: 0, models.Events: 0} {
		if got := (models.Traits{Kind: kind}).Concurrency(7); got != want {
			t.Errorf("kind %d with 7 workers serves %d at the same time, want %d (0 is no bound)", kind, got, want)
		}
	}
}

func listen(t *testing.T, addr string, reusePort bool) *models.Listener {
	t.Helper()
	l, err := models.Listen(addr, 16, reusePort)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// connect returns both ends of a connection.
func connect(t *testing.T, l *models.Listener) (client, accepted int) {
	t.Helper()
	family, to := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Port: int(l.Addr.Port()), Addr: [4]byte{127, 0, 0, 1}})
	if l.Addr.Addr().Is6() {
		family, to = unix.AF_INET6, &unix.SockaddrInet6{Port: int(l.Addr.Port()), Addr: netip.IPv6Loopback().As16()}
	}
	client, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(client) })
	if err := unix.Connect(client, to); err != nil {
		t.Fatal(err)
	}
	accepted, _, err = unix.Accept4(l.FD, unix.SOCK_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(accepted) })
	return client, accepted
}

// TestInheritedOptions: an accepted socket has what was set on its listener, so
// that no connection costs a setsockopt.
func TestInheritedOptions(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		l := listen(t, addr, false)
		_, fd := connect(t, l)
		if v, err := unix.GetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || v != 1 {
			t.Errorf("%s: TCP_NODELAY of an accepted socket is %d (%v)", addr, v, err)
		}
		for name, o := range map[string]int{"SO_RCVTIMEO": unix.SO_RCVTIMEO, "SO_SNDTIMEO": unix.SO_SNDTIMEO} {
			tv, err := unix.GetsockoptTimeval(fd, unix.SOL_SOCKET, o)
			if err != nil || time.Duration(tv.Nano()) != models.Tick {
				t.Errorf("%s: %s of an accepted socket is %v (%v), want %v", addr, name, tv, err, models.Tick)
			}
		}
		if flags, err := unix.FcntlInt(uintptr(l.FD), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
			t.Errorf("%s: the listener would be inherited by an exec: flags %#x, %v", addr, flags, err)
		}
	}
}

func TestListenAddresses(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:0": "127.0.0.1", ":0": "127.0.0.1", "localhost:0": "127.0.0.1", "[::1]:0": "::1",
		"127.1.2.3:0": "127.1.2.3", "[::ffff:127.0.0.1]:0": "127.0.0.1",
	} {
		l, err := models.Listen(addr, 1, false)
		if err != nil {
			t.Errorf("%s: %v", addr, err)
			continue
		}
		if l.Addr.Addr().String() != want || l.Addr.Port() == 0 {
			t.Errorf("%s listens on %s, want a port of %s", addr, l.Addr, want)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	for addr, want := range map[string]string{
		"":                "no host and port",
		"8080":            "no host and port",
		"::1":             "no host and port",
		"127.0.0.1":       "no host and port",
		"127.0.0.1:":      "the port is not a number from 0 to 65535",
		"127.0.0.1:http":  "the port is not a number from 0 to 65535",
		"127.0.0.1:65536": "the port is not a number from 0 to 65535",
		"127.0.0.1:-1":    "the port is not a number from 0 to 65535",
		"example.org:80":  "the host is not an IP address",
		"127.0.0:80":      "the host is not an IP address",
	} {
		_, err := models.Listen(addr, 1, false)
		full := fmt.Sprintf("address %q: %s%s", addr, want, addrHint)
		if err == nil || err.Error() != full {
			t.Errorf("%q: %v, want %s", addr, err, full)
		}
	}
}

func TestListenErrors(t *testing.T) {
	l := listen(t, "127.0.0.1:0", false)
	addr := l.Addr.String()
	_, err := models.Listen(addr, 1, false)
	want := "listening on " + addr + ": bind: address already in use"
	if !errors.Is(err, unix.EADDRINUSE) || err.Error() != want {
		t.Errorf("a taken address: %v, want %s", err, want)
	}
	if _, err := models.Listen(addr, 1, true); !errors.Is(err, unix.EADDRINUSE) {
		t.Errorf("SO_REUSEPORT on one side only: %v, want EADDRINUSE", err)
	}
	if _, err := models.Listen("192.0.2.1:0", 1, false); !errors.Is(err, unix.EADDRNOTAVAIL) {
		t.Errorf("an address of nobody: %v, want EADDRNOTAVAIL", err)
	}
	shared := listen(t, "127.0.0.1:0", true)
	listen(t, shared.Addr.String(), true)
}

// TestShutdownWakesAccept: every thread that sleeps in accept(2) gets EINVAL, once
// and for ever.
func TestShutdownWakesAccept(t *testing.T) {
	l := listen(t, "127.0.0.1:0", false)
	const sleepers = 8
	got := make(chan error, sleepers)
	for range sleepers {
		go func() {
			for {
				_, _, err := unix.Accept4(l.FD, unix.SOCK_CLOEXEC)
				if !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) {
					got <- err
					return
				}
			}
		}()
	}
	time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
	for range 2 { // a second time is no error
		if err := l.Shutdown(); err != nil {
			t.Fatal(err)
		}
	}
	for range sleepers {
		select {
		case err := <-got:
			if !errors.Is(err, unix.EINVAL) {
				t.Errorf("accept ended with %v, want EINVAL", err)
			}
		case <-time.After(5 * time.Second):
			t.Fatal("an accept still sleeps")
		}
	}
	if _, _, err := unix.Accept4(l.FD, 0); !errors.Is(err, unix.EINVAL) {
		t.Errorf("accept after the shutdown: %v, want EINVAL", err)
	}
}

func TestSetNonblock(t *testing.T) {
	l := listen(t, "127.0.0.1:0", false)
	if err := l.SetNonblock(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := unix.Accept4(l.FD, 0); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("accept with an empty queue: %v, want EAGAIN", err)
	}
	gone := &models.Listener{FD: 1 << 20}
	var call *os.SyscallError
	if err := gone.Close(); !errors.As(err, &call) || call.Syscall != "close" {
		t.Errorf("closing no descriptor: %v", err)
	}
}
