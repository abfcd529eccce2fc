package cmd

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/c10kit/c10kit/bench/floor"
	"github.com/c10kit/c10kit/internal/golden"
	"github.com/c10kit/c10kit/models"
)

// siteFor is a site of given defaults, as if of an ordinary user.
func siteFor(t *testing.T, variant, addr string, workers int) site {
	t.Helper()
	m, _, err := models.Find("cmd:" + variant)
	if err != nil {
		t.Fatal(err)
	}
	config := models.Config{Variant: variant, Workers: workers}.WithDefaults(m)
	return site{addr: netip.MustParseAddrPort(addr), dir: "/tmp/c10kit-cmd-1", config: config}
}

func TestGeneratedConfigurations(t *testing.T) {
	modules := []string{"mpm_M_module /modules/mod_mpm_M.so", "authz_core_module /modules/mod_authz_core.so"}
	root := siteFor(t, "nginx2", "[::1]:8080", 0)
	root.root, root.config.IdleTimeout, root.config.LingerTimeout = true, 1500*time.Millisecond, time.Microsecond
	rootHTTPD := siteFor(t, "httpd-event", "[::1]:8080", 0)
	rootHTTPD.root, rootHTTPD.config.BodyTimeout = true, 1500*time.Millisecond
	for name, make := range map[string]func() (string, error){
		"nginx.conf": func() (string, error) {
			return nginx{workers: 1}.config(siteFor(t, "nginx", "127.0.0.1:80", 0))
		},
		"nginx2-root.conf": func() (string, error) { return nginx{workers: 2, reusePort: true}.config(root) },
		"httpd-prefork.conf": func() (string, error) {
			return httpd{"prefork"}.config(siteFor(t, "httpd-prefork", "127.0.0.1:80", 512), modules)
		},
		"httpd-worker.conf": func() (string, error) {
			return httpd{"worker"}.config(siteFor(t, "httpd-worker", "127.0.0.1:80", 100), modules)
		},
		"httpd-worker-few.conf": func() (string, error) {
			return httpd{"worker"}.config(siteFor(t, "httpd-worker", "127.0.0.1:80", 3), modules)
		},
		"httpd-event-root.conf": func() (string, error) { return httpd{"event"}.config(rootHTTPD, modules) },
	} {
		text, err := make()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		golden.Check(t, name, []byte(text))
	}
}

func TestFolderThatNoConfigurationCanName(t *testing.T) {
	for _, dir := range []string{`/tmp/a"b`, "/tmp/$a", "/tmp/a;b", "/tmp/a\nb"} {
		if _, err := (site{dir: dir}).writeConfig("c", ""); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
			t.Errorf("%q: %v", dir, err)
		}
	}
}

// TestNotInstalled: the reason and the cure, for the exit code 3 of the command.
func TestNotInstalled(t *testing.T) {
	defer func(before []string) { sbin = before }(sbin)
	sbin = nil
	t.Setenv("PATH", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for variant, want := range map[string]string{
		"nginx":         "apt-get install nginx",
		"httpd-prefork": "neither apache2 nor httpd",
		"httpd-worker":  "apt-get install apache2-bin",
		"my-server":     "ready-made are nginx, nginx2, httpd-prefork",
		"floor":         floor.ErrNoCompiler.Error(),
	} {
		_, err := find(variant).prepare(siteFor(t, variant, "127.0.0.1:80", 0))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", variant, err, want)
		}
	}
	if _, err := find("floor").prepare(siteFor(t, "floor", "[::1]:80", 0)); err == nil || errors.Is(err, floor.ErrNoCompiler) {
		t.Errorf("the C floor on IPv6: %v", err)
	}
}

// TestModules: the multi-processing module is needed, the others are loaded where the
// build does not contain them.
func TestModules(t *testing.T) {
	defer func(before []string) { httpdModules = before }(httpdModules)
	dir := t.TempDir()
	httpdModules = []string{filepath.Join(dir, "none"), dir}
	if _, err := (httpd{"event"}).modules(); err == nil || !strings.Contains(err.Error(), "mod_mpm_event.so") {
		t.Errorf("without modules: %v", err)
	}
	for _, name := range []string{"mod_mpm_event.so", "mod_unixd.so"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := httpd{"event"}.modules()
	want := "mpm_event_module " + dir + "/mod_mpm_event.so,unixd_module " + dir + "/mod_unixd.so"
	if err != nil || strings.Join(got, ",") != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
}
