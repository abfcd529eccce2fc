package cmd

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/c10kit/c10kit/models"
)

func init() {
	m := &models.Model{
		Name:  "cmd",
		Free:  free,
		About: "a program of its own, by any command line: 'cmd:server --listen {addr}'",
		New:   newServer,
	}
	for _, p := range ready {
		m.Variants = append(m.Variants, models.Variant{Name: p.name, Traits: p.traits})
	}
	models.Register(m)
}

// program is what this package knows about a command.
type program struct {
	name   string // the variant
	traits models.Traits
	// gentle is the signal on which it answers what it accepted and ends. Where that
	// is not SIGTERM, SIGTERM is the next: it ends at once.
	gentle syscall.Signal
	// prepare writes what the command reads into the site's folder and returns the
	// command line, the path of the program first.
	prepare func(site) ([]string, error)
}

// site is where a command is to serve, and from what.
type site struct {
	addr   netip.AddrPort
	dir    string // its own, empty at first
	config models.Config
	root   bool // it will run as root
}

// errEmpty is about a command line of blanks.
var errEmpty = errors.New("an empty command line; write one such as 'cmd:server --listen {addr}'")

// free is models.Model.Free: any command line that can be split into words.
func free(line string) (models.Traits, error) {
	words, err := split(line)
	switch {
	case err != nil:
		return models.Traits{}, fmt.Errorf("command line %q: %w", line, err)
	case len(words) == 0 || words[0] == "":
		return models.Traits{}, errEmpty
	}
	return models.Traits{
		Kind:      models.Command,
		Processes: "unknown", Threads: "unknown", Multiplexing: "unknown", CrashTakes: "unknown", Switches: "unknown",
		Multicore: true,
		Listens:   true, ReusePort: true, Tree: true, Origin: models.Program, Ignores: ignores,
		Skips: skips("whether an unknown program speaks HTTP is not known"),
	}, nil
}

// find returns the program of a variant.
func find(variant string) program {
	i := slices.IndexFunc(ready, func(p program) bool { return p.name == variant })
	if i >= 0 {
		return ready[i]
	}
	return program{
		name:   variant,
		gentle: syscall.SIGTERM,
		prepare: func(s site) ([]string, error) {
			words, err := split(variant)
			if err != nil {
				return nil, err
			}
			for i := range words {
				words[i] = s.fill(words[i])
			}
			path, err := lookPath(words[0])
			if err != nil {
				return nil, fmt.Errorf("%w (ready-made are %s)", err, readyNames())
			}
			return slices.Replace(words, 0, 1, path), nil
		},
	}
}

// newServer is the New of the model.
func newServer(env *models.Env) (models.Server, error) {
	return &server{env: env, program: find(env.Config.Variant), listening: make(chan struct{}), patience: startTimeout}, nil
}

// readyNames is the list for messages.
func readyNames() string {
	var names []string
	for _, p := range ready {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}

// skips is the closed list of checks that a foreign server cannot be asked; with a
// reason, HTTP10 too, the one that is about nothing but HTTP. What else can be asked of
// it in its own terms, the tests of this package ask.
func skips(notHTTP string) map[string]string {
	m := map[string]string{}
	for _, name := range boardChecks {
		m[name] = "a foreign program keeps no scoreboard, by which the check sees what happens"
	}
	for _, name := range pathChecks {
		m[name] = "a foreign program serves constants and files, not c10kit's other paths and apps"
	}
	if notHTTP != "" {
		m["HTTP10"] = notHTTP
	}
	return m
}

var (
	boardChecks = []string{
		"ByteAtATime", "SlowReader", "ManyConns", "Timeouts", "Malformed", "Drain", "Crash", "NoLeaks", "Books", "Shed",
	}
	pathChecks = []string{
		"BasicIO", "Head", "Close", "Pipelined", "HalfClose", "SlowWriter", "StreamUp", "StreamDown", "Valid", "Echo", "Unp", "Copy",
	}
)

// newSite describes where env's command is to serve.
func newSite(env *models.Env, dir string) site {
	return site{addr: env.Listener.Addr, dir: dir, config: env.Config, root: os.Geteuid() == 0}
}
