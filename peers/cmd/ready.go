package cmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/c10kit/c10kit/bench/floor"
	"github.com/c10kit/c10kit/models"
	"github.com/c10kit/c10kit/models/app"
)

// ready is the ready-made commands, the default first.
var ready = []program{
	{name: "nginx", gentle: syscall.SIGQUIT, prepare: nginx{workers: 1}.prepare, traits: models.Traits{
		Kind: models.Command, MaxWorkers: 1,
		Processes: "1", Threads: "1", Multiplexing: "epoll", CrashTakes: "worker", Switches: "0-1",
		Listens: true, ReusePort: true, Tree: true, Origin: models.Program, Apps: onlyHTTP, Ignores: ignores, Skips: served(),
	}},
	{name: "nginx2", gentle: syscall.SIGQUIT, prepare: nginx{workers: 2, reusePort: true}.prepare, traits: models.Traits{
		Kind: models.Command, MaxWorkers: 1,
		Processes: "2", Threads: "1", Multiplexing: "epoll", CrashTakes: "worker", Switches: "0-1", Multicore: true,
		Listens: true, ReusePort: true, Tree: true, Origin: models.Program, Apps: onlyHTTP, Ignores: ignores, Skips: served(),
	}},
	{name: "httpd-prefork", gentle: syscall.SIGWINCH, prepare: httpd{mpm: "prefork"}.prepare, traits: models.Traits{
		Kind:      models.Pool,
		Processes: "workers", Threads: "1", Blocking: true, Multiplexing: "none", CrashTakes: "connection", Switches: "1", Multicore: true,
		Listens: true, ReusePort: true, Tree: true, Origin: models.Program, Apps: onlyHTTP, Ignores: ignores, Skips: served(),
	}},
	{name: "httpd-worker", gentle: syscall.SIGWINCH, prepare: httpd{mpm: "worker"}.prepare, traits: models.Traits{
		Kind:      models.Pool,
		Processes: "several", Threads: "32", Blocking: true, Multiplexing: "none", CrashTakes: "worker", Switches: "1", Multicore: true,
		Listens: true, ReusePort: true, Tree: true, Origin: models.Program, Apps: onlyHTTP, Ignores: ignores, Skips: served(),
	}},
	{name: "httpd-event", gentle: syscall.SIGWINCH, prepare: httpd{mpm: "event"}.prepare, traits: models.Traits{
		Kind: models.Command, MaxWorkers: 1,
		Processes: "4", Threads: "100", Blocking: true, Multiplexing: "epoll", CrashTakes: "worker", Switches: "2-3", Multicore: true,
		Listens: true, ReusePort: true, Tree: true, Origin: models.Program, Apps: onlyHTTP, Ignores: ignores, Skips: served(),
	}},
	{name: "floor", gentle: syscall.SIGTERM, prepare: prepareFloor, traits: models.Traits{
		Kind: models.Command, MaxWorkers: 1,
		Processes: "1", Threads: "1", Multiplexing: "epoll", CrashTakes: "server", Switches: "0-1",
		Listens: true, ReusePort: true, Tree: true, Origin: models.Program, Apps: onlyHTTP, Ignores: ignores, KeepsOpen: true, Skips: skips("the C floor parses nothing: every read is answered alike"),
	}},
}

// served is what servers skip that are configured to serve constants and files.
func served() map[string]string {
	all := skips("")
	for _, path := range []string{"/wait/", "/hash/"} {
		all[path] = "it serves constants and files"
	}
	return all
}

// ignores is the flags of serve that no command is told of.
var ignores = []string{"header-timeout", "idle-timeout", "max-conns", "backlog", "max-body"}

// onlyHTTP is the apps that ready-made programs serve.
var onlyHTTP = []string{"http"}

// prepareFloor builds the C floor, which needs no configuration.
func prepareFloor(s site) ([]string, error) {
	if !s.addr.Addr().Is4() {
		return nil, fmt.Errorf("the C floor serves IPv4 only, not %s", s.addr)
	}
	path, err := floor.Build("epoll")
	if err != nil {
		return nil, err
	}
	return []string{path, s.fill("{host}"), s.fill("{port}")}, nil
}

// bodies are the sizes N of /bytes/N that exist as files: those of the comparison
// of bodies. Any other N is 404.
var bodies = []int{0, 1 << 10, 64 << 10, 1 << 20}

// writeFiles makes the folder www of a site: what the http app answers, as files.
func (s site) writeFiles() error {
	www := filepath.Join(s.dir, "www")
	if err := os.MkdirAll(filepath.Join(www, "bytes"), 0o755); err != nil {
		return err
	}
	files := map[string][]byte{
		"plaintext": []byte(helloText),
		"json":      []byte(helloJSON),
	}
	for _, n := range bodies {
		body := make([]byte, n)
		for i := range body {
			body[i] = app.Pattern(int64(i))
		}
		files[filepath.Join("bytes", strconv.Itoa(n))] = body
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(www, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// What /plaintext and /json answer, as the http app does.
const (
	helloText = "Hello, World!"
	helloJSON = `{"message":"Hello, World!"}`
)

// writeConfig writes a configuration into the site's folder and returns its path. The
// folder's name is part of it, in double quotes.
func (s site) writeConfig(name, text string) (string, error) {
	if strings.ContainsAny(s.dir, "\"'\\$%{};#\n\r") {
		return "", fmt.Errorf("no configuration can name the folder %q: set TMPDIR to one without quotes, braces, $, %%, ; and #", s.dir)
	}
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o644)
}
