package loadgen

import (
	"context"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestConfigProblems(t *testing.T) {
	good := Config{Target: Target{Addr: netip.MustParseAddrPort("127.0.0.1:1"), Host: "h", Path: "/"}, Requests: 1}
	for want, spoil := range map[string]func(*Config){
		"no target":                      func(c *Config) { c.Target = Target{} },
		"bounds the run":                 func(c *Config) { c.Requests = 0 },
		"connections must be":            func(c *Config) { c.Conns = -1 },
		"nothing to do":                  func(c *Config) { c.Threads = 2 },
		"pipeline depth":                 func(c *Config) { c.Pipeline = 100_000 },
		"echo bytes":                     func(c *Config) { c.EchoBytes = -1 },
		"duration must not":              func(c *Config) { c.Duration = -1 },
		"warm-up must not":               func(c *Config) { c.Warmup = -1 },
		"timeout must be":                func(c *Config) { c.Timeout = 1 },
		"in 1ms..24h0m0s":                func(c *Config) { c.Timeout = math.MaxInt64 },
		"think time must be in":          func(c *Config) { c.Think = 2 * time.Hour },
		"must be in 0..1h0m0s, not -1ns": func(c *Config) { c.Think = -1 },
		"sampling interval":              func(c *Config) { c.SampleEvery = 1 },
		"requests per connection":        func(c *Config) { c.RequestsPerConn = -1 },
		"contradict each other":          func(c *Config) { c.Close, c.RequestsPerConn = true, 2 },
		"leaves nothing":                 func(c *Config) { c.Close, c.Pipeline = true, 2 },
		"neither client nor":             func(c *Config) { c.Closer = 7 },
		"outside 127.0.0.0/8":            func(c *Config) { c.Sources = []netip.Addr{netip.MustParseAddr("10.0.0.1")} },
		"cannot reach": func(c *Config) {
			c.Target.Addr = netip.MustParseAddrPort("[::1]:1")
			c.Sources = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		},
		"CPU -1":                   func(c *Config) { c.CPUs = []int{-1} },
		"method":                   func(c *Config) { c.Method = "A B" },
		"header":                   func(c *Config) { c.Headers = []string{"no colon"} },
		"of the form":              func(c *Config) { c.Headers = []string{"A: b\r\nC: d"} },
		"decided by the other":     func(c *Config) { c.Headers = []string{"content-length: 5"} },
		"mean nothing to tcp+echo": func(c *Config) { c.Target.Proto, c.Body = Echo, []byte("a") },
		"is unknown":               func(c *Config) { c.Target.Proto = 9 },
		"too many":                 func(c *Config) { c.Requests = math.MaxUint64 },
		"bodies of":                func(c *Config) { c.Body, c.Pipeline = make([]byte, 1<<20), 100 },
		"1 bodies of":              func(c *Config) { c.Body = make([]byte, MaxBody+1) },
		"heads of":                 func(c *Config) { c.Headers, c.Pipeline = []string{"A: " + strings.Repeat("a", 1<<17)}, 1024 },
		"messages of": func(c *Config) {
			c.Target.Proto, c.EchoBytes, c.Pipeline = Echo, 1<<20, 1024
		},
	} {
		t.Run(want, func(t *testing.T) {
			cfg := good
			spoil(&cfg)
			before := openFiles(t)
			if _, err := Run(context.Background(), cfg); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v", err)
			}
			if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Check says %v", err)
			}
			if after := openFiles(t); after != before {
				t.Error("a descriptor was opened")
			}
		})
	}
}

// TestConfigLimits: the largest that is allowed.
func TestConfigLimits(t *testing.T) {
	c := Config{
		Target: Target{Addr: netip.MustParseAddrPort("127.0.0.1:1"), Host: "h", Path: "/"}, Requests: 1,
		Conns: maxConns, Threads: maxThreads, Body: make([]byte, MaxBody), Timeout: maxTimeout,
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}
