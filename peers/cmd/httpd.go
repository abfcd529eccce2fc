package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

// httpd is the ready-made Apache httpd with one of its multi-processing modules.
type httpd struct{ mpm string }

// httpdModules is where distributions keep the modules: Debian; SUSE; Fedora; Arch,
// Alpine (/usr/lib/apache2); a build of one's own.
var httpdModules = []string{
	"/usr/lib/apache2/modules", "/usr/lib64/apache2", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules",
	"/usr/lib/apache2", "/usr/local/apache2/modules",
}

// httpdConf serves files and nothing else: httpd has no constants. Its pool is of a
// fixed size, as those of c10kit's pools are: no spare worker comes or goes.
var httpdConf = template.Must(template.New("httpd.conf").Parse(`ServerRoot "{{.Dir}}"
DefaultRuntimeDir "{{.Dir}}"
PidFile "{{.Dir}}/httpd.pid"
ServerName localhost
{{- range .Modules}}
LoadModule {{.}}
{{- end}}
{{- if .Root}}
User "#65534"
Group "#65534"
{{- end}}

Listen {{.Addr}}
ListenBackLog {{.Backlog}}
ErrorLog /dev/stderr
LogLevel warn
ServerTokens Prod
FileETag None
MaxRanges none

KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout {{.Idle}}
Timeout {{.Body}}
LimitRequestBody {{.MaxBody}}

ServerLimit {{.Processes}}
StartServers {{.Processes}}
MaxRequestWorkers {{.Workers}}
MaxConnectionsPerChild 0
{{- if .Threads}}
ThreadLimit {{.Threads}}
ThreadsPerChild {{.Threads}}
MinSpareThreads 1
MaxSpareThreads {{.Workers}}
{{- else}}
MinSpareServers 1
MaxSpareServers {{.Workers}}
{{- end}}
{{- if .AsyncFactor}}
AsyncRequestWorkerFactor {{.AsyncFactor}}
{{- end}}

DocumentRoot "{{.Dir}}/www"
EnableSendfile On
<Location "/plaintext">
	ForceType text/plain
</Location>
<Location "/json">
	ForceType application/json
</Location>
<Location "/bytes">
	ForceType application/octet-stream
</Location>
`))

// threadsPerChild is how many threads a process of httpd-worker has.
const threadsPerChild = 32

// Processes of httpd-event and their threads, whatever the number of connections: those
// that wait hold no thread. Together they are the 400 up to which httpd itself would go
// (MaxRequestWorkers). With 2 x 32 it had no thread to spare for 64 connections at times,
// and then closes connections that were to be kept alive: 22 errors in half a second.
const (
	eventProcesses = 4
	eventThreads   = 100
)

// config is httpd.conf for a site; modules are the operands of LoadModule.
func (h httpd) config(s site, modules []string) (string, error) {
	c := s.config
	v := map[string]any{
		"Dir": s.dir, "Root": s.root, "Addr": s.addr, "Modules": modules, "Backlog": c.Backlog, "MaxBody": c.MaxBody,
		"Idle": milliseconds(c.IdleTimeout), "Body": seconds(c.BodyTimeout),
		"Processes": c.Workers, "Threads": 0, "Workers": c.Workers, "AsyncFactor": 0,
	}
	switch h.mpm {
	case "worker":
		threads := min(threadsPerChild, c.Workers)
		processes := (c.Workers + threads - 1) / threads
		v["Processes"], v["Threads"], v["Workers"] = processes, threads, processes*threads
	case "event":
		v["Processes"], v["Threads"], v["Workers"] = eventProcesses, eventThreads, eventProcesses*eventThreads
		// An idle process takes ThreadsPerChild * (1 + factor) connections.
		v["AsyncFactor"] = max(1, c.MaxConns/(eventProcesses*eventThreads))
	}
	var b strings.Builder
	err := httpdConf.Execute(&b, v)
	return b.String(), err
}

// seconds spells a duration for a directive that knows nothing finer, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

func (h httpd) prepare(s site) ([]string, error) {
	const cure = "(Debian, Ubuntu: apt-get install apache2-bin)"
	path, err := lookPath("apache2")
	if err != nil {
		path, err = lookPath("httpd")
	}
	if err != nil {
		return nil, fmt.Errorf("neither apache2 nor httpd: %w %s", err, cure)
	}
	modules, err := h.modules()
	if err != nil {
		return nil, fmt.Errorf("%w %s", err, cure)
	}
	text, err := h.config(s, modules)
	if err != nil {
		return nil, err
	}
	if err := s.writeFiles(); err != nil {
		return nil, err
	}
	conf, err := s.writeConfig("httpd.conf", text)
	return []string{path, "-D", "FOREGROUND", "-f", conf}, err
}

// modules finds what has to be loaded: the multi-processing module, without which this
// is another server, and what grants access and changes the user, which a build may
// contain instead.
func (h httpd) modules() ([]string, error) {
	wanted := "mod_mpm_" + h.mpm + ".so"
	for _, dir := range httpdModules {
		mpm := filepath.Join(dir, wanted)
		if _, err := os.Stat(mpm); err != nil {
			continue
		}
		list := []string{"mpm_" + h.mpm + "_module " + mpm}
		for _, name := range []string{"authz_core", "unixd"} {
			path := filepath.Join(dir, "mod_"+name+".so")
			if _, err := os.Stat(path); err == nil {
				list = append(list, name+"_module "+path)
			}
		}
		return list, nil
	}
	return nil, errors.New("httpd has no " + wanted + " in any of " + strings.Join(httpdModules, ", "))
}
