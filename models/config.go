package models

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/c10kit/c10kit/models/app"
	"github.com/c10kit/c10kit/models/stage"
)

// Config is all that a server is told, as plain data: a re-executed child
// receives it as JSON. Zero fields take the defaults of WithDefaults.
type Config struct {
	Model   string `json:"model"`
	Variant string `json:"variant"`
	// Addr is host:port; an empty host is 127.0.0.1, so that another interface is
	// served only if it is named in full. Port 0 takes a free one.
	Addr string `json:"addr"`
	App  string `json:"app"`
	// Workers is the number of loops of an event model or of workers of a pool.
	Workers int `json:"workers"`
	// CPUs pins the server to these processors; empty leaves it alone.
	CPUs []int `json:"cpus,omitempty"`
	// Copy serves with the copying twin of the buffer chain.
	Copy bool `json:"copy,omitempty"`
	// Lab allows the paths that block, burn and crash.
	Lab bool `json:"lab,omitempty"`

	MaxBody  int64 `json:"max-body"`  // bytes of a buffered request body
	MaxConns int   `json:"max-conns"` // slots of the board; connections beyond it are shed
	Backlog  int   `json:"backlog"`   // of listen(2), capped by net.core.somaxconn
	// MaxRequestsPerWorker replaces a worker process that has answered so many, when
	// its connection ends; 0 is never.
	MaxRequestsPerWorker int `json:"max-requests-per-worker,omitempty"`

	HeaderTimeout  time.Duration `json:"header-timeout"`
	BodyTimeout    time.Duration `json:"body-timeout"`
	RequestTimeout time.Duration `json:"request-timeout"`
	IdleTimeout    time.Duration `json:"idle-timeout"`
	LingerTimeout  time.Duration `json:"linger-timeout"`
	// Drain bounds the end of a server: what is not answered by then is cut.
	Drain time.Duration `json:"drain"`
}

// Defaults of Config.
const (
	DefaultAddr           = "127.0.0.1:8080"
	DefaultApp            = "http"
	DefaultPoolWorkers    = 64
	DefaultMaxBody        = 1 << 20
	DefaultMaxConns       = 16384
	DefaultBacklog        = 4096
	DefaultHeaderTimeout  = 10 * time.Second
	DefaultBodyTimeout    = 30 * time.Second
	DefaultRequestTimeout = 5 * time.Minute
	DefaultIdleTimeout    = 60 * time.Second
	DefaultLingerTimeout  = 2 * time.Second
	DefaultDrain          = 5 * time.Second
)

// mostConns is the kernel's own default of fs.nr_open; as many slots are 128 MiB.
const mostConns = 1 << 20

// WithDefaults returns c with every zero field set, Workers by the model's kind:
// 64 for a blocking pool, as many loops as the server has processors for an
// event model.
func (c Config) WithDefaults(m *Model) Config {
	orInt := func(p *int, d int) {
		if *p == 0 {
			*p = d
		}
	}
	orTime := func(p *time.Duration, d time.Duration) {
		if *p == 0 {
			*p = d
		}
	}
	c.Model = m.Name
	if c.Variant == "" {
		c.Variant = m.Variants[0].Name
	}
	if c.Addr == "" {
		c.Addr = DefaultAddr
	}
	if c.App == "" {
		c.App = DefaultApp
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	if v, ok := m.Variant(c.Variant); ok {
		orInt(&c.Workers, v.Traits.defaultWorkers(c.cpuCount()))
	}
	orInt(&c.MaxConns, DefaultMaxConns)
	orInt(&c.Backlog, DefaultBacklog)
	orTime(&c.HeaderTimeout, DefaultHeaderTimeout)
	orTime(&c.BodyTimeout, DefaultBodyTimeout)
	orTime(&c.RequestTimeout, DefaultRequestTimeout)
	orTime(&c.IdleTimeout, DefaultIdleTimeout)
	orTime(&c.LingerTimeout, DefaultLingerTimeout)
	orTime(&c.Drain, DefaultDrain)
	return c
}

// Check reports the first thing that is wrong with a configuration whose
// defaults are set, in a sentence for the user.
func (c Config) Check() error {
	m, v, err := Find(c.Spec())
	if err != nil {
		return err
	}
	switch {
	case c.Workers < 1:
		return fmt.Errorf("%d workers: at least 1 is needed", c.Workers)
	case v.Traits.MaxWorkers > 0 && c.Workers > v.Traits.MaxWorkers:
		return fmt.Errorf("%d workers: %s has at most %d", c.Workers, m.Name, v.Traits.MaxWorkers)
	case c.MaxConns < 1:
		return fmt.Errorf("--max-conns %d: at least 1 is needed", c.MaxConns)
	case c.Workers > c.MaxConns:
		return fmt.Errorf("%d workers need as many slots: raise --max-conns from %d", c.Workers, c.MaxConns)
	case c.MaxBody < 0:
		return fmt.Errorf("--max-body %d: must not be negative", c.MaxBody)
	case c.MaxConns > mostConns:
		return fmt.Errorf("--max-conns %d: at most %d, as many descriptors as a process can have (fs.nr_open)", c.MaxConns, mostConns)
	case c.MaxRequestsPerWorker < 0:
		return fmt.Errorf("--max-requests-per-worker %d: must not be negative", c.MaxRequestsPerWorker)
	case c.MaxRequestsPerWorker > 0 && !(v.Traits.Forks && v.Traits.Kind == Pool):
		return fmt.Errorf("%s has no --max-requests-per-worker: that replaces the workers of a pool of forked processes", Spec(m, v.Name))
	case c.Backlog < 1 || c.Backlog > math.MaxInt32:
		return fmt.Errorf("--backlog %d: 1 to %d", c.Backlog, math.MaxInt32)
	}
	for _, t := range []struct {
		name string
		d    time.Duration
	}{
		{"--header-timeout", c.HeaderTimeout},
		{"body timeout", c.BodyTimeout},
		{"request timeout", c.RequestTimeout},
		{"--idle-timeout", c.IdleTimeout},
		{"linger timeout", c.LingerTimeout},
		{"--drain", c.Drain},
	} {
		if t.d < 0 {
			return fmt.Errorf("%s %v: must not be negative", t.name, t.d)
		}
	}
	switch apps := v.Traits.Apps; {
	case !slices.Contains(app.Names(), c.App):
		return fmt.Errorf("no app %q; there are %v", c.App, app.Names())
	case apps != nil && !slices.Contains(apps, c.App):
		return fmt.Errorf("%s does not serve the app %s, only %s", Spec(m, v.Name), c.App, strings.Join(apps, " and "))
	case v.Traits.Origin != Own && c.Copy:
		return fmt.Errorf("%s has no --copy: that is about c10kit's own buffers", Spec(m, v.Name))
	case v.Traits.Origin == Program && c.Lab:
		return fmt.Errorf("%s has no --lab: those paths are c10kit's own", Spec(m, v.Name))
	}
	_, err = resolve(c.Addr)
	return err
}

// Spec names the model and variant for Find; without a variant, the default one.
func (c Config) Spec() string {
	if c.Variant == "" {
		return c.Model
	}
	return c.Model + ":" + c.Variant
}

// Slots is how many slots the board of a server needs: one for each connection that
// it may have or, where fewer workers than that share them, never less; and one more
// for the acceptor of a model whose workers are its connections, or its forker.
func (c Config) Slots(t Traits) int {
	if t.Kind == PerConnection || t.Forks {
		return c.MaxConns + 1
	}
	return c.MaxConns
}

// Limits returns what the configuration means for a connection.
func (c Config) Limits() stage.Limits {
	return stage.Limits{
		Header:  c.HeaderTimeout,
		Body:    c.BodyTimeout,
		Request: c.RequestTimeout,
		Idle:    c.IdleTimeout,
		Linger:  c.LingerTimeout,
		MaxBody: c.MaxBody,
	}
}
