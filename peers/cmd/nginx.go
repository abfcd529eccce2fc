package cmd

import (
	"fmt"
	"strings"
	"text/template"
	"time"
)

// nginx is the ready-made nginx: a master that only watches, and its workers.
type nginx struct {
	workers   int
	reusePort bool // a listener for each worker
}

// nginxConf is the least that answers what the http app does, with every timeout and
// bound that c10kit has too, and otherwise as fast as nginx is: constants where it has
// them, sendfile(2) and a cache of open files where not, no access log.
var nginxConf = template.Must(template.New("nginx.conf").Parse(`daemon off;
master_process on;
worker_processes {{.Workers}};
{{- if .Root}}
user root;
{{- end}}
pid "{{.Dir}}/nginx.pid";
error_log stderr warn;

events {
	use epoll;
	worker_connections {{.Connections}};
}

http {
	access_log off;
	client_body_temp_path "{{.Dir}}/body";
	proxy_temp_path "{{.Dir}}/proxy";
	fastcgi_temp_path "{{.Dir}}/fastcgi";
	uwsgi_temp_path "{{.Dir}}/uwsgi";
	scgi_temp_path "{{.Dir}}/scgi";

	sendfile on;
	open_file_cache max=16 inactive=1h;
	open_file_cache_valid 1h;
	etag off;
	max_ranges 0;
	server_tokens off;

	keepalive_requests 1000000000;
	keepalive_timeout {{.Idle}};
	client_header_timeout {{.Header}};
	client_body_timeout {{.Body}};
	send_timeout {{.Body}};
	lingering_time {{.Linger}};
	lingering_timeout {{.Linger}};
	client_max_body_size {{.MaxBody}};

	server {
		listen {{.Addr}} backlog={{.Backlog}}{{if .ReusePort}} reuseport{{end}};
		root "{{.Dir}}/www";
		location = /plaintext {
			default_type text/plain;
			return 200 "{{.Text}}";
		}
		location = /json {
			default_type application/json;
			return 200 '{{.JSON}}';
		}
		location /bytes/ {
			default_type application/octet-stream;
		}
	}
}
`))

// config is nginx.conf for a site.
func (n nginx) config(s site) (string, error) {
	var b strings.Builder
	c := s.config
	err := nginxConf.Execute(&b, map[string]any{
		"Workers": n.workers, "ReusePort": n.reusePort, "Root": s.root, "Dir": s.dir, "Addr": s.addr,
		"Connections": c.MaxConns, "Backlog": c.Backlog, "MaxBody": c.MaxBody,
		"Idle": milliseconds(c.IdleTimeout), "Header": milliseconds(c.HeaderTimeout),
		"Body": milliseconds(c.BodyTimeout), "Linger": milliseconds(c.LingerTimeout),
		"Text": helloText, "JSON": helloJSON,
	})
	return b.String(), err
}

// milliseconds spells a duration as nginx reads it; 0 would switch a timeout off.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%dms", max(1, d.Milliseconds())) }

func (n nginx) prepare(s site) ([]string, error) {
	path, err := lookPath("nginx")
	if err != nil {
		return nil, fmt.Errorf("%w (Debian, Ubuntu: apt-get install nginx)", err)
	}
	text, err := n.config(s)
	if err != nil {
		return nil, err
	}
	if err := s.writeFiles(); err != nil {
		return nil, err
	}
	conf, err := s.writeConfig("nginx.conf", text)
	return []string{path, "-p", s.dir, "-c", conf}, err
}
