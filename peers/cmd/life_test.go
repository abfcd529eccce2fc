package cmd

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/bench/floor"
	"github.com/c10kit/c10kit/internal/sys"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/board"
	"github.com/c10kit/c10kit/models/control"
)

// startServer runs a server in a child process and ends it with the test, unless that did.
func startServer(t *testing.T, spec string, change func(*models.Config)) *control.Process {
	t.Helper()
	p, err := tryServer(t, spec, change)
	if err != nil {
		t.Fatalf("%s: %v", spec, err)
	}
	t.Cleanup(func() {
		select {
		case <-p.Exited():
		default:
			_ = p.Kill()
			t.Errorf("%s was not ended by its test", spec)
		}
	})
	return p
}

func tryServer(t *testing.T, spec string, change func(*models.Config)) (*control.Process, error) {
	t.Helper()
	m, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	config := models.Config{Variant: v.Name, Addr: "127.0.0.1:0"}
	if change != nil {
		change(&config)
	}
	return control.Start(t.Context(), config.WithDefaults(m))
}

// processes lists every process of a server.
func processes(t *testing.T, p *control.Process, atLeast int) []int {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		pids, err := floor.Processes(p.Pid())
		if err != nil {
			t.Fatal(err)
		}
		if len(pids) >= atLeast {
			return pids
		}
		if time.Now().After(end) {
			t.Fatalf("only %d processes, want %d", len(pids), atLeast)
		}
	}
}

// allEnd waits until all are gone, at most for the given time.
func allEnd(t *testing.T, pids []int, within time.Duration) {
	t.Helper()
	for end := time.Now().Add(within); ; time.Sleep(2 * time.Millisecond) {
		left := slices.DeleteFunc(slices.Clone(pids), ended)
		if len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			for _, pid := range left {
				line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
				t.Errorf("after %v there still is %d, %q", within, pid, strings.ReplaceAll(string(line), "\x00", " "))
			}
			return
		}
	}
}

// empty waits until nothing is left in a folder.
func empty(t *testing.T, dir string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Second); len(entries(t, dir)) > 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("left in TMPDIR: %v", entries(t, dir))
			return
		}
	}
}

// installed lists the ready-made that this machine has, and skips the test for the
// others.
func installed(t *testing.T, f func(t *testing.T, p program)) {
	for _, p := range ready {
		t.Run(p.name, func(t *testing.T) {
			needs(t, p.name)
			f(t, p)
		})
	}
}

func needs(t *testing.T, variant string) {
	t.Helper()
	s := siteFor(t, variant, "127.0.0.1:80", 0)
	s.dir = t.TempDir()
	if _, err := find(variant).prepare(s); err != nil {
		t.Skip(err)
	}
}

// family is how many processes a ready-made server has at least, those that watch it
// included.
var family = map[string]int{"nginx": 4, "nginx2": 5, "httpd-prefork": 3 + 8, "httpd-worker": 4, "httpd-event": 7, "floor": 3}

func eight(c *models.Config) {
	if strings.HasPrefix(c.Variant, "httpd-") && c.Variant != "httpd-event" {
		c.Workers = 8
	}
}

// TestServerKilled: kill -9 of the server leaves nothing.
func TestServerKilled(t *testing.T) {
	check := func(t *testing.T, spec string, procs int) {
		tmp := temporary(t)
		p := startServer(t, spec, eight)
		pids := processes(t, p, procs)
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		allEnd(t, pids, 2*time.Second)
		empty(t, tmp)
	}
	installed(t, func(t *testing.T, p program) { check(t, "cmd:"+p.name, family[p.name]) })
	t.Run("a family", func(t *testing.T) { check(t, acting(t, "family"), 3+3+2) })
}

// TestGuardKilled: the server takes over, says so, and leaves nothing either.
func TestGuardKilled(t *testing.T) {
	for _, spec := range []string{"cmd:nginx", acting(t, "family")} {
		t.Run(strings.Fields(spec)[0], func(t *testing.T) {
			procs := 3 + 3 + 2
			if spec == "cmd:nginx" {
				needs(t, "nginx")
				procs = family["nginx"]
			}
			tmp := temporary(t)
			p := startServer(t, spec, nil)
			pids := processes(t, p, procs)
			if err := syscall.Kill(pids[1], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			select {
			case <-p.Exited():
			case <-time.After(5 * time.Second):
				t.Error("the server goes on without its guard")
			}
			if err := p.Stop(time.Second); err == nil || !strings.Contains(err.Error(), "the guard of the command ended before it (signal: killed)") {
				t.Errorf("the server says %v", err)
			}
			allEnd(t, pids, time.Second)
			empty(t, tmp)
		})
	}
}

// TestCommandEnds: nobody restarts a command; the server ends, with the reason.
func TestCommandEnds(t *testing.T) {
	tmp := temporary(t)
	p := startServer(t, acting(t, "family"), nil)
	pids := processes(t, p, 3+3+2)
	if err := syscall.Kill(pids[2], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-p.Exited()
	want := "env ended while it served: killed by SIGKILL; it said:\nserving"
	if err := p.Stop(time.Second); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	allEnd(t, pids, time.Second)
	empty(t, tmp)
}

// TestFailures: what users of their own commands meet, and what they are told.
func TestFailures(t *testing.T) {
	tmp := temporary(t)
	for spec, want := range map[string][]string{
		"cmd:no-such-server":                 {"no-such-server", "not found", "install it", "ready-made are nginx"},
		"cmd:/dev/null":                      {"/dev/null", "permission denied"},
		"cmd:sh -c 'echo sorry >&2; exit 4'": {"sh ended before it listened on 127.0.0.1:", "exit status 4", "it said:\nsorry"},
		"cmd:sh -c 'kill -SEGV $$'":          {"killed by SIGSEGV", "it said nothing"},
		"cmd:sh -c 'setsid sleep 60 &'":      {"exit status 0", "into the background", "daemon off;"},
		"cmd:sh -c 'seq 100000; exit 1'":     {"it said:\n99991\n", "\n100000"},
		acting(t, "stern"):                   {"exit status 5", "must set SO_REUSEADDR", "address already in use"},

		// The folder is empty, and other braces stay.
		"cmd:sh -c 'ls -A {dir}; echo $0; exit 1' x{workers}{nothing}": {"it said:\nx1{nothing}"},
	} {
		p, err := tryServer(t, spec, nil)
		if err == nil {
			t.Errorf("%s serves", spec)
			_ = p.Kill()
			continue
		}
		for _, part := range want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v; want %q", spec, err, part)
			}
		}
	}
	empty(t, tmp)
}

// TestDescriptors: a command gets as many as c10kit's servers have, not the soft limit
// of whoever started them.
func TestDescriptors(t *testing.T) {
	temporary(t)
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 256, Max: usual.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
			t.Error(err)
		}
	}()
	_, err := tryServer(t, "cmd:sh -c 'ulimit -n; exit 1'", nil)
	if want := fmt.Sprintf("it said:\n%d", min(files, usual.Max)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v; want %q", err, want)
	}
}

// TestNeverListens runs a server in this process, for a patience of its own.
func TestNeverListens(t *testing.T) {
	tmp := temporary(t)
	s, env := inProcess(t, "cmd:sh -c 'echo thinking about it; exec sleep 60'")
	s.patience = time.Second
	err := s.Serve()
	want := "did not listen on " + env.Listener.Addr.String() + " within 1s"
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "it said:\nthinking about it") {
		t.Errorf("%v, want %q and what it said", err, want)
	}
	select {
	case <-s.Listening():
		t.Error("it is said to listen")
	default:
	}
	empty(t, tmp)
	if startTimeout >= control.StartTimeout {
		t.Errorf("the reason would come %v after the server was killed for it", startTimeout-control.StartTimeout)
	}
}

// TestDrainBeforeItListens: a start that is broken off is no error.
func TestDrainBeforeItListens(t *testing.T) {
	tmp := temporary(t)
	s, env := inProcess(t, acting(t, "silent"))
	time.AfterFunc(100*time.Millisecond, func() { _ = env.Drain() })
	if err := s.Serve(); err != nil {
		t.Error(err)
	}
	empty(t, tmp)
}

func inProcess(t *testing.T, spec string) (*server, *models.Env) {
	t.Helper()
	m, v, err := models.Find(spec)
	if err != nil {
		t.Fatal(err)
	}
	env := &models.Env{Config: models.Config{Variant: v.Name}.WithDefaults(m)}
	l, listenErr := models.Keep("127.0.0.1:0", v.Traits.ReusePort)
	b, boardErr := board.New(1)
	if err := errors.Join(listenErr, boardErr); err != nil {
		t.Fatal(err)
	}
	env.Listener, env.Board = l, b
	t.Cleanup(func() {
		if err := env.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := m.New(env)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*server), env
}

// TestDrains: gently by SIGTERM, or killed in time, or with a status that is none of a
// drained server.
func TestDrains(t *testing.T) {
	for act, want := range map[string]string{
		"polite":    "",
		"reuseport": "",
		"family":    "",
		"headless":  "",
		"deaf":      "did not end within 2s of SIGTERM and was killed (--drain is how long it may take); it said:\nserving",
		"crash":     "was sent SIGTERM and ended: exit status 7",
	} {
		t.Run(act, func(t *testing.T) {
			tmp := temporary(t)
			p := startServer(t, acting(t, act), func(c *models.Config) { c.Drain = 2 * time.Second })
			pids := processes(t, p, 3)
			begin := time.Now()
			if err := p.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			<-p.Exited()
			err := p.Stop(0)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("after %v: %v, want %q", time.Since(begin), err, want)
			}
			allEnd(t, pids, time.Second)
			empty(t, tmp)
		})
	}
}

// TestPinned: every process of the tree runs where the server may.
func TestPinned(t *testing.T) {
	cpus, err := sys.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	last := cpus[len(cpus)-1]
	temporary(t)
	p := startServer(t, acting(t, "family"), func(c *models.Config) { c.CPUs = []int{last} })
	for _, pid := range processes(t, p, 3+3+2) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if want := fmt.Sprintf("Cpus_allowed_list:\t%d\n", last); err != nil || !strings.Contains(string(status), want) {
			t.Errorf("process %d is not pinned to %d: %v", pid, last, err)
		}
	}
	if err := p.Stop(10 * time.Second); err != nil {
		t.Error(err)
	}
}
