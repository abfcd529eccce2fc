package models_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

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
		{Name: "one", Variants: []models.Variant{variant(models.NoVariant, models.Traits{Kind: models.Serial, MaxWorkers: 1, Origin: models.Library, Apps: []string{"echo", "http"}})}},
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
		{"too many slots", func(c *models.Config) { c.MaxConns = 1 << 40 }, "--max-conns 1099511627776: at most 1048576, as many descriptors as a process can have (fs.nr_open)"},
		{"replaced workers", func(c *models.Config) { c.MaxRequestsPerWorker = 1 }, "pool has no --max-requests-per-worker: that replaces the workers of a pool of forked processes"},
		{"workers and slots", func(c *models.Config) { c.Workers, c.MaxConns = 9, 8 }, "9 workers need as many slots: raise --max-conns from 8"},
		{"body", func(c *models.Config) { c.MaxBody = -1 }, "--max-body -1: must not be negative"},
		{"backlog", func(c *models.Config) { c.Backlog = -1 }, "--backlog -1: 1 to 2147483647"},
		{"header", func(c *models.Config) { c.HeaderTimeout = -1 }, "--header-timeout -1ns: must not be negative"},
		{"body time", func(c *models.Config) { c.BodyTimeout = -1 }, "body timeout -1ns: must not be negative"},
		{"request", func(c *models.Config) { c.RequestTimeout = -1 }, "request timeout -1ns: must not be negative"},
		{"idle", func(c *models.Config) { c.IdleTimeout = -1 }, "--idle-timeout -1ns: must not be negative"},
		{"linger", func(c *models.Config) { c.LingerTimeout = -1 }, "linger timeout -1ns: must not be negative"},
		{"drain", func(c *models.Config) { c.Drain = -time.Second }, "--drain -1s: must not be negative"},
		{"app", func(c *models.Config) { c.App = "nix" }, `no app "nix"; there are [echo http unp]`},
		{"app of others", func(c *models.Config) { c.Model, c.Variant, c.Workers, c.App = "one", models.NoVariant, 1, "unp" }, "one does not serve the app unp, only echo and http"},
		{"copy of others", func(c *models.Config) { c.Model, c.Variant, c.Workers, c.Copy = "one", models.NoVariant, 1, true }, "one has no --copy: that is about c10kit's own buffers"},
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
		{spec: "pool:", want: `pool has no variant ""; there are accept, mutex`},
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
