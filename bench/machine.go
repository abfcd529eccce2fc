package bench

import (
	"bufio"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/probe/perf"
	"github.com/c10kit/c10kit/results"
)

// sysctls are the settings of the kernel that change what is measured.
var sysctls = []string{
	"net/core/somaxconn", "net/ipv4/ip_local_port_range", reservedPorts, "net/ipv4/tcp_tw_reuse", "net/ipv4/tcp_tw_reuse_delay",
	"net/ipv4/tcp_max_tw_buckets", "net/ipv4/tcp_fin_timeout", "net/ipv4/tcp_max_syn_backlog",
	"net/ipv4/tcp_rmem", "net/ipv4/tcp_wmem", "kernel/perf_event_paranoid", "kernel/pid_max", "kernel/threads-max",
}

// Manifest describes the plan, every round of cells, and the machine that it is
// carried out on. What cannot be read is left out.
func (p Plan) Manifest(cells []results.Cell, argv []string) results.Manifest {
	pairs, unbounded := p.pairs()
	m := results.Manifest{
		Argv: argv, Seed: p.Seed, Rounds: p.Rounds, Window: p.Window, Warmup: p.Warmup,
		Sources:    sourcesPer,
		Pairs:      pairs,
		Placement:  p.Layout.Placement,
		Kernel:     kernel(),
		Sysctls:    map[string]string{},
		CPU:        results.CPU{Model: cpuModel(), Count: runtime.NumCPU()},
		Pinning:    results.Pinning{Server: p.Layout.Server, Load: p.Layout.Load},
		GOMAXPROCS: results.GOMAXPROCS{Load: len(p.Layout.Load) + 2},
		GoVersion:  runtime.Version(),
	}
	for _, c := range cells {
		for c.Round = 1; c.Round <= p.Rounds; c.Round++ {
			m.Cells = append(m.Cells, c.Identify())
		}
	}
	if p.Layout.Warning != "" {
		m.Warnings = append(m.Warnings, p.Layout.Warning)
	}
	if unbounded != nil {
		m.Warnings = append(m.Warnings, "cells use all ports that there are, so their TIME_WAITs may fill the kernel's table: "+unbounded.Error())
	}
	m.Warnings = append(m.Warnings, p.Warnings...)
	if p.Closer == results.CloserServer && slices.Contains(p.Modes, results.ModeClose) {
		for _, spec := range p.Models {
			if _, v, err := models.Find(spec); err == nil && v.Traits.KeepsOpen {
				m.Warnings = append(m.Warnings, spec+" never closes a connection first: left out of mode close; --closer client has it")
			}
		}
	}
	for _, name := range sysctls {
		if text, err := sys.Sysctl(name); err == nil {
			m.Sysctls[strings.ReplaceAll(name, "/", ".")] = text
		}
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				m.Commit = s.Value
			case "CGO_ENABLED":
				m.CGOEnabled = s.Value == "1"
			}
		}
	}
	return m
}

// TryPerf returns p as it can be carried out here: without Perf, and with a warning, where
// this process may not count switches by perf events.
func (p Plan) TryPerf() Plan {
	if !p.Perf {
		return p
	}
	if err := perf.Try().Thread; err != nil {
		p.Perf = false
		p.Warnings = append(slices.Clip(p.Warnings), "--perf was left out: "+err.Error())
	}
	return p
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// cpuModel is the name of the first processor: "model name" on amd64; arm64 says
// only who made it and which part it is.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	defer f.Close()
	var maker, part string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			return value
		case "CPU implementer":
			maker = value
		case "CPU part":
			part = value
		}
	}
	if maker == "" {
		return runtime.GOARCH
	}
	return "arm64 implementer " + maker + " part " + part
}
