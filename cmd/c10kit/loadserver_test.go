package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/c10kit/c10kit/internal/netns"
	"github.com/c10kit/c10kit/internal/rawfork"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/results"
)

// loadOf loads a URL and returns the report.
func loadOf(t *testing.T, args ...string) loadReport {
	t.Helper()
	code, out, stderr := command(t, append([]string{"load", "--json"}, args...)...)
	var r loadReport
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitOK {
		t.Fatalf("load: exit %d, %v: %s%s", code, err, out, stderr)
	}
	return r
}

// counted wants each of the metrics to have a value above 0.
func (l loadReport) counted(t *testing.T, metrics ...results.Metric) {
	t.Helper()
	if l.Server == nil {
		t.Fatalf("nothing is said about the server: %q", l.Missing)
	}
	for _, m := range metrics {
		if l.Server.Values[m] <= 0 {
			t.Errorf("%s = %v, missing for %q", m, l.Server.Values[m], l.Server.Missing[m])
		}
	}
}

// Of a server of ours, found by its socket, load tells the workers' switches: one
// connection after the other needs a switch for each thing that is waited for.
func TestLoadSeesOurServer(t *testing.T) {
	if !netns.Prefer(t) { // where nobody else's TIME_WAITs fill the table
		return
	}
	for _, model := range []string{"prethread", "ppc", "reactor", "tpc:goroutine", "nethttp"} {
		t.Run(model, func(t *testing.T) {
			server, addr := serve(t, model)
			r := loadOf(t, "http://"+addr+"/plaintext", "-c", "1", "-n", "200", "--close", "--think", "1ms")
			r.counted(t, results.CswVoluntary, results.CPUPerReq, results.PSS, results.Threads, results.Procs)
			workers := "board"
			if _, v, err := models.Find(model); err != nil || v.Traits.Tree {
				workers = "tree"
			}
			if model != "nethttp" { // which counts nothing on its board
				r.counted(t, results.WakeUps)
			}
			if r.Server.Workers != workers || r.Server.Pid != server.Process.Pid {
				t.Errorf("workers %q, pid %d, want %s and the supervisor %d", r.Server.Workers, r.Server.Pid, workers, server.Process.Pid)
			}
			// Where no raw fork can be, a program is started for each connection.
			if v := r.Server.Values[results.CswVoluntary]; v < 1 || v > 6 && workers == "board" && rawfork.Supported() == nil {
				t.Errorf("%v voluntary switches a connection of a client that sleeps between all its steps", v)
			}
			if r.TWServer == nil || *r.TWServer != 200 || len(r.Server.Missing) != 0 {
				t.Errorf("TIME_WAITs made by the server: %v; missing: %q", count(r.TWServer), r.Server.Missing)
			}
			if err := server.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := server.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Threads that end take something along that only their process knows, which load cannot ask:
// it says so, and calls the figure exact nowhere.
func TestLoadUnasked(t *testing.T) {
	_, addr := serve(t, "tpc")
	r := loadOf(t, "http://"+addr+"/plaintext", "-c", "4", "-n", "200", "--close")
	r.counted(t, results.CswVoluntary)
	const want = "workers ended in the window as threads"
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, want) }) {
		t.Errorf("notes %q", r.Notes)
	}
	if why := r.Server.Missing[results.CswError]; !strings.Contains(why, want) {
		t.Errorf("%s = %v, missing for %q", results.CswError, r.Server.Values[results.CswError], why)
	}
}

// Of a server that somebody else wrote it tells those of the whole tree.
func TestLoadSeesForeignServer(t *testing.T) {
	if !netns.Prefer(t) { // where nobody else's TIME_WAITs fill the table
		return
	}
	for _, f := range []struct {
		name string
		argv func(t *testing.T, port string) []string
		dead string // its name in /proc
	}{
		{"nginx", nginxByHand, "nginx"},
		{"httpd", httpdByHand, "apache2"},
		{"python", func(t *testing.T, port string) []string {
			return []string{"python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", t.TempDir(), port}
		}, "python"},
	} {
		t.Run(f.name, func(t *testing.T) {
			port := freePort(t)
			argv := f.argv(t, port)
			path, err := exec.LookPath(argv[0])
			if err != nil {
				t.Skip(err)
			}
			cmd := exec.Command(path, argv[1:]...)
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
			var said strings.Builder
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
				_ = cmd.Wait()
			}()
			for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				c, err := net.Dial("tcp", "127.0.0.1:"+port)
				if err == nil {
					c.Close()
					break
				}
				if time.Now().After(end) {
					t.Fatalf("it does not listen: %s", said.String())
				}
			}
			r := loadOf(t, "http://127.0.0.1:"+port+"/", "-c", "2", "-n", "300", "--close")
			r.counted(t, results.CswVoluntary, results.CPUPerReq, results.PSS, results.Threads, results.Procs)
			if r.TWServer == nil || r.TWClient == nil || *r.TWServer+*r.TWClient != 300 || r.Connections != 300 {
				t.Errorf("TIME_WAITs made by the server %s, by the client %s, of %d connections; missing: %q",
					count(r.TWServer), count(r.TWClient), r.Connections, r.Server.Missing)
			}
			server, ok1 := r.Server.Values[results.TimeWaitStandingServer]
			client, ok2 := r.Server.Values[results.TimeWaitStandingClient]
			if !ok1 || !ok2 || server+client == 0 {
				t.Errorf("TIME_WAITs standing: server %v, client %v; missing: %q", server, client, r.Server.Missing)
			}
			if r.Server.Workers != "tree" || r.Server.Pid != cmd.Process.Pid || !strings.HasPrefix(r.Server.Name, f.dead) {
				t.Errorf("found %s (pid %d), workers %q; want pid %d, tree", r.Server.Name, r.Server.Pid, r.Server.Workers, cmd.Process.Pid)
			}
		})
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// nginxByHand and httpdByHand are servers as somebody starts them who has not read a
// word of ours.
func nginxByHand(t *testing.T, port string) []string {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "index.html"), "hello\n")
	conf := filepath.Join(dir, "nginx.conf")
	write(t, conf, fmt.Sprintf(`daemon off; worker_processes 2; pid %[1]s/pid; error_log %[1]s/error.log;
events {}
http { access_log off; root %[1]s; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f;
uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s; server { listen 127.0.0.1:%[2]s; } }
`, dir, port))
	open(t, dir)
	return []string{sbin("nginx"), "-e", filepath.Join(dir, "error.log"), "-c", conf}
}

func httpdByHand(t *testing.T, port string) []string {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "index.html"), "hello\n")
	conf := filepath.Join(dir, "httpd.conf")
	modules := "/usr/lib/apache2/modules"
	write(t, conf, fmt.Sprintf(`ServerRoot %[1]s
ServerName localhost
PidFile %[1]s/pid
DefaultRuntimeDir %[1]s
ErrorLog %[1]s/error.log
LoadModule mpm_event_module %[3]s/mod_mpm_event.so
LoadModule authz_core_module %[3]s/mod_authz_core.so
LoadModule dir_module %[3]s/mod_dir.so
Listen 127.0.0.1:%[2]s
User #%[4]d
Group #%[5]d
DocumentRoot %[1]s
DirectoryIndex index.html
`, dir, port, modules, nobodyIfRoot(os.Getuid()), nobodyIfRoot(os.Getgid())))
	open(t, dir)
	return []string{sbin("apache2"), "-D", "FOREGROUND", "-f", conf}
}

func nobodyIfRoot(id int) int {
	if id == 0 {
		return 65534
	}
	return id
}

// sbin is where Debian keeps servers, which PATH may lack.
func sbin(name string) string {
	if _, err := exec.LookPath(name); err != nil {
		return "/usr/sbin/" + name
	}
	return name
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// open lets a server that has given up root's rights read its folder.
func open(t *testing.T, dir string) {
	t.Helper()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// A process that is not there is a mistake of whoever named it, told before the load.
func TestLoadNoSuchPid(t *testing.T) {
	_, addr := serve(t, "reactor")
	code, _, stderr := command(t, "load", "http://"+addr+"/plaintext", "-c", "1", "-n", "10", "--pid", "2147483647")
	if code != exitUsage || !strings.Contains(stderr, "no such process") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// The process that --pid names may be a part of the server, or none of it.
func TestLoadOtherPid(t *testing.T) {
	server, addr := serve(t, "prefork", "--workers", "2")
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", server.Process.Pid))
	for tid := range threads(t, server.Process.Pid) {
		more, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", server.Process.Pid, tid))
		if err2 == nil {
			children = append(children, more...)
		}
	}
	workers := strings.Fields(string(children))
	if err != nil || len(workers) == 0 {
		t.Skipf("no children of process %d: %v", server.Process.Pid, err)
	}
	r := loadOf(t, "http://"+addr+"/plaintext", "-c", "1", "-n", "50", "--pid", workers[len(workers)-1])
	want := fmt.Sprintf("is only a part of the server at %s: --pid %d", addr, server.Process.Pid)
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, want) }) || r.Server.Workers != "tree" {
		t.Errorf("of a worker: workers %q, notes %q", r.Server.Workers, r.Notes)
	}
	r = loadOf(t, "http://"+addr+"/plaintext", "-c", "2", "-n", "50", "--pid", strconv.Itoa(server.Process.Pid))
	if len(r.Notes) > 0 && strings.Contains(r.Notes[0], "process") || r.Server.Workers != "board" {
		t.Errorf("of the server: workers %q, notes %q", r.Server.Workers, r.Notes)
	}
	if len(r.Server.PerWorker) != 2 || r.Server.PerWorker[0]+r.Server.PerWorker[1] != 2 {
		t.Errorf("two workers had %v of 2 connections", r.Server.PerWorker)
	}
}

// threads are the names of a process's threads.
func threads(t *testing.T, pid int) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, e := range entries {
		names[e.Name()] = true
	}
	return names
}

// A server that ends in the window is a remark, and the namespace has its figures still.
func TestLoadServerEnds(t *testing.T) {
	server, addr := serve(t, "reactor")
	timer := time.AfterFunc(300*time.Millisecond, func() { _ = server.Process.Kill() })
	defer timer.Stop()
	r := loadOf(t, "http://"+addr+"/plaintext", "-c", "2", "-d", "700ms")
	if !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "ended while it was loaded") }) {
		t.Errorf("notes %q", r.Notes)
	}
	for _, m := range []results.Metric{results.TimeWaitStandingServer, results.Retransmits} {
		if _, ok := r.Server.Values[m]; !ok {
			t.Errorf("%s is missing for %q", m, r.Server.Missing[m])
		}
	}
	if r.Server.Missing[results.CswVoluntary] == "" || r.Server.CPU != nil {
		t.Errorf("figures of a process that is gone: %v", r.Server.Values)
	}
}

// Perf events are told or refused, never passed over in silence.
func TestLoadPerf(t *testing.T) {
	_, addr := serve(t, "reactor")
	r := loadOf(t, "http://"+addr+"/plaintext", "-c", "1", "-n", "200", "--perf")
	if why := r.Server.Missing[cswPerf]; (r.Server.Perf == nil) == (why == "") {
		t.Errorf("perf events counted %v, missing for %q", r.Server.Perf, why)
	}
	if r.Server.Perf != nil && *r.Server.Perf < 100 {
		t.Errorf("%d switches of 200 requests, one after the other", *r.Server.Perf)
	}
	// One request after the other: the server waits for each, and is seldom in anybody's way.
	if why := r.Server.Missing[cswPerfVoluntary]; (r.Server.PerfVoluntary == nil) == (why == "") {
		t.Errorf("of these %v voluntary, missing for %q", r.Server.PerfVoluntary, why)
	}
	if v := r.Server.PerfVoluntary; v != nil && (*v < 100 || *v > *r.Server.Perf) {
		t.Errorf("%d voluntary switches of %d", *v, *r.Server.Perf)
	}
	if r = loadOf(t, "http://"+addr+"/plaintext", "-c", "1", "-n", "200"); r.Server.Perf != nil || r.Server.Missing[cswPerf] != "" {
		t.Errorf("nobody asked for perf events: %v, %q", r.Server.Perf, r.Server.Missing[cswPerf])
	}
}
